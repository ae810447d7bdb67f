"""How fast the API reads, beside a bare FastAPI with one query: `python bench/api.py [--meetings 10000] [--seconds 8]`.

Both servers run in processes of their own over the same database, are asked in turn by the same client, and so share
whatever else the machine does. The bare one knows no keys, limits, totals or shapes: it sends rows as they are. One bot is
what is promised of; a page of the list and a transcript are told beside it. Prints one JSON object; exits 1 when a target is
missed.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI, HTTPException
from sqlmodel import col, select

from agent.daemon.clock import SystemClock
from agent.daemon.logging import configure
from agent.engine import Engine
from agent.lifecycle.house import BOTS_QUEUE, JOBS_QUEUE, Habits, House
from agent.lifecycle.people.accounts import Accounts
from agent.model.tables import Job, JobEvent, TranscriptEntry
from agent.store.database import Database
from agent.web import server
from agent.web.desk import Choices, furnish

LINES_A_MEETING = 100
EVENTS_A_MEETING = 12
CONNECTIONS = 16  # enough to keep a server busy, for the ratio
READERS = 4  # people who read at the same time, for the latency
BATCH = 20_000
KEYS = 200  # as many callers as would ask so much
MANY = 1_000_000
ROUNDS = 4
NEWEST = select(Job).order_by(col(Job.id).desc()).limit(20)
LEAST_RATIO = 0.6
MOST_P95_MS = 100.0


def house_on(path: Path) -> House:
    database = Database(f"sqlite:///{path}")
    engine = Engine(database, queues={BOTS_QUEUE: 1, JOBS_QUEUE: 1})
    idle: Any = object()
    return House(
        database=database,
        engine=engine,
        clock=SystemClock(),
        meet=idle,
        transcripts=idle,
        summariser=idle,
        letters=idle,
        mailer=idle,
        hooks=idle,
        reader=idle,
        habits=Habits(data_dir=path.parent),
    )


def ours(path: Path) -> FastAPI:
    """The product as it is served: with its log, its quotas and its book of requests."""
    configure("info", "json", Path(os.devnull).open("w"))  # noqa: SIM115 - open as long as the server
    choices = Choices(version="bench", requests_per_minute=MANY, requests_per_hour=MANY)
    return server.create(furnish(house_on(path), choices))


def bare(path: Path) -> FastAPI:
    database, app = Database(f"sqlite:///{path}"), FastAPI()

    @app.get("/v1/bots/{bot_id}")
    def get(bot_id: int) -> dict[str, Any]:
        with database.read() as session:
            job = session.get(Job, bot_id)
            if job is None:
                raise HTTPException(404)
            return job.model_dump()

    @app.get("/v1/bots")
    def page() -> list[dict[str, Any]]:
        with database.read() as session:
            return [job.model_dump() for job in session.exec(NEWEST).all()]

    @app.get("/v1/transcripts/{bot_id}")
    def transcript(bot_id: int) -> list[dict[str, Any]]:
        said = select(TranscriptEntry).where(TranscriptEntry.job_id == bot_id)
        with database.read() as session:
            return [entry.model_dump() for entry in session.exec(said).all()]

    return app


def fill(path: Path, meetings: int) -> list[str]:
    """Make one person with so many meetings, and return their keys."""
    house = house_on(path)
    house.database.migrate()
    accounts = Accounts(house)
    user = accounts.create_user("host@example.com")
    keys = [accounts.create_key("host@example.com", "bench")[1] for _ in range(KEYS)]
    began = datetime.now(UTC) - timedelta(days=400)
    with house.database.engine.begin() as connection:
        for number in range(1, meetings + 1):
            connection.execute(sa.insert(Job), [_job(number, user.id or 0, began)])
        rows: list[dict[str, Any]] = []
        for number in range(1, meetings + 1):
            rows += _lines(number, began)
            if len(rows) >= BATCH or number == meetings:
                connection.execute(sa.insert(TranscriptEntry), rows)
                rows = []
        events = [
            {"job_id": number, "at": began, "kind": "knocked", "data": {}}
            for number in range(1, meetings + 1)
            for _ in range(EVENTS_A_MEETING)
        ]
        connection.execute(sa.insert(JobEvent), events)
    with house.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("ANALYZE"))
    house.database.close()
    return keys


def _job(number: int, user_id: int, began: datetime) -> dict[str, Any]:
    at = began + timedelta(minutes=50 * number)
    job = Job(
        id=number,
        public_id=f"job_{number:026d}",
        key=f"bench:{number}",
        user_id=user_id,
        state="completed",
        title=f"Meeting {number}",
        meeting_url="https://meet.google.com/abc-defg-hij",
        meeting_code="abc-defg-hij",
        join_at=at,
        starts_at=at,
        admitted_at=at,
        left_at=at + timedelta(minutes=40),
        created_at=at,
        updated_at=at,
        transcript_source="meet",
        inviter="host@example.com",
    )
    return job.model_dump()


def _lines(number: int, began: datetime) -> list[dict[str, Any]]:
    return [
        {
            "job_id": number,
            "source": "meet",
            "ordinal": ordinal,
            "key": str(ordinal),
            "speaker": f"Person {ordinal % 4}",
            "text": "We agreed to look at the numbers again on Monday, before anything is announced.",
            "started_at": began + timedelta(seconds=10 * ordinal),
            "ended_at": began + timedelta(seconds=10 * ordinal + 8),
        }
        for ordinal in range(1, LINES_A_MEETING + 1)
    ]


class Load:
    """Asks one server over kept connections; `spent` has the seconds of each answer."""

    def __init__(self, port: int, keys: list[str], paths: list[str]) -> None:
        self.port, self.keys, self.paths = port, keys, paths
        self.spent: list[float] = []
        self.refused = 0

    async def run(self, seconds: float, connections: int = CONNECTIONS) -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*[self._ask(until, number) for number in range(connections)])

    async def _ask(self, until: float, number: int) -> None:
        dice = random.Random(number)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while time.perf_counter() < until:
            path = dice.choice(self.paths)
            began = time.perf_counter()
            head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {dice.choice(self.keys)}\r\n\r\n"
            writer.write(head.encode())
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(answer.split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            self.spent.append(time.perf_counter() - began)
            self.refused += not answer.startswith(b"http/1.1 200")
        writer.close()

    def figures(self, seconds: float) -> dict[str, float]:
        cuts = statistics.quantiles(self.spent, n=100)
        return {
            "per_second": round(len(self.spent) / seconds, 1),
            "p50_ms": round(cuts[49] * 1000, 1),
            "p95_ms": round(cuts[94] * 1000, 1),
            "p99_ms": round(cuts[98] * 1000, 1),
            "refused": self.refused,
        }


def start(which: str, path: Path, port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, __file__, "--serve", which, "--db", str(path), "--port", str(port)]
    )


async def listening(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def compare(path: Path, keys: list[str], meetings: int, seconds: float) -> dict[str, Any]:
    ports = {"bare": 18_761, "ours": 18_762}
    servers = [start(which, path, port) for which, port in ports.items()]
    try:
        for port in ports.values():
            await listening(port)
        numbers = random.Random(1).sample(range(1, meetings + 1), 500)
        found = {
            "get": await _beside(ports, keys, [f"/v1/bots/{number}" for number in numbers], seconds),
            "list": await _beside(ports, keys, ["/v1/bots"], seconds / 2),
            "transcript": await _beside(
                ports, keys, [f"/v1/transcripts/{one}" for one in numbers], seconds / 2
            ),
        }
        mixed = Load(ports["ours"], keys, _mix(meetings))
        await mixed.run(seconds, READERS)
    finally:
        for process in servers:
            process.terminate()
            process.wait()
    return {**found, "mixed": mixed.figures(seconds)}


async def _beside(ports: dict[str, int], keys: list[str], paths: list[str], seconds: float) -> dict[str, Any]:
    """Ask both servers for the same, in turn."""
    loads = {which: Load(port, keys, paths) for which, port in ports.items()}
    for _ in range(ROUNDS):
        for load in loads.values():
            await load.run(seconds / ROUNDS)
    told = {which: load.figures(seconds) for which, load in loads.items()}
    return {**told, "ratio": round(told["ours"]["per_second"] / told["bare"]["per_second"], 3)}


def _mix(meetings: int) -> list[str]:
    numbers = random.Random(2).sample(range(1, meetings + 1), 200)
    kinds = ["bots/{}", "bots/{}/events", "bots/{}/logs", "transcripts/{}", "transcripts/{}/status"]
    paths = [f"/v1/{kind.format(number)}" for number in numbers for kind in kinds]
    return paths + ["/v1/bots", "/v1/bots?status=DONE&page=20", "/v1/events?botId=7"] * 60


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--meetings", type=int, default=10_000)
    asked.add_argument("--seconds", type=float, default=8.0)
    asked.add_argument("--serve", choices=["ours", "bare"])
    asked.add_argument("--db", type=Path)
    asked.add_argument("--port", type=int, default=0)
    wanted = asked.parse_args()
    if wanted.serve:
        app = ours(wanted.db) if wanted.serve == "ours" else bare(wanted.db)
        uvicorn.run(app, port=wanted.port, log_config=None, access_log=False)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        keys = fill(path, wanted.meetings)
        found = asyncio.run(compare(path, keys, wanted.meetings, wanted.seconds))
    found |= {"meetings": wanted.meetings, "transcript_lines": wanted.meetings * LINES_A_MEETING}
    found["ok"] = found["get"]["ratio"] >= LEAST_RATIO and found["mixed"]["p95_ms"] <= MOST_P95_MS
    print(json.dumps(found))
    sys.exit(0 if found["ok"] else 1)


if __name__ == "__main__":
    main()
