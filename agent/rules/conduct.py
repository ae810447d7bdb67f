"""The conduct of one call, as one pure machine: an event and the standing in, a new standing and commands out.

`advance` is the only way forward. Every event, a `Tick` as well, first takes effect and then lets fall due whatever its
instant makes due, so that the machine never asks what time it is; `next_deadline` says when to wake it at the latest.

What the carrier of commands owes: after each `Say` it feeds `Said`, for a question that nobody saw asks nothing, and
capture under `announce` begins only once the notice was seen. Timeline entries are given for decisions (rivals, chat,
obeyed wishes); what the page merely told, and what the ledger tells, is for the carrier to note.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from agent.model.call import (
    Admitted,
    Asked,
    CallOver,
    Captioned,
    CaptionsUnavailable,
    ChatSaid,
    ChatUnavailable,
    Command,
    Event,
    InLobby,
    Nudge,
    PlatformNotice,
    Refused,
    RosterSeen,
    Said,
)
from agent.model.states import EndReason, FailureCode
from agent.rules import asking, leaving, sighting
from agent.rules.standing import Consent, Phase, Policy, Standing, watch
from agent.rules.turn import Turn

__all__ = ["Consent", "Phase", "Policy", "Standing", "advance", "begin", "next_deadline"]


def begin(
    policy: Policy, now: datetime, *, granted_before: bool = False, obeyed: frozenset[str] = frozenset()
) -> Standing:
    """Return the standing before the knock.

    `granted_before`: the ledger of this job already allows capture (the bot comes back after a crash), so nobody is asked
    twice. `obeyed` are the uids of wishes already obeyed.
    """
    consent = Consent.GRANTED if granted_before else Consent.NONE
    return Standing(consent=consent, resumed=granted_before, captured=granted_before, obeyed=obeyed)


def advance(standing: Standing, event: Event, policy: Policy) -> tuple[Standing, tuple[Command, ...]]:
    """Return what an event leads to. After the first Leave or Fail nothing follows any more."""
    if standing.phase is Phase.OVER:
        return standing, ()
    turn = Turn(standing, policy, event.at)
    _take(turn, event)
    _let_fall_due(turn)
    return turn.standing, tuple(turn.commands)


def next_deadline(standing: Standing, policy: Policy) -> datetime | None:
    """Return the next instant at which time alone changes something; None when only an event can."""
    return min((at for at, _ in _deadlines(standing, policy)), default=None)


def _take(turn: Turn, event: Event) -> None:
    match event:
        case InLobby():
            if turn.standing.phase is Phase.OUTSIDE:
                turn.set(phase=Phase.LOBBY, lobby_since=event.at)
        case Admitted():
            if turn.standing.phase is not Phase.IN_CALL:
                turn.set(phase=Phase.IN_CALL, joined_at=event.at)
                asking.introduce(turn)
        case RosterSeen():
            sighting.see(turn, event.people)
            asking.hear_held(turn)
        case Said():
            if event.shown:
                asking.shown(turn, event.text, event.purpose)
            elif event.text == turn.standing.question or not turn.standing.posting:
                asking.not_shown(turn, f"the line for {event.purpose} did not appear")
        case ChatSaid():
            asking.hear(turn, event)
        case ChatUnavailable():
            asking.not_shown(turn, event.detail)
        case Captioned():
            turn.set(last_words_at=event.at, captions=True)
        case CaptionsUnavailable():
            turn.set(captions=False)
        case PlatformNotice():
            if event.declined:
                asking.refuse(turn, "a participant", event.text, channel="platform")
        case Asked():
            asking.obey(turn, event)
        case Refused():
            turn.give_up(event.code, event.detail, retry=event.retry)
        case CallOver():
            _over(turn, event)


def _over(turn: Turn, over: CallOver) -> None:
    """The call ended without our doing.

    A removal after capture is an end like others, with a recap of what was allowed; before, the job failed. What broke is
    tried again, with the consent it has.
    """
    was_in = turn.standing.phase is Phase.IN_CALL
    match over.reason:
        case EndReason.REMOVED | FailureCode.REMOVED_FROM_MEETING if was_in and turn.standing.captured:
            turn.leave(EndReason.REMOVED, detail=over.detail)
        case EndReason.REMOVED | FailureCode.REMOVED_FROM_MEETING:
            turn.give_up(FailureCode.REMOVED_FROM_MEETING, over.detail)
        case (FailureCode.NETWORK_LOSS | FailureCode.INTERNAL_ERROR) as code:
            turn.give_up(FailureCode(code), over.detail, retry=True)
        case EndReason.ENDED_BY_HOST | FailureCode.MEETING_ENDED if not was_in:
            turn.give_up(FailureCode.MEETING_ENDED, over.detail)
        case FailureCode.MEETING_ENDED:
            turn.leave(EndReason.ENDED_BY_HOST, detail=over.detail)
        case FailureCode():
            turn.give_up(over.reason, over.detail)
        case EndReason():
            turn.leave(over.reason, detail=over.detail)


Act = Callable[[Turn], None]


def _deadlines(standing: Standing, policy: Policy) -> list[tuple[datetime, Act]]:
    """Everything that time alone brings about. Each act removes its own deadline."""
    if standing.phase is Phase.OVER:
        return []
    clocks: list[tuple[datetime | None, Act]] = [
        (_nudge_at(standing, policy), _nudge),
        (_unseen_at(standing), _unseen),
        (_unanswered_at(standing, policy), asking.unanswered),
        (sighting.late_at(standing), sighting.tell_late),
        (sighting.rival_at(standing, policy), sighting.deal_with_rival),
        (
            standing.rival_asked_at + policy.answer_time
            if standing.rival_asked_at and standing.humans_now
            else None,
            sighting.yield_to_rival,
        ),
        (leaving.next_deadline(watch(standing, policy), policy), _leave_by_rule),
    ]
    return [(at, act) for at, act in clocks if at is not None]


def _let_fall_due(turn: Turn) -> None:
    while due := [(at, act) for at, act in _deadlines(turn.standing, turn.policy) if at <= turn.now]:
        _, act = min(due, key=lambda one: one[0])
        act(turn)


def _nudge_at(standing: Standing, policy: Policy) -> datetime | None:
    """Somebody who invited the bot and forgot it is told while it can still be let in."""
    if standing.phase is not Phase.LOBBY or standing.nudged or not policy.nudge_seconds:
        return None
    return standing.lobby_since + timedelta(seconds=policy.nudge_seconds) if standing.lobby_since else None


def _nudge(turn: Turn) -> None:
    turn.set(nudged=True)
    turn.do(Nudge())


def _unseen_at(standing: Standing) -> datetime | None:
    return standing.posting_since + asking.UNSEEN_AFTER if standing.posting_since else None


def _unseen(turn: Turn) -> None:
    asking.not_shown(turn, "nothing was heard of the line that was posted")


def _unanswered_at(standing: Standing, policy: Policy) -> datetime | None:
    """The time for an answer runs while somebody may be there to give it."""
    waiting = standing.consent is Consent.ASKED or standing.question_open
    if not waiting or not standing.asked_at or standing.humans_now == 0:
        return None
    return standing.asked_at + policy.answer_time


def _leave_by_rule(turn: Turn) -> None:
    found = leaving.verdict(watch(turn.standing, turn.policy), turn.policy, turn.now)
    assert found is not None
    if found.reason is EndReason.NOT_ADMITTED:
        turn.give_up(FailureCode.LOBBY_TIMEOUT, "nobody let the bot in")
    else:
        turn.leave(found.reason, detail=found.rule)
