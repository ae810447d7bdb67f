"""What the roster means for the conduct of a call: who came, who is late, which rivals are there and what follows."""

from dataclasses import replace
from datetime import datetime, timedelta

from agent.model.call import Person, Record
from agent.model.states import EndReason, Told
from agent.rules.consent import may_grant
from agent.rules.folding import fold, same
from agent.rules.presence import look
from agent.rules.standing import Consent, Policy, Standing, Suspect
from agent.rules.turn import Turn

SETTLING = timedelta(seconds=5)  # a roster fills row by row; who shows up by then was there before
LATE_EVERY = timedelta(seconds=30)
WARN_FROM_SECONDS = 5.0  # a shorter grace leaves nobody the time to object


def see(turn: Turn, people: tuple[Person, ...] | None) -> None:
    """Take in a roster; None tells that the page cannot say who is there, which changes nothing but certainty."""
    if people is None:
        turn.set(humans_now=None)
        return
    own = turn.standing.own_ids | {person.id for person in people if person.is_self}
    turn.set(people=people, own_ids=own, room=look(people, own, turn.judge))
    _count(turn)
    _sight_rivals(turn)


def _count(turn: Turn) -> None:
    standing, now = turn.standing, turn.now
    here = frozenset(person.id for person in standing.room.humans)
    was_empty = standing.empty_since is not None or not standing.humans_seen
    new = here - standing.humans_seen
    turn.set(humans_now=standing.room.human_count, humans_seen=standing.humans_seen | here)
    if here:
        turn.set(empty_since=None)
        if was_empty and standing.consent is Consent.ASKED:
            turn.set(asked_at=now)
    elif standing.room.certain and standing.empty_since is None:
        # What was said to an empty room was said to nobody.
        told_at = standing.told_at if standing.humans_seen else None
        turn.set(empty_since=now, told_at=told_at)
    if new:
        turn.set(last_words_at=now)
        if not standing.joined_at or now - standing.joined_at > SETTLING:
            turn.set(untold=standing.untold | new)


def late_at(standing: Standing) -> datetime | None:
    """When those who came late are told; None when there is nobody to tell or nothing to say."""
    waiting = standing.untold & {person.id for person in standing.room.humans}
    settled = standing.consent in {
        Consent.ASKED,
        Consent.ANNOUNCED,
        Consent.GRANTED,
        Consent.UNANSWERED,
    }
    if not waiting or not settled or standing.chat is False or standing.posting or not standing.joined_at:
        return None
    return standing.told_at + LATE_EVERY if standing.told_at else standing.joined_at


def tell_late(turn: Turn) -> None:
    """Tell those who came late what the bot does; one line for all of them."""
    standing, policy = turn.standing, turn.policy
    key = {Consent.ASKED: "late_asking", Consent.UNANSWERED: "late_silent"}.get(
        standing.consent, "late_capturing"
    )
    late = [person for person in standing.room.humans if person.id in standing.untold]
    turn.set(untold=frozenset(), told_at=turn.now)
    turn.say("late", turn.line(key))
    may_answer = any(
        may_grant(person.name, standing.room, policy.who, policy.inviter_name, turn.judge) for person in late
    )
    if standing.consent is Consent.ASKED and may_answer:
        turn.set(asked_at=turn.now)


def _sight_rivals(turn: Turn) -> None:
    room = turn.standing.room
    here = {rival.person.id: rival for rival in room.rivals}
    for suspect in turn.standing.suspects:
        if suspect.present and suspect.person_id not in here and room.certain:
            turn.record_rival(suspect, left=False)
            turn.replace_suspect(replace(suspect, present=False, recorded=True))
        elif not suspect.present and suspect.person_id in here:
            turn.replace_suspect(replace(suspect, present=True, since=turn.now))
    known = {suspect.person_id for suspect in turn.standing.suspects}
    for person_id, rival in here.items():
        if person_id not in known:
            _meet(turn, Suspect(person_id, rival.person.name, rival.verdict, turn.now))
    if not turn.standing.rivals_present:
        turn.set(rival_asked_at=None)


def _meet(turn: Turn, suspect: Suspect) -> None:
    turn.set(suspects=(*turn.standing.suspects, suspect))
    policy = turn.policy
    if (
        policy.rivals_policy == "leave"
        and policy.rivals_grace_seconds >= WARN_FROM_SECONDS
        and turn.standing.humans_now
    ):
        turn.say("rival", turn.line("rival_leave", rival=suspect))


def rival_at(standing: Standing, policy: Policy) -> datetime | None:
    """When the policy on rivals applies to the next one; it waits for people to be there, except for noting it."""
    if not standing.humans_now and policy.rivals_policy != "ignore":
        return None
    waiting = [suspect.since for suspect in standing.rivals_present if not suspect.dealt_with]
    return min(waiting) + timedelta(seconds=policy.rivals_grace_seconds) if waiting else None


def deal_with_rival(turn: Turn) -> None:
    """Apply the policy to the rival that has been there longest."""
    suspect = min(
        (one for one in turn.standing.rivals_present if not one.dealt_with), key=lambda one: one.since
    )
    if turn.policy.rivals_policy == "leave":
        turn.leave(EndReason.RIVAL_BOT, detail=suspect.name, rival=suspect.name)
        return
    turn.record_rival(suspect, left=False)
    turn.replace_suspect(replace(suspect, dealt_with=True, recorded=True))
    if turn.policy.rivals_policy == "announce":
        turn.say("rival", turn.line("rival_announce", rival=suspect))
    elif turn.policy.rivals_policy == "ask":
        turn.set(rival_asked_at=turn.now)
        turn.say("rival", turn.line("rival_ask", rival=suspect))


def yield_to_rival(turn: Turn, language: str = "") -> None:
    """Leave the field to the rival: somebody said so, or nobody wanted both."""
    name = next((suspect.name for suspect in turn.standing.rivals_present), "")
    turn.leave(EndReason.RIVAL_BOT, detail=name, language=language, rival=name)


def stay_beside_rival(turn: Turn) -> None:
    """Somebody who may decide wants both."""
    turn.set(rival_asked_at=None)


def clear(turn: Turn, name: str, *, language: str = "") -> None:
    """Somebody says that a suspect is a person: from now on it is one."""
    mistaken = [suspect for suspect in turn.standing.suspects if fold(suspect.name) == fold(name)]
    names = {same(suspect.name) for suspect in mistaken} or {same(name)}
    turn.set(
        cleared=turn.standing.cleared | names,
        suspects=tuple(suspect for suspect in turn.standing.suspects if suspect not in mistaken),
    )
    if turn.standing.people:
        see(turn, turn.standing.people)
    if mistaken:
        turn.say("not_a_bot", turn.line("not_a_bot", language=language, rival=mistaken[0]))


def note_signature(turn: Turn, sender: str, vendor: str) -> None:
    """Keep a note-taker's signature in chat as evidence about its sender."""
    if (same(sender), vendor) not in turn.standing.signed:
        facts = {"sign": "chat_signature", "vendor": vendor, "name": sender}
        turn.do(Record(Told.RIVAL_EVIDENCE, dict(facts)))
    turn.set(signed=turn.standing.signed | {(same(sender), vendor)})
