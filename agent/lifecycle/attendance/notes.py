"""Writes down what a bot tells of its stay, whichever way it came: the one place where news become rows.

Each function belongs in one transaction on the job, with its row locked.
"""

from datetime import datetime
from typing import assert_never

from sqlmodel import Session

from agent.lifecycle import bot_news, outbox
from agent.lifecycle.attendance import call_letters, ending, ledger
from agent.lifecycle.house import House
from agent.lifecycle.transition import advance
from agent.model.call import Enter
from agent.model.news import (
    Attendance,
    Attendee,
    Finding,
    GaveUp,
    HandedBack,
    LedgerEntry,
    LeftCall,
    Line,
    LobbyNudge,
    News,
    QuestionByMail,
    Reached,
    Utterance,
    Words,
    WordsForgotten,
)
from agent.model.states import State, Told
from agent.model.tables import Job, Participant, Presence, TranscriptEntry
from agent.model.transcript import Source
from agent.rules import permission
from agent.store import jobs


def write_down(session: Session, house: House, job: Job, news: News, now: datetime) -> None:
    """Write down one piece of news. Raises `Conflict` where the state table forbids it."""
    match news:
        case Line():
            jobs.note(session, job, now, news.line, dict(news.data))
            bot_news.tell(session, house.engine, job, news.line, news.data, now)
        case Reached():
            _reach(session, house, job, news, now)
        case LedgerEntry():
            ledger.enter(session, house, job, Enter(**news.model_dump(exclude={"kind"})), now)
        case Finding():
            _remember(session, house, job, news, now)
        case Attendance():
            _keep_roster(session, house, job, news, now)
        case Words():
            _keep_words(session, job, news)
        case WordsForgotten():
            gone = jobs.forget_entries(session, job.id or 0)
            jobs.note(session, job, now, Told.CAPTURE_STOPPED, {"deleted_entries": gone})
        case LobbyNudge():
            call_letters.queue_nudge(session, house, job, now)
        case QuestionByMail():
            call_letters.queue_question(session, house, job, news.question, now)
        case LeftCall() | GaveUp() | HandedBack():
            ending.settle(session, house, job, news, now)
        case _:
            assert_never(news)


def _reach(session: Session, house: House, job: Job, news: Reached, now: datetime) -> None:
    if news.line is Told.ADMITTED:
        job.admitted_at = job.admitted_at or now
    jobs.note(session, job, now, news.line, dict(news.data))
    advance(session, house.engine, job, State(news.state), now)


def _remember(session: Session, house: House, job: Job, news: Finding, now: datetime) -> None:
    jobs.note(session, job, now, news.line, dict(news.data))
    if news.line is not Told.RIVAL_SEEN:
        return
    facts = {
        "jobId": job.public_id,
        "name": news.data.get("name"),
        "vendor": news.data.get("vendor"),
        "rule": news.data.get("rule"),
        "leftMeeting": bool(news.data.get("left_meeting")),
    }
    key = str(news.data.get("name"))
    outbox.queue_hooks(session, house.engine, job, "bot.competing_bot_detected", facts, now, key=key)


def _keep_roster(session: Session, house: House, job: Job, seen: Attendance, now: datetime) -> None:
    """Keep who is there: new people, those who came back, those who left."""
    job_id = job.id or 0
    known = {person.key: person for person in jobs.roster(session, job_id)}
    open_stays = {stay.participant_id: stay for stay in jobs.presences(session, job_id) if not stay.left_at}
    here = set()
    for person in seen.people:
        row = _meet_person(session, job_id, known.get(person.key), person)
        here.add(row.id)
        if row.id not in open_stays:
            session.add(Presence(participant_id=row.id or 0, joined_at=seen.at))
            _tell_presence(session, house, job, row, Told.PARTICIPANT_JOINED, now)
    gone = [row for row in known.values() if row.id in open_stays and row.id not in here]
    for row in gone if seen.certain else ():
        stay = open_stays[row.id or 0]
        stay.left_at = seen.at
        session.add(stay)
        _tell_presence(session, house, job, row, Told.PARTICIPANT_LEFT, now)


def _meet_person(session: Session, job_id: int, known: Participant | None, person: Attendee) -> Participant:
    """Keep what somebody is taken for now: a name may change, and so may the opinion on who bears it."""
    row = known or Participant(job_id=job_id, key=person.key, name=person.name)
    row.name, row.is_host = person.name, row.is_host or person.is_host
    row.verdict, row.rule = person.verdict, person.rule
    session.add(row)
    session.flush()
    return row


def _tell_presence(
    session: Session, house: House, job: Job, person: Participant, kind: Told, now: datetime
) -> None:
    """Tell that somebody came or left; the bot itself and rows that are nobody are no news."""
    if person.verdict in {"self", "pseudo"}:
        return
    line: dict[str, object] = {"name": person.name, "key": person.key}
    jobs.note(session, job, now, kind, line)
    bot_news.tell(session, house.engine, job, kind, line, now)


def _keep_words(session: Session, job: Job, words: Words) -> None:
    """Keep what was said, each utterance once, in its newest form; nothing where the ledger lets nothing be kept."""
    if not permission.may_keep(entry.outcome for entry in jobs.ledger(session, job.id or 0)):
        return
    for said in words.utterances:
        jobs.upsert_caption(session, _entry(job, said))


def _entry(job: Job, said: Utterance) -> TranscriptEntry:
    return TranscriptEntry(
        job_id=job.id or 0,
        source=Source.CAPTIONS,
        ordinal=0,
        key=said.id,
        speaker=said.speaker,
        text=said.text,
        language=said.language,
        started_at=said.started_at,
        ended_at=said.ended_at,
    )
