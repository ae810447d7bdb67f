"""`python -m tests.postman_run`: newman runs the committed collection against a real server in the fake world.

Every request must be sent, and answer as described. The folder of workers comes last, when every place for a bot is taken and
a job waits for one. Needs npx; ends with another status than 0 when a check fails.
"""

import asyncio
import json
import re
import shutil
import sys
import tempfile
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from agent.sandbox.demo import cast, stories
from agent.sandbox.demo.stage import Stage
from tests.told_meeting import PATIENCE_SECONDS, hold, open_door

COLLECTION = Path(__file__).parents[1] / "docs" / "meetbot.postman_collection.json"
NEWMAN = "newman@6"
STRIPE_SECRET = "whsec_stripe_sandbox"
PASSWORD = "correct horse battery staple"
PROVER, FORGETFUL = "prover@example.com", "forgetful@example.com"
CODES = ("aaa-aaaa-aaa", "bbb-bbbb-bbb")
OPEN_CODES, CLOSED_CODE = ("ccc-cccc-ccc", "ddd-dddd-ddd"), "eee-eeee-eee"
SCOPES = ("read", "write", "intake", "ingest")
PLACES, WORKERS = 3, "ingest"
SETTINGS: dict[str, dict[str, Any]] = {
    "api": {"registration": "open", "requests_per_minute": 6_000, "requests_per_hour": 100_000},
    "browser": {"max_bots": PLACES},
    "recording": {"mode": "audio"},
    "stripe": {"webhook_secret": STRIPE_SECRET},
}


async def finished(stage: Stage, code: str) -> str:
    """Play a meeting that leaves a recording, words and notes; return its job's id."""
    job_id = await sent_to(stage, await open_door(stage, code))
    await hold(stage, code)
    return await until_settled(stage, job_id)


async def failed(stage: Stage) -> None:
    """Send a bot to a meeting that is not there."""
    await stage.teller.create_meeting(CLOSED_CODE, access="not_found")
    await until_settled(stage, await sent_to(stage, stage.meet_url(CLOSED_CODE)))


async def sent_to(stage: Stage, meeting_url: str) -> str:
    made = await stage.api.post("/api/v1/jobs", json={"meetingUrl": meeting_url, "title": cast.TITLE})
    return str(made.json()["id"])


async def until_settled(stage: Stage, job_id: str) -> str:
    async def look() -> bool:
        job = (await stage.api.get(f"/api/v1/jobs/{job_id}")).json()
        over = job["status"] in stories.TERMINAL
        return over and all(sent["state"] == "done" for sent in job["deliveries"])

    await stage.until(f"{job_id} to be over", look, PATIENCE_SECONDS)
    return job_id


async def proofs(stage: Stage) -> dict[str, str]:
    """Make two accounts, and return tokens that came by mail: one proves an address, one lets a password be chosen."""
    for address in (PROVER, FORGETFUL):
        await stage.api.post("/v1/auth/register", json={"email": address, "password": PASSWORD})
    confirmed = {"token": await mailed(stage, FORGETFUL, "verify"), "password": PASSWORD}
    (await stage.api.post("/v1/auth/verify", json=confirmed)).raise_for_status()
    await stage.api.post("/v1/auth/forgot", json={"email": FORGETFUL})
    return {
        "verifyToken": await mailed(stage, PROVER, "verify"),
        "resetToken": await mailed(stage, FORGETFUL, "reset"),
    }


async def mailed(stage: Stage, address: str, purpose: str) -> str:
    async def look() -> str:
        for mail in await stage.teller.mails():
            if address in mail["rcpt_tos"]:
                letter = message_from_bytes(await stage.teller.raw_mail(mail["id"]), policy=policy.default)
                found = re.search(
                    rf"/proof/{purpose}\?token=([\w.-]+)", letter.get_body(("plain",)).get_content()
                )
                if found:
                    return found[1]
        return ""

    return str(await stage.until(f"{address} to get the way to {purpose}", look, PATIENCE_SECONDS))


async def environment(stage: Stage) -> dict[str, str]:
    """Set the world up, and return what a person would fill in."""
    made = await stage.command(
        "keys", "create", "--user", cast.HOST, "--name", "postman", "--json",
        *(word for scope in SCOPES for word in ("--scope", scope)),
    )  # fmt: skip
    disposable, *_ = await asyncio.gather(*(finished(stage, code) for code in CODES), failed(stage))
    bots = (await stage.api.get("/v1/bots", params={"page_size": 100})).json()["bots"]
    spare = next(bot["id"] for bot in bots if bot["jobId"] == disposable)
    (await stage.api.post(f"/v1/recordings/{spare}/share")).raise_for_status()
    return {
        "baseUrl": stage.base_url,
        "apiKey": json.loads(made)["key"],
        "meetingUrl": await open_door(stage, OPEN_CODES[0]),
        "otherMeetingUrl": await open_door(stage, OPEN_CODES[1]),
        "hookUrl": f"{stage.world.base_url}/hooks/postman",
        "disposableBotId": str(spare),
        "stripeSecret": STRIPE_SECRET,
        **await proofs(stage),
    }


async def take_all_places(stage: Stage) -> None:
    """Send one bot more than there is place for."""
    for number in range(PLACES + 1):
        await sent_to(stage, await open_door(stage, f"www-wait-ww{'abcd'[number]}"))


async def newman(folders: list[str], variables: dict[str, str], report: Path) -> int:
    """Run these folders of the collection, and return newman's exit status."""
    given = [word for name, value in variables.items() for word in ("--env-var", f"{name}={value}")]
    only = [word for name in folders for word in ("--folder", name)]
    runner = await asyncio.create_subprocess_exec(
        "npx", "--yes", NEWMAN, "run", str(COLLECTION), *given, *only,
        "--timeout-request", "30000", "--color", "off", "--reporters", "cli,json",
        "--reporter-json-export", str(report), "--reporter-cli-no-banner",
    )  # fmt: skip
    return await runner.wait()


def sent(report: Path) -> set[str]:
    """Return the requests that were sent, as newman's own report tells."""
    run = json.loads(report.read_text())["run"]
    return {one["item"]["name"] for one in run["executions"] if "response" in one}


async def main() -> int:
    items = json.loads(COLLECTION.read_text())["item"]
    first = [folder["name"] for folder in items if folder["name"] != WORKERS]
    wanted = [request["name"] for folder in items for request in folder["item"]]
    with tempfile.TemporaryDirectory(prefix="meetbot-postman-") as folder:
        report = Path(folder) / "report.json"
        async with Stage(Path(folder) / "stage", print, SETTINGS) as stage:
            variables = await environment(stage)
            status, known = await newman(first, variables, report), sent(report)
            await take_all_places(stage)
            status = await newman([WORKERS], variables | {"worker": "postman"}, report) or status
            for name in (missed := [name for name in wanted if name not in known | sent(report)]):
                print(f"not sent: {name}", file=sys.stderr)
            return 1 if status or missed else 0


if __name__ == "__main__":
    if shutil.which("npx") is None:
        sys.exit(
            "newman runs by npx, which is not here: install Node.js (Debian: apt-get install nodejs npm)."
        )
    sys.exit(asyncio.run(main()))
