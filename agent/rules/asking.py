"""Consent as it is asked for, given, refused and taken back during a call.

What people were shown comes first: no answer counts for a question that nobody saw, unless it says itself what it allows.
"""

from datetime import timedelta

from agent.model.call import AskByMail, Asked, ChatSaid, Record, Say, Verb
from agent.model.states import EndReason, Told
from agent.rules import meetbots, rooms, sighting
from agent.rules.consent import Answer, Meaning, may_grant, may_refuse, understand
from agent.rules.rivals import chat_signature
from agent.rules.standing import Consent, Phase
from agent.rules.turn import Turn

ANNOUNCE, ASK_AGAIN, LATE, BACK = "announce", "ask_again", "late", "back"
HELD_MAX = 20
UNSEEN_AFTER = timedelta(seconds=30)  # a line nobody reported on by then was not shown


def introduce(turn: Turn) -> None:
    """Say who the bot is and what it will do; the first line after admission."""
    turn.start()
    if turn.standing.resumed:
        turn.say(BACK, turn.line("back"))
        return
    settled = turn.standing.may_capture or turn.policy.consent_policy == "announce"
    _post(turn, ANNOUNCE, turn.line("announce_notice" if settled else "announce_ask"))


def ask_again(turn: Turn) -> None:
    """Put the question once more, with its own time for the answer."""
    if turn.standing.phase is not Phase.IN_CALL:
        return
    if turn.standing.chat is False:
        turn.set(chat=None)  # worth another try, since a person asked for it
    _post(turn, ASK_AGAIN, turn.line("ask_again"))


def _post(turn: Turn, purpose: str, text: str) -> None:
    turn.set(question=text, shown=False, posting=purpose, helped=frozenset())
    if turn.standing.chat is False:
        not_shown(turn, "chat cannot be used")
        return
    turn.set(posting_since=turn.now)
    turn.do(Say(text, purpose))


def shown(turn: Turn, text: str, purpose: str = "") -> None:
    """A line of the bot was seen in chat: from here on people know, and may answer."""
    standing = turn.standing
    turn.set(chat=True, ours_last=True)
    if text.split() == standing.question.split() and not standing.shown:
        _question_shown(turn)
        hear_held(turn)
    elif purpose == LATE:
        turn.enter("announced" if standing.may_capture else "asked", message=text)
        turn.set(asked_late=standing.consent is Consent.UNANSWERED)


def _question_shown(turn: Turn) -> None:
    standing, policy = turn.standing, turn.policy
    turn.set(shown=True, posting="", posting_since=None)
    turn.set(told_at=None if standing.humans_now == 0 else turn.now)
    if standing.question == turn.line("announce_notice"):
        turn.enter("announced")
        if not standing.may_capture:
            turn.set(consent=Consent.ANNOUNCED)
        turn.start()
        return
    turn.enter("asked", language=policy.language)
    turn.set(asked_at=turn.now, question_open=True)
    if not standing.may_capture:
        turn.set(consent=Consent.ASKED)


def hear_held(turn: Turn) -> None:
    """Hear the answers that came too early to be counted, once nothing is missing any more."""
    if turn.standing.posting or not turn.standing.people:
        return
    held = turn.standing.held
    turn.set(held=())
    for said in held:
        hear(turn, said)


def not_shown(turn: Turn, detail: str) -> None:
    """A line could not be posted. Without a notice there is no capture; an answer may still come by another door."""
    purpose = turn.standing.posting
    if not purpose and turn.standing.chat is False:
        return
    turn.set(chat=False, posting="", posting_since=None, held=())
    waits = bool(purpose) and not turn.standing.may_capture
    consequence = "waiting for an answer by another way" if waits else "people are not told"
    turn.do(Record(Told.CHAT_UNAVAILABLE, {"detail": detail, "consequence": consequence}))
    if waits:
        turn.set(consent=Consent.ASKED, asked_at=turn.now, question_open=False)
        turn.do(AskByMail(turn.line("announce_ask")))


def unanswered(turn: Turn) -> None:
    """The time for an answer is over."""
    if turn.standing.consent is not Consent.ASKED:
        turn.set(question_open=False)
        return
    turn.enter("unanswered", channel="chat" if turn.standing.shown else "")
    turn.set(consent=Consent.UNANSWERED, question_open=False)
    if turn.policy.on_no_answer == "leave":
        turn.leave(EndReason.CONSENT_UNANSWERED)
    else:
        turn.say("unanswered", turn.line("unanswered"))


def hear(turn: Turn, said: ChatSaid) -> None:
    """A chat line: ours seen, an answer, a note-taker's signature, or talk that is none of the bot's business."""
    if said.history:
        return
    if said.is_self:
        shown(turn, said.text)
        return
    if meetbots.hear(turn, said):
        return
    answer = understand(said.text, turn.policy.bot_name, turn.policy.language)
    if answer.meaning is Meaning.NOT_A_BOT:
        sighting.clear(turn, answer.subject or said.sender, language=answer.language)
    if vendor := chat_signature(said.text):
        sighting.note_signature(turn, said.sender, vendor)
    elif may_refuse(said.sender, turn.standing.room, turn.judge):
        turn.set(last_words_at=turn.now)
        _answered(turn, said, answer)
        turn.set(ours_last=False)


