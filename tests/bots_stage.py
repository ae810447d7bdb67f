"""A stage for tests of the bots API: the web stage with everything that goes out made real, and meetings made by hand."""

import asyncio
import hmac
import itertools
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from standardwebhooks import Webhook

from agent.delivery.hooks import GuardedHooks
from agent.delivery.letters import LetterWriter
from agent.lifecycle.aftermath import bot_files
from agent.lifecycle.aftermath.summarise import Summarise
from agent.lifecycle.aftermath.transcribe import TRANSCRIBE, Transcribe
from agent.lifecycle.house import JOBS_QUEUE, Habits
from agent.lifecycle.outbox import DELIVER, Deliver
from agent.model.letter import Mail
from agent.model.states import State, Told
from agent.model.tables import Consent, Job, Participant, Presence, SummaryVersion, TranscriptEntry
from agent.model.transcript import Harvest, Readiness
from agent.store import jobs
from agent.summary.adapter import ExtractiveSummariser
from agent.web.quota import Quotas
from tests.waiting import until
from tests.web_stage import LINK, WebStage

ADDRESSES = itertools.count()
MANY = 1_000_000
WORDS = [
    ("Host Person", "Welcome to the planning of the spring release."),
    ("Guest Person", "I will send the budget to the whole team by Friday."),
    ("Host Person", "We decided to ship the beta on Monday, and everybody agreed."),
    ("Guest Person", "Is the translation finished? That question is still open."),
]
WEBM = (
    bytes.fromhex("1a45dfa3 80")  # EBML header, empty
    + bytes.fromhex("18538067 01ffffffffffffff")  # segment of unknown size
    + bytes.fromhex("1f43b675 01ffffffffffffff")  # cluster of unknown size
    + bytes.fromhex("e7 82 2710")  # at 10,000 ms
    + bytes.fromhex("a3 86 81 01f4 80 0000")  # a block of track 1 at +500 ms
)


class Post:
    """A mail server that keeps what it takes."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> str:
        self.mails.append(mail)
        return "250 taken"

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if address in mail.recipients]


class Platform:
    """Meet's own record of meetings: what a test says."""

    def __init__(self) -> None:
        self.found = Harvest(Readiness.NO_RECORD)

    async def harvest(self, *_: Any, **__: Any) -> Harvest:
        return self.found


