"""The API against its own description, by schemathesis: no failure of the server, no answer that is not described.

A few cases for each operation and identity by default; MEETBOT_LONG_TESTS=1 tries the edges of every field.
"""

import asyncio
import os
import sys

import pytest
import pytest_asyncio
import sqlalchemy as sa

from agent.model.tables import ApiKey
from tests.bots_stage import BotsStage

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]
LONG = os.environ.get("MEETBOT_LONG_TESTS") == "1"
PHASES, EXAMPLES = ("examples,coverage,fuzzing", "20") if LONG else ("examples,fuzzing", "1")
LEFT_OUT = "positive_data_acceptance"  # well-formed wishes may still be refused for what they mean
PASSWORD = "correct horse battery"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory):
    async with BotsStage(tmp_path_factory.mktemp("description")) as one:
        yield one


async def credentials(stage, who):
    if who == "nobody":
        return None
    if who == "signed in":
        guest = await stage.stranger()
        body = {"email": "signed-in@example.com", "password": PASSWORD}
        return (await guest.post("/v1/auth/register", json=body)).json()["access_token"]
    address = "operator@example.com" if who == "operator" else "key@example.com"
    text = stage.key(address)
    with stage.database.write() as session:
        # Out of reach of generated numbers, so that the run does not revoke the key it lives by.
        session.execute(sa.update(ApiKey).where(ApiKey.last4 == text[-4:]).values(id=ApiKey.id + 7_000_000))
    stage.finished(address, recording=True, summary=True)
    return text


@pytest.mark.parametrize("who", ["nobody", "signed in", "key", "operator"])
async def test_the_server_does_what_its_description_says(stage, who, tmp_path):
    token = await credentials(stage, who)
    command = [
        "run",
        f"{stage.url}/openapi.json",
        f"--phases={PHASES}",
        f"--max-examples={EXAMPLES}",
        f"--exclude-checks={LEFT_OUT}",
        "--include-path-regex=^/(v1|api/v1|webhooks|healthz|readyz)",
        "--exclude-path=/v1/auth/logout",
        "--workers=1",
        "--generation-deterministic",
        "--continue-on-failure",
        "--no-color",
    ]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    run = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "schemathesis.cli",
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    told, _ = await run.communicate()
    assert run.returncode == 0, told.decode()[-8000:]
    assert b"Tested: " in told
