"""Bad input ends in one clear sentence to the person who can mend it, and nothing is lost."""

import asyncio
import smtplib
import socket
import sys
import time
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any

import pytest

from agent import app
from agent.config.load import load
from agent.daemon.parts import parts
from agent.daemon.supervisor import Supervisor
from agent.daemon.systemd import Systemd
from agent.sandbox.demo import cast, stories
from agent.sandbox.demo.stage import HOOK, Stage
from agent.sandbox.teller import Teller
from agent.sandbox.world import HOOK_SECRET, World

MISCONFIGURED_STATUS = 78
PATIENCE_SECONDS = 40.0
OPERATOR = "operator@example.com"
WITH_OPERATOR = {"api": {"operator_emails": [OPERATOR]}}

pytestmark = pytest.mark.timeout(180)


def stage(directory: Path, **overrides: dict[str, Any]) -> Stage:
    return Stage(directory, lambda _: None, overrides)


async def words_of(teller: Teller, mail: dict[str, Any]) -> str:
    """The text a person reads in a mail, in one line."""
    message = message_from_bytes(await teller.raw_mail(mail["id"]), policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def lines(job: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [line["data"] for line in job["timeline"] if line["kind"] == kind]


# What the daemon says before it starts.


async def refused(config: str, directory: Path) -> str:
    """Serve under a configuration that cannot work; what the daemon said on standard error."""
    path = directory / "meetbot.toml"
    path.write_text(config)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent", "serve", "--config", str(path)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == MISCONFIGURED_STATUS, said.decode()
    return said.decode()


def sound(directory: Path, *more: str) -> str:
    """A configuration that works, but for what is added."""
    bot = f'[bot]\nemail = "{cast.BOT}"\ndata_dir = "{directory / "data"}"\n'
    ports = "[http]\nport = 0\n[smtp_intake]\nport = 0\n"
    return "\n".join([bot if more else bot + ports, *more])


async def test_five_mistakes_in_the_settings_are_named_at_once(tmp_path: Path) -> None:
    said = await refused(
        """
        [bot]
        email = "nobody"
        timezon = "UTC"
        [http]
        port = 99999
        [consent]
        policy = "maybe"
        [[webhooks]]
        url = "https://hooks.example.com/"
        """,
        tmp_path,
    )
    mistakes = ("bot.email", "bot.timezon", "http.port", "consent.policy", "secret")
    named = [line for line in said.splitlines() if any(mistake in line for mistake in mistakes)]
    assert said.startswith("meetbot: 5 settings are wrong:"), said
    assert len(named) == len(mistakes)
    assert "did you mean bot.timezone?" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("door", ["http", "smtp_intake"])
async def test_a_port_in_use_is_named_with_what_to_do(door: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ports = {"http": 0, "smtp_intake": 0, door: port}
        sections = [f'[{name}]\nhost = "127.0.0.1"\nport = {number}' for name, number in ports.items()]
        said = await refused(sound(tmp_path, *sections), tmp_path)
    sentence = said.strip().splitlines()[-1]
    assert sentence.startswith("meetbot: ")
    assert f"127.0.0.1:{port}" in sentence
    assert f"{door}.port" in sentence


async def test_a_missing_browser_is_told_at_the_start(tmp_path: Path) -> None:
    browser = '[browser]\nexecutable = "/nonexistent/chromium"'
    said = await refused(sound(tmp_path, "[http]\nport = 0\n[smtp_intake]\nport = 0", browser), tmp_path)
    sentence = said.strip().splitlines()[-1]
    assert "/nonexistent/chromium" in sentence
    assert "Set [browser] executable" in sentence


# What people hear.


async def test_a_browser_that_vanishes_ends_the_job_with_what_to_do(tmp_path: Path) -> None:
    browser = tmp_path / "chromium"
    browser.symlink_to("/usr/bin/chromium")
    async with stage(tmp_path / "stage", browser={"executable": str(browser)}) as scene:
        browser.unlink()
        await stories.set_scene(scene)
        job = await stories.until_over(scene)
    assert (job["status"], job["failure_code"]) == ("failed", "internal_error")
    assert "Set [browser] executable" in job["failure_detail"]


async def test_mail_that_is_no_invitation_is_answered_with_one_sentence(tmp_path: Path) -> None:
    async with stage(tmp_path) as scene:
        for text in ("Could you come to our meeting?", "Hello? Are you there?"):
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = cast.HOST, cast.BOT, "A question"
            mail["Message-ID"] = make_msgid(domain="example.com")
            mail.set_content(text)
            await scene.send(mail)
        answer = await scene.teller.wait_mail(to=cast.HOST, subject="A question", timeout=PATIENCE_SECONDS)
        words = await words_of(scene.teller, answer)
        assert "the mail carries no calendar invitation" in words
        assert f"invite {cast.BOT} to a calendar event with a Google Meet link" in words
        # An invitation sent afterwards is answered, so by then the second question was read: it had no answer of its own.
        await scene.invite(scene.invitation(86_400))
        await stories.accepted(scene)
        told = [mail for mail in await scene.teller.mails() if "A question" in mail["subject"]]
        assert len(told) == 1
        assert len((await scene.api.get("/api/v1/jobs")).json()["jobs"]) == 1


async def test_a_link_of_another_platform_is_declined_with_the_reason(tmp_path: Path) -> None:
    async with stage(tmp_path) as scene:
        starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
        await scene.invite(
            cast.Invitation("elsewhere@example.com", "https://example.zoom.us/j/81234567890", starts_at)
        )
        answer = await scene.teller.wait_mail(to=cast.HOST, subject="Declined", timeout=PATIENCE_SECONDS)
        raw = (await scene.teller.raw_mail(answer["id"])).decode()
        assert "PARTSTAT=DECLINED" in raw.replace("\r\n ", "")
        words = await words_of(scene.teller, answer)
        assert "Zoom" in words
        assert "Google Meet" in words
        assert (await scene.api.get("/api/v1/jobs")).json()["jobs"] == []


async def whole_meeting(scene: Stage) -> dict[str, Any]:
    """A meeting with consent, captions and a platform transcript, to the end of its job."""
    await stories.happy(scene)
    return await stories.until_over(scene)


async def test_a_refused_service_token_leaves_the_captions_and_tells_what_to_do(tmp_path: Path) -> None:
    async with stage(tmp_path, **WITH_OPERATOR) as scene:
        await scene.teller.set_token(revoked=True)
        job = await whole_meeting(scene)
        assert job["status"] == "completed"
        assert job["transcript"]["source"] == "captions"
        (trouble,) = lines(job, "trouble")
        assert trouble["kind"] == "denied"
        assert "service token" in trouble["detail"]
        recap = await scene.teller.wait_mail(to=cast.HOST, subject="Recap", timeout=PATIENCE_SECONDS)
        assert "captions" in await words_of(scene.teller, recap)


async def test_too_small_a_scope_is_named_in_the_timeline(tmp_path: Path) -> None:
    async with stage(tmp_path, **WITH_OPERATOR) as scene:
        await scene.teller.add_fault(
            "okoro", "status", "POST */t/tokens", status=403, error_shape="flat", times=None
        )
        job = await whole_meeting(scene)
        assert job["status"] == "completed"
        (trouble,) = lines(job, "trouble")
        assert trouble["kind"] == "denied"
        advice = "okoro gives this service token no scope read for google-meet; allow it in okoro's dashboard"
        assert advice in trouble["detail"]
        notice = await scene.teller.wait_mail(to=OPERATOR, subject="transcripts", timeout=PATIENCE_SECONDS)
        assert advice in await words_of(scene.teller, notice)


async def test_a_model_that_answers_nonsense_does_not_keep_the_recap_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as scene:
        await scene.teller.model_behaves("nonsense")
        job = await whole_meeting(scene)
        assert job["status"] == "completed"
        assert job["summary"]["engine"] == "extractive"
        assert lines(job, "summary_ready")[0]["notes"]
        recap = await scene.teller.wait_mail(to=cast.HOST, subject="Recap", timeout=PATIENCE_SECONDS)
        assert "without the language model" in await words_of(scene.teller, recap)


# What is waited for.


async def test_a_webhook_that_is_gone_is_disabled_and_its_operator_told(tmp_path: Path) -> None:
    async with stage(tmp_path, **WITH_OPERATOR) as scene:
        await scene.teller.hook_answers(HOOK, [HOOK_SECRET], status=410)
        await stories.cancel(scene)
        notice = await scene.teller.wait_mail(to=OPERATOR, subject="webhook", timeout=PATIENCE_SECONDS)
        words = await words_of(scene.teller, notice)
        assert "410 Gone" in words
        assert f"/hooks/{HOOK}" in words
        await scene.invite(scene.invitation(86_400, uid="later@example.com"))
        await scene.until("the second job", lambda: _jobs(scene, 2), PATIENCE_SECONDS)
        posted = await scene.teller.deliveries(HOOK)
        assert len(posted) == 1


async def _jobs(scene: Stage, count: int) -> bool:
    return len((await scene.api.get("/api/v1/jobs")).json()["jobs"]) >= count


class LateClock:
    """A clock that is more than a day behind the engine's, so that what is planned within a day is due at once."""

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(hours=30)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@asynccontextmanager
async def daemon_behind(world: World, directory: Path) -> AsyncIterator[int]:
    """The daemon in this process, under a clock that is late; gives its SMTP port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    wanted = {
        "bot.email": cast.BOT,
        "bot.data_dir": str(directory / "data"),
        "http.port": "0",
        "smtp_intake.port": str(port),
        "invites.allow": "example.com",
        "meet.url": f"{world.base_url}/meet",
        "mail.port": str(world.smtp_port),
    }
    ready = asyncio.Event()
    assembled = app.build(load(None, wanted, environment={}), LateClock())
    supervisor = Supervisor(parts(assembled, Systemd({})), on_ready=ready.set)
    serving = asyncio.create_task(supervisor.run())
    try:
        await asyncio.wait(
            {serving, waiting := asyncio.ensure_future(ready.wait())}, return_when=FIRST_COMPLETED
        )
        waiting.cancel()
        yield port
    finally:
        supervisor.stop()
        await serving


async def test_a_mail_server_that_is_down_for_hours_gets_the_mail_once_when_it_is_back(
    tmp_path: Path,
) -> None:
    refusals = 8
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    async with World(directory=tmp_path / "world") as world, Teller(world.base_url) as teller:
        await teller.add_fault("mail", "status", status=421, times=refusals)
        async with daemon_behind(world, tmp_path) as port:
            mail = cast.Invitation(
                "patience@example.com", f"{world.base_url}/meet/{cast.CODE}", starts_at
            ).mail()
            await asyncio.to_thread(hand_over, mail, port)
            await teller.wait_mail(to=cast.HOST, subject="Accepted", timeout=PATIENCE_SECONDS)
        assert len((await teller.faults())[0]["hits"]) == refusals
        assert len(await teller.mails()) == 1


def hand_over(mail: EmailMessage, port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
        server.send_message(mail, from_addr=cast.HOST, to_addrs=[cast.BOT])
