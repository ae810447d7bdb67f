"""The guide's snippets and the client check what the server signs, and refuse what it did not."""

import os
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.client import verification
from agent.delivery import payloads, signature
from agent.model.letter import Notice
from tests.node import node

GUIDE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
SNIPPETS = dict(re.findall(r"```(python|javascript|sh)\n(.*?)```", GUIDE, re.DOTALL))
COMMANDS = {"python": [sys.executable, "-c"], "javascript": [node(), "-e"], "sh": ["sh", "-c"]}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLDER = "whsec_" + "QUJD" * 10


def notice(family: str = "jobs", secrets: tuple[str, ...] = (SECRET,), at: float | None = None) -> Notice:
    now = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    return Notice(
        delivery_id="dlv_1",
        family=family,
        event="job.failed",
        data={"jobId": "job_1", "title": 'Ünï ✓\n"quoted"'},
        happened_at=now,
        sent_at=now,
        attempt=2,
        url="https://example.com/",
        secrets=secrets,
        version=2,
        bot_id=7,
    )


def run(language: str, headers: dict[str, str], body: bytes, secret: str = SECRET) -> str:
    if language == "sh" and shutil.which("openssl") is None:
        pytest.skip("the shell snippet needs openssl on the PATH (Debian: apt-get install openssl)")
    told = {
        "SECRET": secret,
        "SIGNATURE": headers["webhook-signature"],
        "ID": headers["webhook-id"],
        "TIMESTAMP": headers["webhook-timestamp"],
    }
    done = subprocess.run(
        [*COMMANDS[language], SNIPPETS[language]],
        input=body,
        capture_output=True,
        env={"PATH": os.environ["PATH"], **told},
        timeout=30,
        check=False,
    )
    assert (done.returncode == 0) == (done.stdout.strip() == b"good"), done.stderr.decode()
    return done.stdout.decode().strip()


@pytest.mark.parametrize("language", COMMANDS)
def test_a_snippet_tells_good_from_bad(language: str) -> None:
    told = notice()
    body = payloads.body(told)
    headers = signature.headers(told, body)
    assert run(language, headers, body) == "good"
    assert run(language, headers, body + b" ") == "bad"
    assert run(language, headers, body, secret=OLDER) == "bad"
    assert run(language, headers | {"webhook-id": "dlv_2"}, body) == "bad"
    old = notice(at=time.time() - 400)
    assert run(language, signature.headers(old, body), body) == "bad"


@pytest.mark.parametrize("language", COMMANDS)
def test_a_snippet_knows_both_secrets_while_they_change(language: str) -> None:
    told = notice(secrets=(OLDER, SECRET))
    body = payloads.body(told)
    assert run(language, signature.headers(told, body), body) == "good"


@pytest.mark.parametrize("secret", [SECRET, OLDER])
@pytest.mark.parametrize(
    ("family", "check"),
    [
        ("jobs", verification.jobs),
        ("jobs", verification.standard),
        ("bots", verification.bots),
        ("bots", verification.standard),
    ],
)
def test_the_client_checks_both_families(family: str, check: object, secret: str) -> None:
    told = notice(family, secrets=(SECRET, OLDER))
    body = payloads.body(told)
    headers = {name.title(): value for name, value in signature.headers(told, body).items()}
    assert check(secret, headers, body)["event"] == "job.failed"
    for wrong in ((secret, headers, body + b"x"), ("whsec_QUJDRA==", headers, body), (secret, {}, body)):
        with pytest.raises(verification.BadSignature):
            check(*wrong)


@pytest.mark.parametrize("check", [verification.bots, verification.standard])
@pytest.mark.parametrize("drift_seconds", [-400, 400])
def test_the_client_refuses_what_is_too_far_from_now(check: object, drift_seconds: float) -> None:
    told = notice("bots")
    body = payloads.body(told)
    with pytest.raises(verification.BadSignature, match="too far"):
        check(SECRET, signature.headers(told, body), body, now=time.time() + drift_seconds)