def _answered(turn: Turn, said: ChatSaid, answer: Answer) -> None:
    standing = turn.standing
    asking = standing.question_open or bool(standing.posting)
    to_us = not answer.bare or answer.addressed or asking or standing.ours_last
    match answer.meaning:
        case Meaning.YES if standing.posting or not standing.people:
            # Quicker than the proof that the question was seen, or than the first look at who is there and who is host.
            turn.set(held=(*standing.held[-HELD_MAX:], said))
        case Meaning.YES if to_us:
            _yes(turn, said, answer)
        case Meaning.NO if to_us:
            refuse(turn, said.sender, said.text, answer.language)
        case Meaning.STOP:
            withdraw(turn, said.sender, said.text, answer.language)
        case Meaning.OPT_OUT:
            opt_out(turn, said.sender, said.text, answer.language)
        case Meaning.LEAVE if standing.rival_asked_at and to_us:
            sighting.yield_to_rival(turn, answer.language)
        case Meaning.LEAVE if to_us:
            withdraw(turn, said.sender, said.text, answer.language, EndReason.REQUESTED)
        case Meaning.STAY if standing.rival_asked_at and _may_grant(turn, said.sender):
            sighting.stay_beside_rival(turn)
        case Meaning.UNCLEAR if answer.attempt and (standing.question_open or answer.addressed):
            turn.hint("unclear", answer.language)


def _yes(turn: Turn, said: ChatSaid, answer: Answer) -> None:
    if turn.standing.may_capture and not turn.standing.question_open:
        return
    if not _may_grant(turn, said.sender):
        turn.hint("not_yours", answer.language)
        return
    grant(turn, said.sender, said.text, answer.language)


def _may_grant(turn: Turn, sender: str) -> bool:
    policy = turn.policy
    return may_grant(sender, turn.standing.room, policy.who, policy.inviter_name, turn.judge)


def grant(turn: Turn, who: str, words: str, language: str = "", channel: str = "chat") -> None:
    """A yes of somebody who may say it."""
    fresh = not turn.standing.may_capture
    message = _mailed(turn, channel)
    turn.enter("granted", who=who, words=words, message=message, language=language, channel=channel)
    turn.set(consent=Consent.GRANTED, question_open=False)
    turn.start()
    if fresh and turn.standing.phase is Phase.IN_CALL:
        turn.say("thanks", turn.line("thanks", language=language))


def _mailed(turn: Turn, channel: str) -> str:
    """What somebody who answers by mail was shown there."""
    return turn.line("announce_ask") if channel == "mail" else ""


def refuse(turn: Turn, who: str, words: str, language: str = "", channel: str = "chat") -> None:
    """A no: nothing is kept, not even what an earlier yes allowed."""
    if turn.standing.captured:
        turn.forget()
    message = _mailed(turn, channel)
    turn.enter("declined", who=who, words=words, message=message, language=language, channel=channel)
    turn.set(consent=Consent.DECLINED, question_open=False)
    turn.leave(EndReason.CONSENT_DECLINED, detail=f"declined by {who}", language=language)


def withdraw(
    turn: Turn, who: str, words: str, language: str, reason: EndReason = EndReason.CONSENT_WITHDRAWN
) -> None:
    """A stop: capture ends, what was taken is kept. Before any capture it is a no."""
    if not turn.standing.captured:
        refuse(turn, who, words, language)
        return
    turn.stop()
    turn.enter("withdrawn", who=who, words=words, language=language)
    turn.set(consent=Consent.WITHDRAWN, question_open=False)
    turn.leave(reason, detail=f"asked by {who}", language=language)


def opt_out(turn: Turn, who: str, words: str, language: str) -> None:
    """Leave and delete everything. The end reason is that of a refusal, for afterwards there is as little as after one."""
    turn.forget()
    turn.enter("opted_out", who=who, words=words, language=language)
    turn.set(consent=Consent.WITHDRAWN, question_open=False)
    turn.leave(
        EndReason.CONSENT_DECLINED, detail=f"opted out by {who}", farewell="opted_out", language=language
    )


def obey(turn: Turn, asked: Asked) -> None:
    """A person's wish by API, page or mail; each is obeyed once."""
    if asked.uid in turn.standing.obeyed:
        return
    turn.set(obeyed=turn.standing.obeyed | {asked.uid})
    turn.do(
        Record(
            Told.VERB_OBEYED,
            {"verb": asked.verb.value, "uid": asked.uid, "by": asked.by, "channel": asked.channel},
        )
    )
    match asked.verb:
        case Verb.LEAVE:
            _leave(turn, asked)
        case Verb.ASK_AGAIN:
            ask_again(turn)
        case Verb.GRANT:
            grant(turn, asked.by, asked.text, channel=asked.channel)
        case Verb.DECLINE:
            refuse(turn, asked.by, asked.text, channel=asked.channel)
        case Verb.NOT_A_BOT:
            sighting.clear(turn, asked.text)
        case Verb.RECHECK:
            pass  # the schedule's matter, not the call's


def _leave(turn: Turn, asked: Asked) -> None:
    if asked.text == rooms.NEXT_MEETING:
        turn.leave(EndReason.SCHEDULE_OVERRUN, detail=asked.text, farewell=rooms.NEXT_MEETING)
        return
    off = asked.text == EndReason.CANCELLED_BY_INVITE
    reason = EndReason.CANCELLED_BY_INVITE if off else EndReason.REQUESTED
    turn.leave(reason, detail=asked.text or f"asked by {asked.by}")
