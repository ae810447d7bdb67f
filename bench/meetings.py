"""Whole meetings against the fake world: how soon the bot knocks, how soon the recap is there, what a bot costs."""

import asyncio
import json
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.sandbox.demo import cast, stories
from agent.sandbox.demo.stage import HOOK, Stage
from bench.figures import Figure, spread
from bench.processes import family, use

PATIENCE_SECONDS = 90.0
SINGLE_MEETINGS = 5
SOON_SECONDS = 4.0
# Twenty browsers' pages take longer to load than one; the daemon itself wakes 20 s before.
CROWD_SECONDS = 40.0
WATCH_SECONDS = 10.0
TALK_EVERY_SECONDS = 2.0
# Nothing stands between the meeting and its recap but the product: words are there at once, and the model is built in.
AT_ONCE = {
    "transcript": {"poll_seconds": [0.5], "wait_hours": 0.05},
    "summary": {"engine": "extractive"},
    "browser": {"busy_percent": 0},
}


class Meeting:
    """One meeting with its host and a guest, to which the bot was invited."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.stage = stage
        self.code = f"abc-{''.join('abcdefghij'[int(digit)] for digit in f'{number:04d}')}-xyz"
        self.uid = f"meeting-{number}@example.com"
        self.acknowledged_at = datetime.now(UTC)

    async def invite(self, starts_at: datetime) -> None:
        """Open the meeting and hand the invitation over; the clock of the figures starts at the 250."""
        teller = self.stage.teller
        await teller.create_meeting(self.code)
        await teller.step(self.code, {"do": "join_person", "name": cast.HOST_NAME, "host": True})
        await teller.step(self.code, {"do": "join_person", "name": cast.GUEST_NAME})
        await self.stage.invite(
            cast.Invitation(
                self.uid, self.stage.meet_url(self.code), starts_at, title=self.uid, organizer=self.uid
            )
        )
        self.acknowledged_at = datetime.now(UTC)

    async def enter(self) -> None:
        """Let the bot in when it knocks."""
        await self.stage.teller.wait(self.code, "knocked", timeout=PATIENCE_SECONDS)
        await self.stage.teller.step(self.code, {"do": "admit"})
        await self.stage.teller.wait(self.code, "in_call", timeout=PATIENCE_SECONDS)

    async def allow(self) -> None:
        """Wait for the question, and answer it."""
        teller = self.stage.teller
        await teller.wait(self.code, f"chat:{stories.QUESTION}", timeout=PATIENCE_SECONDS)
        await teller.step(self.code, {"do": "say", "name": cast.HOST_NAME, "text": "yes"})
        await teller.wait(self.code, "captions_on", timeout=PATIENCE_SECONDS)

    async def talk(self) -> None:
        """Go on talking until cancelled."""
        for number, (speaker, text, _, _) in enumerate(cast.DIALOGUE * 100):
            said = {"do": "caption", "speaker": speaker, "id": f"c{number}", "text": text, "final": True}
            await self.stage.teller.step(self.code, said)
            await asyncio.sleep(TALK_EVERY_SECONDS)

    async def end(self) -> None:
        """End it, with the platform's transcript ready."""
        entries = [
            {"speaker": who, "text": text, "start_offset_seconds": start, "end_offset_seconds": end}
            for who, text, start, end in cast.DIALOGUE
        ]
        await self.stage.teller.add_conference(
            code=self.code,
            start_time=(datetime.now(UTC) - timedelta(seconds=90)).isoformat(),
            end_time=datetime.now(UTC).isoformat(),
            participants=[{"name": cast.HOST_NAME}, {"name": cast.GUEST_NAME}],
            transcripts=[{"state": "FILE_GENERATED", "ready_after_seconds": 0, "entries": entries}],
        )
        await self.stage.teller.step(self.code, {"do": "end_for_all"})
        await self.stage.teller.wait_mail(to=self.uid, subject="Recap", timeout=PATIENCE_SECONDS)

    async def job(self) -> dict[str, Any]:
        """The job as the API shows it."""
        listed = (await self.stage.api.get("/api/v1/jobs", params={"page_size": 100})).json()["jobs"]
        found = next(job for job in listed if job["title"] == self.uid)
        return dict((await self.stage.api.get(f"/api/v1/jobs/{found['id']}")).json())

    async def seconds_to_knock(self) -> float:
        """From the minute it was due to the press of the button."""
        job, seen = await self.job(), await self.stage.teller.observed(self.code)
        return (_instant(seen["visitors"][0]["knocked_at"]) - _instant(job["joinAt"])).total_seconds()

    async def seconds(self) -> dict[str, float]:
        """How long each part took."""
        job = await self.job()
        at = {line["kind"]: _instant(line["at"]) for line in reversed(job["timeline"])}
        recaps = [
            _instant(mail["at"])
            for mail in await self.stage.teller.mails()
            if self.uid in mail["rcpt_tos"] and mail["subject"].startswith("Recap")
        ]
        return {
            "to_job": (at["job_created"] - self.acknowledged_at).total_seconds(),
            "to_knock": await self.seconds_to_knock(),
            "to_mail": (min(recaps) - at["left"]).total_seconds(),
        }


