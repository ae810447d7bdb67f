"""Who gets told what after a meeting: recap letters, each cut at their reader's leave time, or one honest line."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlmodel import Session

from agent.lifecycle import outbox
from agent.lifecycle.house import House
from agent.model.invite import Attendee
from agent.model.letter import NoticeLetter, RecapLetter, Thread
from agent.model.summary import Summary
from agent.model.tables import Job, TranscriptEntry
from agent.model.transcript import Attendance, Entry
from agent.model.transcript import Session as Sitting
from agent.rules import recipients
from agent.store import jobs


def queue_recaps(
    session: Session, house: House, job: Job, summary: Summary, version: int, now: datetime
) -> None:
    """Queue one recap for each reader, once per version."""
    rows = jobs.entries(session, job.id or 0, job.transcript_source)
    entries = [as_entry(row) for row in rows]
    readers = choose_readers(session, house, job)
    names = tuple(reader.email for reader in readers)
    for reader in readers:
        seen = recipients.visible_summary(summary, entries, reader.until)
        letter = _letter(session, house, job, reader, names, now)
        cut = len(recipients.visible_entries(entries, reader.until))
        letter = _with_summary(letter, seen, rows[:cut])
        _queue(session, house, job, letter, f"recap:{job.public_id}:v{version}:{reader.email}", now)


def queue_absence(session: Session, house: House, job: Job, reason: str, now: datetime) -> None:
    """Tell the readers that there is no transcript, and why: silence would be worse."""
    readers = choose_readers(session, house, job)
    for reader in readers:
        letter = _letter(
            session, house, job, reader, tuple(one.email for one in readers), now, absence=reason
        )
        _queue(session, house, job, letter, f"absence:{job.public_id}:{reader.email}", now)


def queue_no_consent(session: Session, house: House, job: Job, now: datetime) -> None:
    """Tell the inviter in one line that nothing was kept."""
    if not job.inviter:
        return
    letter = NoticeLetter(
        message_id=outbox.message_id(house.habits.bot_email),
        recipient=job.inviter,
        subject=f"No notes of {job.title or 'your meeting'}",
        paragraphs=(f"Nobody in {job.title or 'the meeting'} allowed notes to be taken, so none were kept.",),
        thread=_thread(job),
    )
    outbox.queue_mail(
        session,
        house.engine,
        house.letters.notice(letter),
        now,
        key=f"no-consent:{job.public_id}",
        event="no_consent",
        subject=letter.subject,
        job=job,
    )


def choose_readers(session: Session, house: House, job: Job) -> Sequence[recipients.Recipient]:
    """Decide who gets the recap of a job, by its own option or the operator's setting."""
    if not job.inviter:
        return ()
    invitees = [Attendee.model_validate(person) for person in job.invited]
    inviter = next(
        (person for person in invitees if person.email == job.inviter),
        Attendee(email=job.inviter, raw=job.inviter),
    )
    choice = recipients.choose(
        cast(recipients.Policy, job.options.get("recipients") or house.habits.recap_recipients),
        inviter,
        invitees,
        attendances(session, job),
        recipients.House(own_addresses=frozenset({house.habits.bot_email})),
    )
    return choice.recipients


def attendances(session: Session, job: Job) -> list[Attendance]:
    """Return who was there, by the roster the bot saw; people only."""
    stays = jobs.presences(session, job.id or 0)
    return [
        Attendance(
            name=person.key,
            display_name=person.name,
            kind="seen",
            sessions=tuple(
                Sitting(stay.joined_at, None if stay.left_at == job.left_at else stay.left_at)
                for stay in stays
                if stay.participant_id == person.id
            ),
        )
        for person in jobs.roster(session, job.id or 0)
        if person.verdict == "human"
    ]


def as_entry(row: TranscriptEntry) -> Entry:
    """Return a stored entry as a value."""
    return Entry(row.speaker, row.text, row.started_at, row.ended_at, row.language)


def consent_sentence(session: Session, job: Job) -> str:
    """Say in one sentence what the ledger holds."""
    ledger = jobs.ledger(session, job.id or 0)
    for entry in reversed(ledger):
        if entry.outcome == "granted":
            return f"{entry.who or 'Somebody'} agreed to notes at {entry.at:%H:%M} UTC: “{entry.words}”"
        if entry.outcome == "withdrawn":
            return (
                f"{entry.who or 'Somebody'} said stop at {entry.at:%H:%M} UTC; what was said before is kept."
            )
        if entry.outcome == "announced":
            return "The bot announced that it takes notes, and nobody objected."
    return "No consent is on the ledger."


def _letter(
    session: Session,
    house: House,
    job: Job,
    reader: recipients.Recipient,
    everybody: tuple[str, ...],
    now: datetime,
    absence: str = "",
) -> RecapLetter:
    roster = jobs.roster(session, job.id or 0)
    seen = {recipients.name_key(person.name) for person in roster if person.verdict == "human"}
    absent = [
        str(person.get("name") or person["email"])
        for person in job.invited
        if person["email"] != house.habits.bot_email
        and recipients.name_key(str(person.get("name") or person["email"])) not in seen
        and person["email"] != reader.email
    ]
    return RecapLetter(
        message_id=outbox.message_id(house.habits.bot_email),
        recipient=reader.email,
        recipient_name=reader.name,
        title=job.title or job.meeting_code,
        starts_at=job.admitted_at or job.starts_at,
        ended_at=job.left_at or now,
        timezone=str(job.options.get("timezone") or house.habits.timezone),
        attended=tuple(person.name for person in roster if person.verdict == "human"),
        absent=tuple(absent),
        rivals=tuple(person.name for person in roster if person.verdict == "rival"),
        inviter=job.inviter,
        consent=consent_sentence(session, job),
        source=job.transcript_source or "none",
        summary=None,
        absence=absence,
        recipients=everybody,
        retention_days=int(house.habits.transcript_days),
        thread=_thread(job),
    )


def _with_summary(letter: RecapLetter, summary: Summary, rows: Sequence[TranscriptEntry]) -> RecapLetter:
    cited = {number for statement in summary.statements() for number in statement.cites}
    start = rows[0].started_at if rows else letter.starts_at
    quotes = {
        row.ordinal: ((row.started_at - start).total_seconds(), row.speaker, row.text)
        for row in rows
        if row.ordinal in cited
    }
    values = {name: getattr(letter, name) for name in letter.__dataclass_fields__}
    return RecapLetter(**values | {"summary": summary, "quotes": quotes})


def _queue(session: Session, house: House, job: Job, letter: RecapLetter, key: str, now: datetime) -> None:
    mail = house.letters.recap(letter)
    outbox.queue_mail(
        session,
        house.engine,
        mail,
        now,
        key=key,
        event="recap",
        subject=f"Recap: {letter.title}",
        job=job,
        hold_minutes=house.habits.recap_hold_minutes,
    )


def _thread(job: Job) -> Thread:
    return Thread(
        message_id=str(job.thread.get("message_id", "")),
        references=tuple(job.thread.get("references", ())),
        subject=str(job.thread.get("subject", "")),
    )
