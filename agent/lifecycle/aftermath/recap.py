"""What gets told after a meeting: recap letters, each cut at its reader's leave time, or one honest line."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from agent.lifecycle import outbox
from agent.lifecycle.aftermath import carried, holding, mail_links, readers
from agent.lifecycle.aftermath.conference_notes import invitees
from agent.lifecycle.aftermath.entries import as_entry
from agent.lifecycle.house import House
from agent.lifecycle.invitations.parties import parties
from agent.model.letter import Changes, ConsentTold, Mail, NoNotesLetter, RecapLetter, Thread
from agent.model.states import Told
from agent.model.summary import Summary
from agent.model.tables import Job, SummaryVersion, TranscriptEntry
from agent.model.transcript import Why
from agent.rules import differences, mailboxes, recipients
from agent.store import jobs


def queue_recaps(session: Session, house: House, job: Job, row: SummaryVersion, now: datetime) -> None:
    """Queue one recap for each reader, once per version; where recaps are held back, tell the inviter how to stop them."""
    entries = jobs.entries(session, job.id or 0, job.transcript_source)
    chosen = readers.choose(session, house, job)
    names = tuple(reader.email for reader in chosen)
    knows_last_time = carried.told_before(session, job) if row.carried_over else frozenset()
    summary = Summary.model_validate(row.body)
    why, changes = _why(session, job), _changes(session, job, row.version, summary)
    held_until = now + timedelta(minutes=house.habits.recap_hold_minutes)
    for reader in chosen:
        letter = _with_words(
            _letter(session, house, job, reader, names, now), house, job, reader, summary, entries
        )
        open_still = row.carried_over if reader.email in knows_last_time else []
        carried_over = tuple(str(one["text"]) for one in open_still)
        letter = replace(letter, version=row.version, carried_over=carried_over, why=why, changes=changes)
        mail = house.letters.recap(letter)
        key = f"recap:{job.public_id}:v{row.version}:{reader.email}"
        _queue(session, house, job, mail, key, "recap", now, house.habits.recap_hold_minutes)
    if chosen and held_until > now and mailboxes.written(job.inviter):
        holding.announce(session, house, job, row, names, held_until)


def queue_absence(session: Session, house: House, job: Job, why: Why, now: datetime) -> None:
    """Tell the readers that there is no transcript, and why: silence would be worse."""
    chosen = readers.choose(session, house, job)
    names = tuple(one.email for one in chosen)
    language = language_of(house, job)
    for reader in chosen:
        letter = replace(_letter(session, house, job, reader, names, now), why=why, language=language)
        mail = house.letters.recap(letter)
        _queue(session, house, job, mail, f"absence:{job.public_id}:{reader.email}", "recap", now)


def queue_no_consent(session: Session, house: House, job: Job, now: datetime) -> None:
    """Tell the inviter in one line that nothing was kept."""
    if not mailboxes.written(job.inviter):
        return
    letter = NoNotesLetter(
        message_id=outbox.message_id(house.habits.bot_email),
        recipient=job.inviter,
        title=job.title,
        language=language_of(house, job),
        thread=thread_of(job),
    )
    mail = house.letters.no_notes(letter)
    _queue(session, house, job, mail, f"no-consent:{job.public_id}", "no_consent", now)


def thread_of(job: Job) -> Thread:
    """Return the mail that invited the bot, which letters about its meeting answer."""
    return Thread(
        message_id=str(job.thread.get("message_id", "")),
        references=tuple(job.thread.get("references", ())),
        subject=str(job.thread.get("subject", "")),
    )


def language_of(house: House, job: Job) -> str:
    """Return in which language to write of a meeting that has no notes, which would tell."""
    wanted = job.options.get("summary_language") or house.habits.summary_language
    return str(wanted or job.options.get("language") or house.habits.language)


def consent_told(session: Session, job: Job) -> ConsentTold:
    """Return the newest entry of the ledger that readers should know of."""
    for entry in reversed(jobs.ledger(session, job.id or 0)):
        if entry.outcome in {"granted", "withdrawn", "announced"}:
            return ConsentTold(entry.outcome, entry.who, entry.at, entry.words)
    return ConsentTold()


def _queue(
    session: Session,
    house: House,
    job: Job,
    mail: Mail,
    key: str,
    event: str,
    now: datetime,
    hold_minutes: float = 0.0,
) -> None:
    outbox.queue_mail(
        session,
        house.engine,
        mail,
        now,
        key=key,
        event=event,
        subject=mail.subject,
        job=job,
        hold_minutes=hold_minutes,
    )


def _letter(
    session: Session,
    house: House,
    job: Job,
    reader: recipients.Recipient,
    everybody: tuple[str, ...],
    now: datetime,
) -> RecapLetter:
    people = readers.humans(session, job)
    roster = jobs.roster(session, job.id or 0)
    own = reader.email in {party.inviter for party in parties(session, job)}
    return RecapLetter(
        message_id=outbox.message_id(house.habits.bot_email),
        recipient=reader.email,
        recipient_name=reader.name,
        title=job.title or job.meeting_code,
        starts_at=job.admitted_at or job.starts_at,
        ended_at=job.left_at or now,
        timezone=str(job.options.get("timezone") or house.habits.timezone),
        attended=tuple(dict.fromkeys(person.name for person in people)),
        absent=_absent(session, house, job, reader.email),
        rivals=tuple(person.name for person in roster if person.verdict == "rival"),
        inviter=job.inviter,
        consent=consent_told(session, job),
        source=job.transcript_source or "none",
        summary=None,
        recipients=everybody,
        delete_url=mail_links.delete_url(house, job, reader.email) if own else "",
        unsubscribe_url=mail_links.unsubscribe_url(house, readers.scope_of(session, job), reader.email),
        retention_days=int(house.habits.transcript_days),
        thread=thread_of(job),
    )


def _absent(session: Session, house: House, job: Job, reader: str) -> tuple[str, ...]:
    """Name the invitees who were not seen; the reader knows of themselves."""
    gone = recipients.unseen(invitees(job), readers.attendances(session, job), {house.habits.bot_email})
    return tuple(person.name or person.email for person in gone if person.email != reader)


def _with_words(
    letter: RecapLetter,
    house: House,
    job: Job,
    reader: recipients.Recipient,
    summary: Summary,
    rows: Sequence[TranscriptEntry],
) -> RecapLetter:
    """Add what this reader may read: the summary and its quotes up to the moment they left."""
    entries = [as_entry(row) for row in rows]
    seen = recipients.visible_summary(summary, entries, reader.until)
    shown = rows[: len(recipients.visible_entries(entries, reader.until))]
    until = reader.until if len(shown) < len(rows) else None
    cited = {number for statement in seen.statements() for number in statement.cites}
    quotes = {
        row.ordinal: ((row.started_at - rows[0].started_at).total_seconds(), row.speaker, row.text)
        for row in shown
        if row.ordinal in cited
    }
    url = mail_links.transcript_url(house, job, reader.email, until) if shown else ""
    return replace(letter, summary=seen, quotes=quotes, cut_at=until, transcript_url=url)


def _why(session: Session, job: Job) -> Why | None:
    """Return why the words are not from the preferred source, as it was written down when they were chosen."""
    ready = [line for line in jobs.timeline(session, job.id or 0) if line.kind == Told.TRANSCRIPT_READY]
    code = ready[-1].data.get("code") if ready else None
    return Why(str(code)) if code else None


def _changes(session: Session, job: Job, version: int, summary: Summary) -> Changes | None:
    """Compare with the version before, where there is one."""
    before = [one for one in jobs.summaries(session, job.id or 0) if one.version < version]
    if not before:
        return None
    found = differences.compare(Summary.model_validate(before[0].body), summary)
    return Changes(
        before[0].version,
        added=sum(len(one.added) for one in found),
        removed=sum(len(one.removed) for one in found),
        reworded=sum(len(one.changed) for one in found),
    )