async def measure(directory: Path) -> list[Figure]:
    """Meetings one after the other, then twenty in the same minute."""
    async with Stage(directory, lambda _: None, AT_ONCE) as stage:
        single = [await _alone(Meeting(stage, number)) for number in range(SINGLE_MEETINGS)]
        hooks = await _hook_seconds(stage)
        crowd = [Meeting(stage, number) for number in range(100, 120)]
        idle = await use(family(stage.daemon_pid), 3.0)
        return [*_figures(single, hooks), *await _together(stage, crowd, idle.core_percent)]


async def _alone(meeting: Meeting) -> dict[str, float]:
    await meeting.invite(_in(SOON_SECONDS))
    await meeting.enter()
    await meeting.allow()
    await meeting.end()
    return await meeting.seconds()


async def _hook_seconds(stage: Stage) -> list[float]:
    """From each change to its webhook's arrival."""
    posted = await stage.teller.deliveries(HOOK)
    return [
        (_instant(one["at"]) - _instant(json.loads(one["body"])["emittedAt"])).total_seconds()
        for one in posted
    ]


def _figures(single: Sequence[dict[str, float]], hooks: Sequence[float]) -> list[Figure]:
    jobs, knocks, mails = ([one[name] for one in single] for name in ("to_job", "to_knock", "to_mail"))
    return [
        Figure("invitation accepted → job", statistics.median(jobs), "s", more=spread(jobs)),
        Figure("due → knocked, one meeting", max(knocks), "s", 2.0, more=spread(knocks)),
        Figure("left → recap accepted by the mail server", max(mails), "s", 2.0, more=spread(mails)),
        Figure("change → webhook received", statistics.median(hooks), "s", more=spread(hooks)),
    ]


async def _together(stage: Stage, crowd: Sequence[Meeting], idle_percent: float) -> list[Figure]:
    starts_at = _in(CROWD_SECONDS)
    for meeting in crowd:
        await meeting.invite(starts_at)
    await asyncio.gather(*(meeting.enter() for meeting in crowd))
    talking = [asyncio.create_task(meeting.talk()) for meeting in crowd]
    daemon = await use(family(stage.daemon_pid, browsers=False), WATCH_SECONDS)
    browsers = await use(family(stage.daemon_pid, browsers=True), WATCH_SECONDS)
    for talk in talking:
        talk.cancel()
    await asyncio.gather(*talking, return_exceptions=True)
    knocks = [await meeting.seconds_to_knock() for meeting in crowd]
    share = (daemon.core_percent - idle_percent) / len(crowd)
    return [
        Figure("due → knocked, twenty in the same minute, p99", max(knocks), "s", 5.0, more=spread(knocks)),
        Figure("memory per bot in a call, browser", browsers.memory_mb / len(crowd), "MB"),
        Figure("one core per bot in a call, browser", browsers.core_percent / len(crowd), "%"),
        Figure("one core per bot in a call, daemon", max(share, 0.0), "%"),
    ]


def _in(seconds: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
