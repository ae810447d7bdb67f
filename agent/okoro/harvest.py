"""One look at what Meet recorded of one meeting: conferences, people, words, recordings."""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from agent.errors import Invalid, Missing, Temporary
from agent.model.transcript import Attendance, Conference, Entry, Harvest, Readiness, Session
from agent.okoro import wire
from agent.okoro.client import OkoroClient
from agent.ports import Clock
from agent.rules.records import (
    Growth,
    Window,
    belonging,
    in_time_order,
    overall_readiness,
    transcript_readiness,
    watched,
)

T = TypeVar("T")

UNKNOWN_SPEAKER = "Unknown speaker"
AUTO_TRANSCRIPTION = "config.artifactConfig.transcriptionConfig.autoTranscriptionGeneration"
_REMEMBERED = 512


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one transcript holds now."""

    readiness: Readiness
    entries: tuple[wire.TranscriptEntry, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """What belongs to one record."""

    conference: Conference
    heard: list[_Heard]
    films: list[dict[str, object]]


class ProxyTranscripts:
    """Implements `ports.Transcripts`. Remembers between looks what cannot change, and how a text grew.

    `settle_seconds` is how long a text without a file has to stand still; `slack_seconds` is how far a record may lie
    outside the asked time: people come early and stay on, and clocks differ.
    """

    def __init__(
        self,
        client: OkoroClient,
        *,
        clock: Clock,
        settle_seconds: float = 600.0,
        slack_seconds: float = 1_800.0,
        sessions_at_once: int = 8,
    ) -> None:
        self._client = client
        self._clock = clock
        self._settle_seconds = settle_seconds
        self._slack = timedelta(seconds=slack_seconds)
        self._gate = asyncio.Semaphore(sessions_at_once)
        self._ended: OrderedDict[str, Conference] = OrderedDict()
        self._growth: OrderedDict[str, Growth] = OrderedDict()

    async def harvest(
        self,
        meeting_code: str,
        starts_at: datetime,
        ends_at: datetime,
        *,
        intent: str,
        others: Sequence[tuple[datetime, datetime]] = (),
    ) -> Harvest:
        """Look once. `others` are the times of other occurrences with the same code. Until READY, entries are those of
        transcripts that ended, and more may follow.

        Raises `Denied` (token or scope refused) and `Temporary` (also when something vanished meanwhile).
        """
        try:
            return await self._look(meeting_code, Window(starts_at, ends_at), others, intent)
        except Missing as error:
            raise Temporary("Google Meet's record is not complete yet", full=error.full) from error

    async def enable_transcription(self, meeting_code: str, *, intent: str) -> None:
        """Have Meet transcribe the meeting by itself. Raises `Denied` where the account or the scope does not allow it."""
        space = await self._client.space(meeting_code, intent=intent)
        config = {"artifactConfig": {"transcriptionConfig": {"autoTranscriptionGeneration": "ON"}}}
        await self._client.update_space(space.name, config, AUTO_TRANSCRIPTION, intent=intent)

    async def _look(
        self, code: str, window: Window, others: Sequence[tuple[datetime, datetime]], intent: str
    ) -> Harvest:
        if not code.replace("-", "").isalnum():
            raise Invalid(f"{code!r} is not a meeting code")
        listed = await self._client.conference_records(f'space.meeting_code = "{code}"', intent=intent)
        mine = belonging(
            [_conference(record) for record in listed],
            window,
            [Window(*other) for other in others],
            self._slack,
        )
        found = await _all(*(self._everything(one, intent) for one in mine))
        people = [one.conference for one in found]
        heard = [words for one in found for words in one.heard]
        live = any(one.ended_at is None for one in mine)
        readiness = overall_readiness(live, len(mine), [one.readiness for one in heard])
        films = tuple(film for one in found for film in one.films)
        return Harvest(readiness, tuple(people), _entries(people, heard), films)

    async def _everything(self, conference: Conference, intent: str) -> _Found:
        people = asyncio.create_task(self._with_people(conference, intent))
        heard = asyncio.create_task(self._words(conference.name, intent))
        films = asyncio.create_task(self._recordings(conference.name, intent))
        await _finished(people, heard, films)
        return _Found(people.result(), heard.result(), films.result())

    async def _with_people(self, conference: Conference, intent: str) -> Conference:
        """Add who was there. Of a conference that ended, nobody joins or leaves any more: asked once."""
        known = self._ended.get(conference.name)
        if known:
            return known
        listed = await self._client.participants(conference.name, intent=intent)
        people = await _all(*(self._attendance(one, intent) for one in listed))
        people.sort(key=lambda one: _first_seen(one, conference))
        whole = replace(conference, participants=tuple(people))
        if whole.ended_at:
            _remember(self._ended, whole.name, whole)
        return whole

    async def _attendance(self, participant: wire.Participant, intent: str) -> Attendance:
        async with self._gate:  # a meeting of hundreds must not hold up the words, nor use up the quota
            stays = await self._client.participant_sessions(participant.name, intent=intent)
        kind, user = _identity(participant)
        sessions = sorted((Session(s.start_time, s.end_time) for s in stays), key=lambda s: s.started_at)
        return Attendance(participant.name, user.display_name.strip(), kind, tuple(sessions), user.user)

    async def _words(self, record: str, intent: str) -> list[_Heard]:
        listed = await self._client.transcripts(record, intent=intent)
        return await _all(*(self._heard(one, intent) for one in listed))

    async def _heard(self, transcript: wire.Transcript, intent: str) -> _Heard:
        if transcript.state not in ("ENDED", "FILE_GENERATED"):
            return _Heard(Readiness.PENDING, ())
        entries = await self._client.transcript_entries(transcript.name, intent=intent)
        # Letters, not entries: the newest entry may grow by words while its neighbours are still to come.
        size = sum(len(entry.text) for entry in entries)
        growth = watched(self._growth.get(transcript.name), size, self._clock.monotonic())
        _remember(self._growth, transcript.name, growth)
        readiness = transcript_readiness(transcript.state, growth, self._settle_seconds)
        return _Heard(readiness, tuple(entries))

    async def _recordings(self, record: str, intent: str) -> list[dict[str, object]]:
        return [_film(one) for one in await self._client.recordings(record, intent=intent)]


def _conference(record: wire.Record) -> Conference:
    return Conference(record.name, record.space, record.start_time, record.end_time, record.expire_time)


def _identity(participant: wire.Participant) -> tuple[str, wire.User]:
    if participant.signedin_user:
        return "signedin", participant.signedin_user
    if participant.phone_user:
        return "phone", participant.phone_user
    return "anonymous", participant.anonymous_user or wire.User()


def _first_seen(person: Attendance, conference: Conference) -> datetime:
    return person.sessions[0].started_at if person.sessions else conference.started_at


def _entries(conferences: Sequence[Conference], heard: Sequence[_Heard]) -> tuple[Entry, ...]:
    names = {person.name: person.display_name for one in conferences for person in one.participants}
    return in_time_order(
        _entry(spoken, names) for one in heard for spoken in one.entries if spoken.text.strip()
    )


def _entry(spoken: wire.TranscriptEntry, names: dict[str, str]) -> Entry:
    return Entry(
        speaker=names.get(spoken.participant) or UNKNOWN_SPEAKER,
        text=spoken.text.strip(),
        started_at=spoken.start_time,
        ended_at=spoken.end_time or spoken.start_time,
        language=spoken.language_code or None,
        participant=spoken.participant or None,
    )


def _film(recording: wire.Recording) -> dict[str, object]:
    """A recording's metadata, JSON-friendly: times as ISO 8601, `file` and `export_uri` of Drive."""
    drive = recording.drive_destination or wire.DriveDestination()
    return {
        "name": recording.name,
        "state": recording.state,
        "started_at": recording.start_time.isoformat() if recording.start_time else None,
        "ended_at": recording.end_time.isoformat() if recording.end_time else None,
        "file": drive.file,
        "export_uri": drive.export_uri,
    }


async def _all(*calls: Coroutine[Any, Any, T]) -> list[T]:
    """Run all at once and return their results in order."""
    tasks = [asyncio.create_task(call) for call in calls]
    await _finished(*tasks)
    return [task.result() for task in tasks]


async def _finished(*tasks: asyncio.Task[Any]) -> None:
    """Wait for all; the first failure ends the others and is raised as it is."""
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _remember(kept: OrderedDict[str, T], key: str, value: T) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _REMEMBERED:
        kept.popitem(last=False)