class BotsStage(WebStage):
    """`post` has the mails, `platform` what Meet recorded; `finished` makes a meeting that is over."""

    until = staticmethod(until)

    def __init__(self, folder: Path, *, allow_private: bool = True, **habits: Any) -> None:
        self._per_minute = habits.pop("requests_per_minute", MANY)
        self._per_hour = habits.pop("requests_per_hour", MANY)
        facts = {
            "operator_emails": ("operator@example.com",),
            "data_dir": folder,
            "registration": "open",
            "meet_url": "https://meet.google.com",
        } | habits
        super().__init__(folder, habits=Habits(**facts))
        self.post, self.platform = Post(), Platform()
        self.hooks = GuardedHooks(allow_private=allow_private)
        self.house = replace(
            self.house,
            letters=LetterWriter("bot@example.com", "Meetbot", "http://127.0.0.1:8080", self.clock.now),
            mailer=self.post,
            hooks=self.hooks,
            transcripts=self.platform,
            summariser=ExtractiveSummariser(),
        )

    async def __aenter__(self) -> "BotsStage":
        await super().__aenter__()
        # One machine plays everybody, so strangers may ask as often as they like.
        self.desk = replace(self.desk, quotas=Quotas(self._per_minute, self._per_hour, MANY))
        self._server.config.app.state.desk = self.desk
        return self

    async def __aexit__(self, *error: Any) -> None:
        await super().__aexit__(*error)
        await self.hooks.close()

    def _handle(self, name: str) -> None:
        real = {"deliver": Deliver, "summarise": Summarise}
        if name in real:
            self.engine.handles(name, real[name](self.house), queue=JOBS_QUEUE)
        else:
            super()._handle(name)
        if name == DELIVER:
            self.engine.handles(TRANSCRIBE, Transcribe(self.house), queue=JOBS_QUEUE)

    async def stranger(self) -> httpx2.AsyncClient:
        """Open a client without credentials, from an address that nobody came from before."""
        number = next(ADDRESSES)
        way = httpx2.AsyncHTTPTransport(local_address=f"127.1.{number // 250}.{number % 250 + 1}")
        return await self.client(transport=way)

    def finished(
        self,
        email: str,
        *,
        words: bool = True,
        summary: bool = False,
        recording: bool = False,
        **columns: Any,
    ) -> Job:
        """Make a meeting of this user's that is over."""
        owner = next(user for user in self.desk.accounts.users() if user.email == email)
        ended = self.clock.now() - timedelta(minutes=5)
        began = ended - timedelta(minutes=30)
        with self.database.write() as session:
            number = len(jobs.in_states(session, list(State)))
            job = Job(
                public_id=f"job_{number:026d}",
                key=f"test:{number}",
                user_id=owner.id,
                title="Spring release",
                meeting_url=LINK,
                meeting_code="abc-defg-hij",
                join_at=began,
                starts_at=began,
                state=State.COMPLETED.value,
                end_reason="everyone_left",
                inviter=email,
                created_at=began,
                updated_at=ended,
                admitted_at=began,
                left_at=ended,
                transcript_source="meet" if words else "",
            )
            for name, value in columns.items():
                setattr(job, name, value)
            session.add(job)
            session.flush()
            self._live(session, job, began, ended)
            if words:
                session.add_all(entries(job.id or 0, began))
            if summary:
                body = {"title": "Spring release", "input_tokens": 1000, "output_tokens": 100}
                row = SummaryVersion(job_id=job.id or 0, version=1, created_at=ended, body=body)
                session.add(row)
            if recording:
                self.record(job)
                bot_files.keep(session, self.house, job, ended)
            return job

    def record(self, job: Job, content: bytes = WEBM) -> Path:
        """Write a recording where the bot would."""
        path = self.house.habits.data_dir / "meetings" / job.public_id / "recording.webm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def _live(self, session: Any, job: Job, began: datetime, ended: datetime) -> None:
        number = job.id or 0
        session.add(Consent(job_id=number, at=began, outcome="granted", who="Host Person", words="yes"))
        jobs.note(session, job, began, Told.JOB_CREATED, {"source": "api"})
        jobs.note(session, job, began, Told.KNOCKED, {})
        jobs.note(session, job, began, Told.STATE_CHANGED, {"from": "joining", "to": "in_call"})
        jobs.note(session, job, ended, Told.LEFT, {"reason": "everyone_left"})
        person = Participant(job_id=number, key="p1", name="Host Person", is_host=True)
        session.add(person)
        session.flush()
        session.add(Presence(participant_id=person.id or 0, joined_at=began, left_at=ended))


class HookReceiver:
    """A receiver on a real socket: `got` has (headers, body); `status` and `answer` are what it says."""

    def __init__(self, status: int = 200) -> None:
        self.status, self.answer = status, b"thanks"
        self.got: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.raw: dict[str, bytes] = {}
        self.connections = 0

    async def __aenter__(self) -> "HookReceiver":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hook"
        return self

    async def __aexit__(self, *_: Any) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        pairs = [line.split(": ", 1) for line in head if line]
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.raw[headers["webhook-id"]] = body
        self.got.append((headers, json.loads(body)))
        writer.write(
            f"HTTP/1.1 {self.status} X\r\ncontent-length: {len(self.answer)}\r\n\r\n".encode() + self.answer
        )
        await writer.drain()
        writer.close()

    def verified(self, headers: dict[str, str], secret: str) -> bool:
        """Whether a stock library and the family's own rule both take the signature."""
        body = self.raw[headers["webhook-id"]]
        Webhook(secret).verify(body, headers)
        signed = f"{headers['x-webhook-timestamp']}.".encode() + body
        own = hmac.new(secret.encode(), signed, "sha256").hexdigest()
        return headers["x-webhook-signature"] == f"sha256={own}"


def entries(job_id: int, began: datetime, source: str = "meet") -> list[TranscriptEntry]:
    """Return the words of the meeting, ten seconds apart."""
    return [
        TranscriptEntry(
            job_id=job_id,
            source=source,
            ordinal=number,
            key=str(number),
            speaker=speaker,
            text=text,
            started_at=began + timedelta(seconds=10 * number),
            ended_at=began + timedelta(seconds=10 * number + 8),
        )
        for number, (speaker, text) in enumerate(WORDS, start=1)
    ]
