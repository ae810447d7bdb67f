"""Conferences as the teller orders them, and the Meet REST resources they become as time goes by."""

import secrets
import zlib
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from agent.sandbox.clock import google_time

Resource = dict[str, Any]
Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]

KEPT = timedelta(days=30)
USER_KEYS = {"signedin": "signedinUser", "anonymous": "anonymousUser", "phone": "phoneUser"}


class Ordered(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OrderedSession(Ordered):
    start: Moment
    end: Moment | None = None


class OrderedParticipant(Ordered):
    """Somebody in the call; without sessions, from beginning to end."""

    name: str
    kind: Literal["signedin", "anonymous", "phone"] = "signedin"
    sessions: list[OrderedSession] = []


class OrderedEntry(Ordered):
    """An utterance; `speaker` is the name of a participant, offsets count from the start of the conference."""

    speaker: str
    text: str
    start_offset_seconds: float
    end_offset_seconds: float
    language: str = "en-US"


class OrderedArtifact(Ordered):
    """A transcript or recording. It is STARTED while the call goes on, ENDED afterwards, and reaches `state`
    `ready_after_seconds` after the order or the end of the call, whichever is later."""

    state: Literal["STARTED", "ENDED", "FILE_GENERATED"] = "FILE_GENERATED"
    ready_after_seconds: float = 0
    start_offset_seconds: float = 0


class OrderedTranscript(OrderedArtifact):
    entries: list[OrderedEntry] = []


class OrderedConference(Ordered):
    """One call; `space` is the bare id of the space, made up when left out."""

    code: str = Field(pattern=r"^[a-z]+-[a-z]+-[a-z]+$")
    space: str | None = None
    start_time: Moment
    end_time: Moment | None = None
    participants: list[OrderedParticipant] = []
    transcripts: list[OrderedTranscript] = []
    recordings: list[OrderedArtifact] = []
    visible_after_seconds: float = 0

    @model_validator(mode="after")
    def _speakers_took_part(self) -> "OrderedConference":
        names = {participant.name for participant in self.participants}
        spoke = {entry.speaker for transcript in self.transcripts for entry in transcript.entries}
        if strangers := spoke - names:
            raise ValueError(f"speakers who are not participants: {', '.join(sorted(strangers))}")
        return self


class Conference:
    """A conference record and everything below it; each method answers for a given instant."""

    def __init__(self, order: OrderedConference, space: str, ordered_at: datetime) -> None:
        self.order = order
        self.space = space
        self.name = f"conferenceRecords/{secrets.token_urlsafe(12)}"
        self.end_time = order.end_time
        self._ordered_at = ordered_at
        self._people = {
            p.name: f"{self.name}/participants/{100 + n}" for n, p in enumerate(order.participants)
        }
        self._transcripts = {f"{self.name}/transcripts/{secrets.token_hex(8)}": t for t in order.transcripts}
        self._recordings = {f"{self.name}/recordings/{secrets.token_hex(8)}": r for r in order.recordings}

    def visible(self, now: datetime) -> bool:
        return now >= self._ordered_at + timedelta(seconds=self.order.visible_after_seconds)

    def live(self, now: datetime) -> bool:
        return self.end_time is None or self.end_time > now

    def record(self, now: datetime) -> Resource:
        record = {"name": self.name, "startTime": google_time(self.order.start_time), "space": self.space}
        if self.end_time is not None and not self.live(now):
            record |= {"endTime": google_time(self.end_time), "expireTime": google_time(self.end_time + KEPT)}
        return record

    def names(self) -> dict[str, Any]:
        """What the teller needs to know of the resources made."""
        return {
            "conferenceRecord": self.name,
            "space": self.space,
            "participants": self._people,
            "transcripts": list(self._transcripts),
            "recordings": list(self._recordings),
        }

    def participants(self, now: datetime) -> list[Resource]:
        found = [self._participant(p, now) for p in self.order.participants]
        return sorted(found, key=lambda p: str(p["earliestStartTime"]), reverse=True)

    def sessions(self, participant: str, now: datetime) -> list[Resource] | None:
        """Newest first; None when there is no such participant."""
        for person in self.order.participants:
            if self._people[person.name] == participant:
                sessions = self._session_list(person)
                found = [
                    {"name": f"{participant}/participantSessions/{n + 1}", **self._times(session, now)}
                    for n, session in enumerate(sessions)
                ]
                return sorted(found, key=lambda s: s["startTime"], reverse=True)
        return None

    def transcripts(self, now: datetime) -> list[Resource]:
        return [self._artifact(name, order, now) for name, order in self._transcripts.items()]

    def recordings(self, now: datetime) -> list[Resource]:
        return [self._artifact(name, order, now) for name, order in self._recordings.items()]

    def entries(self, transcript: str, now: datetime) -> list[Resource] | None:
        """In time order. Until the transcript is ready they trickle in; None when there is no such transcript."""
        order = self._transcripts.get(transcript)
        if order is None:
            return None
        shown = int(len(order.entries) * self._readiness(order, now))
        ordered = sorted(order.entries, key=lambda entry: entry.start_offset_seconds)
        return [
            self._entry(f"{transcript}/entries/{n + 1}", entry) for n, entry in enumerate(ordered[:shown])
        ]

    def _participant(self, order: OrderedParticipant, now: datetime) -> Resource:
        sessions = self._session_list(order)
        ends = [self._capped(session.end, now) for session in sessions]
        user: dict[str, str] = {"displayName": order.name}
        if order.kind == "signedin":
            user["user"] = f"users/{zlib.crc32(order.name.encode())}"
        found: Resource = {
            "name": self._people[order.name],
            "earliestStartTime": google_time(min(session.start for session in sessions)),
            USER_KEYS[order.kind]: user,
        }
        known = [end for end in ends if end is not None]
        if len(known) == len(ends):
            found["latestEndTime"] = google_time(max(known))
        return found

    def _session_list(self, order: OrderedParticipant) -> list[OrderedSession]:
        return order.sessions or [OrderedSession(start=self.order.start_time, end=self.end_time)]

    def _times(self, session: OrderedSession, now: datetime) -> dict[str, str]:
        times = {"startTime": google_time(session.start)}
        end = self._capped(session.end, now)
        return times if end is None else {**times, "endTime": google_time(end)}

    def _capped(self, end: datetime | None, now: datetime) -> datetime | None:
        """An end that has come: nobody stays longer than the call."""
        end = end or self.end_time
        return end if end is not None and end <= now else None

    def _readiness(self, order: OrderedArtifact, now: datetime) -> float:
        """0 before the wait begins … 1 when it is over."""
        if self.end_time is None or self.live(now):
            return 0.0
        waited = (now - max(self._ordered_at, self.end_time)).total_seconds()
        return 1.0 if waited >= order.ready_after_seconds else waited / order.ready_after_seconds

    def _state(self, order: OrderedArtifact, now: datetime) -> str:
        if order.state == "STARTED" or self.live(now):
            return "STARTED"
        return order.state if self._readiness(order, now) >= 1 else "ENDED"

    def _artifact(self, name: str, order: OrderedArtifact, now: datetime) -> Resource:
        state = self._state(order, now)
        start = self.order.start_time + timedelta(seconds=order.start_offset_seconds)
        found: Resource = {"name": name, "state": state, "startTime": google_time(start)}
        if state != "STARTED" and self.end_time is not None:
            found["endTime"] = google_time(self.end_time)
        if state == "FILE_GENERATED":
            file = name.rsplit("/", 1)[1]
            if isinstance(order, OrderedTranscript):
                uri = f"https://docs.google.com/document/d/{file}/view"
                found["docsDestination"] = {"document": file, "exportUri": uri}
            else:
                uri = f"https://drive.google.com/file/d/{file}/view"
                found["driveDestination"] = {"file": file, "exportUri": uri}
        return found

    def _entry(self, name: str, order: OrderedEntry) -> Resource:
        begin = self.order.start_time
        return {
            "name": name,
            "participant": self._people[order.speaker],
            "text": order.text,
            "languageCode": order.language,
            "startTime": google_time(begin + timedelta(seconds=order.start_offset_seconds)),
            "endTime": google_time(begin + timedelta(seconds=order.end_offset_seconds)),
        }
