"""What every phase is handed: the parts of the running program, and the habits the operator set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from agent.engine import Engine
from agent.model.billing import Plan
from agent.ports import (
    Answerer,
    CalendarFeed,
    Clock,
    Hooks,
    Letters,
    Mailer,
    Meet,
    Reader,
    Summariser,
    Transcriber,
    Transcripts,
)
from agent.rules.standing import CallHabits
from agent.rules.tallies import Prices
from agent.store.database import Database

BOTS_QUEUE = "bots"
JOBS_QUEUE = "jobs"
MAIL_QUEUE = "mail"  # so that a flood of mail keeps no other job waiting


@dataclass(frozen=True, slots=True)
class Habits:
    """The settings that the life of a job depends on, as plain values. Durations carry their unit."""

    bot_name: str = "Meetbot"
    bot_email: str = "bot@example.com"
    timezone: str = "UTC"
    language: str = "en"
    data_dir: Path = Path("var")
    public_url: str = "http://127.0.0.1:8080"
    meet_url: str = "https://meet.google.com"
    join_early_seconds: float = 30.0
    join_attempts: int = 3
    worker_silence_seconds: float = 60.0
    wake_early_seconds: float = 20.0
    invites_allow: tuple[str, ...] = ()
    invites_verify: Literal["report", "enforce", "off"] = "report"
    invites_reply: bool = True
    exclude_keywords: tuple[str, ...] = ()
    invites_joins_per_day: int = 20
    invites_concurrent: int = 3
    calendar_push: bool = False
    call: CallHabits = field(default_factory=CallHabits)
    transcript_sources: tuple[str, ...] = ("meet", "captions")
    meet_records: bool = True  # whether Meet's records are within reach: without a service token they are not
    transcript_wait_hours: float = 24.0
    transcript_poll_seconds: tuple[float, ...] = (60.0, 120.0, 300.0, 600.0)
    request_transcription: bool = False
    summary_template: str = "auto"
    summary_language: str = ""
    recap_recipients: str = "inviter"
    recap_hold_minutes: float = 0.0
    recap_domains: tuple[str, ...] = ()
    recap_link_days: float = 30.0
    transcript_days: float = 30.0
    summary_days: float = 365.0
    raw_mail_days: float = 14.0
    invitation_days: float = 365.0
    recording_days: float = 14.0
    delivery_days: float = 30.0
    operator_emails: tuple[str, ...] = ()
    registration: str = "closed"
    prices: Prices = field(default_factory=Prices)
    signing_secret: str = field(default="", repr=False)
    stripe_secret: str = field(default="", repr=False)
    stripe_prices: Mapping[str, str] = field(default_factory=dict)
    plans: Mapping[str, Plan] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class House:
    """Everything a phase may use. `app` builds one; tests build one from fakes."""

    database: Database
    engine: Engine
    clock: Clock
    meet: Meet
    transcripts: Transcripts
    summariser: Summariser
    letters: Letters
    mailer: Mailer
    hooks: Hooks
    reader: Reader
    habits: Habits
    transcriber: Transcriber | None = None  # None: recordings are not put into words

    answerer: Answerer | None = None  # None: questions are answered by what was said, word for word
    calendars: tuple[CalendarFeed, ...] = ()

    def now(self) -> datetime:
        """Return the present instant."""
        return self.clock.now()
