"""Killed at any instant: nothing acknowledged is lost, and nothing happens twice that has no key to tell."""

import asyncio
import contextlib
import re
import shutil
import smtplib
from collections import Counter
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from agent.sandbox.demo import cast, stories
from agent.sandbox.demo.stage import HOOK, Stage
from agent.sandbox.world import HOOK_SECRET

PATIENCE_SECONDS = 60.0
KILLS = 20
ACCEPTED_BETWEEN_KILLS = 5
SENDERS = 3


class Load:
    """Senders that hand over one invitation after the other, and remember which were acknowledged."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.acknowledged: list[str] = []
        self._more = asyncio.Event()
        self._numbers = count(1)

    async def __aenter__(self) -> "Load":
        self._senders = [asyncio.create_task(self._send()) for _ in range(SENDERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for sender in self._senders:
            sender.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)

    async def _send(self) -> None:
        while True:
            uid = f"load-{next(self._numbers)}"
            letters = "".join("abcdefghij"[int(digit)] for digit in f"{int(uid[5:]):04d}")
            mail = cast.Invitation(
                f"{uid}@example.com",
                self.stage.meet_url(f"abc-{letters}-xyz"),
                self.stage.invitation(86_400).starts_at,
                title=uid,
                organizer=f"{uid}@example.com",
            ).mail()
            await self._hand_over(uid, mail)

    async def _hand_over(self, uid: str, mail: EmailMessage) -> None:
        """Try until it is acknowledged, as a mail server does."""
        while True:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                await self.stage.send(mail)
                break
            await asyncio.sleep(0.05)
        self.acknowledged.append(uid)
        self._more.set()

    async def more(self, number: int) -> None:
        """Wait until that many more were acknowledged."""
        wanted = len(self.acknowledged) + number
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.acknowledged) < wanted:
                self._more.clear()
                await self._more.wait()


async def titles(stage: Stage) -> list[str]:
    """The titles of all jobs there are."""
    found: list[str] = []
    for page in count(1):
        answer = (await stage.api.get("/api/v1/jobs", params={"page": page, "page_size": 100})).json()
        found += [job["title"] for job in answer["jobs"]]
        if len(answer["jobs"]) < 100:
            return found
    return found


@pytest.mark.timeout(400)
async def test_no_acknowledged_mail_is_lost_in_twenty_kills(tmp_path: Path) -> None:
    async with Stage(tmp_path, lambda _: None) as stage:
        async with Load(stage) as load:
            for _ in range(KILLS):
                await load.more(ACCEPTED_BETWEEN_KILLS)
                await stage.kill_daemon()
                await stage.launch_daemon()
            await load.more(1)
        await stage.ready()

        async def all_there() -> bool:
            return set(load.acknowledged) <= set(await titles(stage))

        await stage.until("every acknowledged mail to be a job", all_there, PATIENCE_SECONDS)
        assert len(load.acknowledged) >= KILLS * ACCEPTED_BETWEEN_KILLS
        doubled = [title for title, times in Counter(await titles(stage)).items() if times > 1]
        assert doubled == []

        async def all_answered() -> bool:
            return {f"Accepted: {uid}" for uid in load.acknowledged} <= {
                mail["subject"] for mail in await stage.teller.mails()
            }

        await stage.until("every invitation to be answered", all_answered, PATIENCE_SECONDS)
        assert ids_by_subject(await stage.teller.mails()).most_common(1)[0][1] == 1


def ids_by_subject(mails: list[dict[str, Any]]) -> Counter[str]:
    """How many different mails, told apart by Message-ID, have the same subject."""
    told_apart = {(mail["subject"], header(mail, "message-id")) for mail in mails}
    return Counter(subject for subject, _ in told_apart)


def header(mail: dict[str, Any], name: str) -> str:
    return next(value for key, value in mail["headers"] if key.lower() == name)


async def back_in_call(stage: Stage, time: int) -> None:
    """The bot knocks for the `time`-th time and is let in."""
    await stage.teller.wait(cast.CODE, "knocked", count=time, timeout=PATIENCE_SECONDS)
    await stage.teller.step(cast.CODE, {"do": "admit"})
    await stage.teller.wait(cast.CODE, "log:in_call", count=time, timeout=PATIENCE_SECONDS)
    await stage.until_job("capture", lambda job: job["status"] == "recording", PATIENCE_SECONDS)


async def killed(stage: Stage) -> None:
    await stage.kill_daemon()
    await stage.start_daemon()


async def asked_of_model(stage: Stage, times: int) -> None:
    async def look() -> bool:
        return len(await stage.teller.model_requests()) >= times

    await stage.until("the model to be asked", look, PATIENCE_SECONDS)


async def suffered(stage: Stage, fault: int) -> None:
    async def look() -> bool:
        return any(one["id"] == fault and one["hits"] for one in await stage.teller.faults())

    await stage.until("the fault to be met", look, PATIENCE_SECONDS)


@pytest.mark.timeout(300)
async def test_a_meeting_survives_being_killed_in_every_phase(tmp_path: Path) -> None:
    overrides = {"transcript": {"poll_seconds": [1.0], "wait_hours": 0.05}}
    async with Stage(tmp_path, lambda _: None, overrides) as stage:
        await stories.enter(stage)
        await stories.host_says(stage, "yes")
        await stories.talk(stage, 2)
        await killed(stage)  # in the call
        await back_in_call(stage, 2)
        assert await stage.stop_daemon() == 0  # the orderly end in the call: the bot comes back all the same
        await stage.start_daemon()
        await back_in_call(stage, 3)

        await stories.end_meeting(stage)
        await stage.until_job(
            "the wait for words", lambda job: job["status"] == "finalizing", PATIENCE_SECONDS
        )
        await killed(stage)  # waiting for the transcript
        await stage.teller.model_behaves("slow", seconds=600, times=1)
        await stories.keep_record(stage)
        await asked_of_model(stage, 1)
        await stage.teller.hook_answers(HOOK, [HOOK_SECRET], delay_seconds=600)
        slow_mail = await stage.teller.add_fault("mail", "delay", "DATA *", delay_seconds=2)
        await killed(stage)  # the model is asked

        await stage.teller.wait_deliveries(HOOK, "job.finalized", timeout=PATIENCE_SECONDS)
        await suffered(stage, slow_mail["id"])
        await stage.kill_daemon()  # recap and webhooks are handed over, and nobody has said so yet
        await stage.teller.hook_answers(HOOK, [HOOK_SECRET])
        await stage.start_daemon()
        job = await stories.until_over(stage)
        mails, hooks = await asyncio.gather(stage.teller.mails(), stage.teller.deliveries(HOOK))

    assert (job["status"], job["end_reason"]) == ("completed", "ended_by_host")
    kinds = Counter(line["kind"] for line in job["timeline"])
    assert [kinds[kind] for kind in ("transcript_ready", "summary_ready", "consent_answered")] == [1, 1, 1]
    assert {subject.partition(":")[0] for subject in ids_by_subject(mails)} == {"Accepted", "Recap"}
    assert set(ids_by_subject(mails).values()) == {1}
    finalized = {hook["id"] for hook in hooks if hook["event"] == "job.finalized"}
    assert len(finalized) == 1
    posted = {hook["id"] for hook in hooks}
    assert posted == {one["id"] for one in job["deliveries"] if one["channel"] == "hook"}


ANSWER = re.compile(r'sendto\(\d+<[^>]*>, "(354|250 2\.0\.0|250 OK)')
SYNCED = re.compile(r"f(?:data)?sync\(\d+<[^>]*-wal>.*= 0|<\.\.\. f(?:data)?sync resumed>.*= 0")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
async def test_a_mail_is_on_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    mails = 10
    traced = tmp_path / "strace"
    async with Stage(tmp_path / "stage", lambda _: None) as stage:
        tracer = await asyncio.create_subprocess_exec(
            *("strace", "-f", "-y", "-s", "16", "-e", "trace=fsync,fdatasync,sendto"),
            *("-o", str(traced), "-p", str(stage.daemon_pid)),
            stderr=asyncio.subprocess.PIPE,
        )
        assert tracer.stderr is not None
        said = (await asyncio.wait_for(tracer.stderr.readline(), PATIENCE_SECONDS)).decode()
        if "attached" not in said:
            pytest.skip(f"strace may not look at another process here: {said}")
        for number in range(mails):
            await stage.invite(stage.invitation(86_400, uid=f"{number}@example.com"))
        tracer.terminate()
        await tracer.wait()
    order = [
        found.group(1)[:3] if (found := ANSWER.search(line)) else "sync"
        for line in traced.read_text(errors="replace").splitlines()
        if ANSWER.search(line) or SYNCED.search(line)
    ]
    story = re.sub(r"(sync )+", "sync ", " ".join(order) + " ")
    assert story.count("354 sync 250 ") == mails, story
