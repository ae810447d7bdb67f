"""Thousands of real calendar files and mails go through the reader: nothing crashes it, nothing takes long.

The corpus is no part of the project. Its place is told by MEETBOT_CORPUS, else looked for beside the checkout.
"""

import asyncio
import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from agent.invites.reader import LimitedReader
from agent.model.invite import ParsedMail

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("MEETBOT_CORPUS", ROOT.parent / "shared" / "corpus"))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MAX_SECONDS = 2.0
CRASHES = {"the mail cannot be read", "the mail takes too long or too much memory to read"}

pytestmark = [
    pytest.mark.skipif(
        not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}; set MEETBOT_CORPUS to its folder"
    ),
    pytest.mark.timeout(300),
]


@dataclass(frozen=True)
class Seen:
    """What became of one file."""

    name: str
    kind: str
    parsed: ParsedMail
    seconds: float

    @property
    def outcome(self):
        components = self.parsed.components
        if components and not self.parsed.problems:
            return "understood"
        return "in part" if any(one.slots or not one.broken for one in components) else "refused"


def kind_of(path):
    head = path.read_bytes()[:4096]
    if path.suffix.lower() in (".eml", ".mime", ".mail") or head[:200].startswith(
        (b"From ", b"Received:", b"Return-Path")
    ):
        return "mail"
    if b"\nMIME-Version:" in head and b"\nSubject:" in b"\n" + head:
        return "mail"
    return "tnef" if path.suffix.lower() in (".tnef", ".dat", ".winmail") else "calendar"


def as_mail(path, kind):
    raw = path.read_bytes()
    if kind == "mail":
        return raw.split(b"\n", 1)[1] if raw.startswith(b"From ") else raw
    content = "application/ms-tnef" if kind == "tnef" else "text/calendar; method=REQUEST"
    head = (
        f"From: host@example.com\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\nContent-Type: {content}\r\n\r\n"
    )
    return head.encode() + raw


@pytest.fixture(scope="module")
def survey():
    """Read every file once, two at a time."""

    async def read_all():
        reader = LimitedReader(at_once=2)
        turn = asyncio.Semaphore(2)
        before = psutil.Process().memory_info().rss

        async def one(path):
            kind = kind_of(path)
            async with turn:
                began = asyncio.get_running_loop().time()
                parsed = await reader.read(as_mail(path, kind), NOW)
                return Seen(
                    str(path.relative_to(CORPUS)), kind, parsed, asyncio.get_running_loop().time() - began
                )

        await reader.read(b"", NOW)
        files = sorted(path for path in CORPUS.glob("*/**/*") if path.is_file())
        seen = await asyncio.gather(*(one(path) for path in files))
        grown = psutil.Process().memory_info().rss - before
        await reader.stop()
        return seen, grown

    return asyncio.run(read_all())


def test_no_file_crashes_the_reader_or_takes_long(survey):
    seen, _ = survey
    assert len(seen) > 1000
    assert [one.name for one in seen if CRASHES & set(one.parsed.problems)] == []
    assert [(one.name, round(one.seconds, 1)) for one in seen if one.seconds > MAX_SECONDS] == []


def test_the_daemon_does_not_grow(survey):
    seen, grown = survey
    kept = sum(len(one.parsed.model_dump_json()) for one in seen)
    assert grown < 100 * 1024 * 1024 + 10 * kept


def test_every_refusal_carries_a_reason(survey):
    seen, _ = survey
    assert [one.name for one in seen if one.outcome == "refused" and not one.parsed.problems] == []


def holds_an_event(seen):
    return b"BEGIN:VEVENT" in (CORPUS / seen.name).read_bytes().upper() and seen.kind == "calendar"


def test_nine_of_ten_calendars_with_events_are_understood(survey):
    seen, _ = survey
    table = Counter((one.kind, holds_an_event(one), one.outcome) for one in seen)
    for (kind, event, outcome), count in sorted(table.items()):
        print(f"| {kind} | {'event' if event else ''} | {outcome} | {count} |")
    reasons = Counter(problem for one in seen if one.outcome == "refused" for problem in one.parsed.problems)
    for reason, count in reasons.most_common(30):
        print(f"| {reason} | {count} |")
    calendars = [one for one in seen if holds_an_event(one)]
    exports = [one for one in calendars if any("send one invitation each" in p for p in one.parsed.problems)]
    understood = [one for one in calendars if one.outcome != "refused"]
    assert len(understood) / (len(calendars) - len(exports)) > 0.9
