"""Another Meetbot in the same call, of another installation: known by its own chat lines.

Of two, the one stays whose announcement stood first in chat, for both read the same chat in the same order. It says that
it was here before; the other leaves. Two who both say so compare the marks of those lines: the lower one stays.
"""

import re

from agent.model.call import ChatSaid, Record
from agent.model.states import EndReason, Told
from agent.rules import wording
from agent.rules.turn import Turn

COMES = frozenset({"announce_ask", "announce_notice"})
WAS_HERE = frozenset({"late_asking", "late_capturing", "late_silent", "back", "here"})
_MARK = re.compile(r"([0-9a-f]{6})[)）]?[.。]?$")


def hear(turn: Turn, said: ChatSaid) -> bool:
    """Take in a line of another Meetbot, and say whether it is one; such a line answers no question."""
    key = wording.recognise(said.text)
    if not key:
        return False
    standing = turn.standing
    mark = found[1] if key == "here" and (found := _MARK.search(said.text.strip())) else ""
    # A line that reads like ours may be ours, which the page did not know for its own.
    may_be_ours = mark == turn.policy.mark if mark else said.text.split() == _own(turn, key).split()
    if key in COMES and (standing.chat or standing.resumed):
        _claim(turn, said)
    elif may_be_ours or key not in COMES | WAS_HERE:
        return True
    elif not standing.claimed or mark < turn.policy.mark:
        _yield(turn, said)
    return True


def _own(turn: Turn, key: str) -> str:
    return turn.line(key) if key in COMES | WAS_HERE else ""


def _claim(turn: Turn, said: ChatSaid) -> None:
    if turn.standing.claimed:
        return
    turn.set(claimed=True)
    _record(turn, said, stays="this one")
    turn.say("here", turn.line("here"))


def _yield(turn: Turn, said: ChatSaid) -> None:
    _record(turn, said, stays="the other")
    turn.leave(EndReason.SECOND_MEETBOT, detail=said.sender)


def _record(turn: Turn, said: ChatSaid, *, stays: str) -> None:
    facts = {"sign": "meetbot_line", "vendor": "Meetbot", "name": said.sender, "stays": stays}
    turn.do(Record(Told.RIVAL_EVIDENCE, dict(facts)))
