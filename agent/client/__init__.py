"""The Python client of a Meetbot server, for programs and for the command line.

    from agent.client import Meetbot, jobs

    with Meetbot("https://meetbot.example.com", "mb_live_…") as meetbot:
        job = meetbot.send(jobs.create("https://meet.google.com/abc-defg-hij", title="Weekly review"))
        for entry in meetbot.each(jobs.transcript(job["id"])):
            print(entry["speaker"], entry["text"])

A call is a value made by `jobs`, `bots`, `recordings`, `webhooks` or `account`; `Meetbot` sends it and waits,
`AsyncMeetbot` sends it with `await`. Both retry what may be retried. `verification` checks the webhooks that a server sends.
"""

from agent.client import account, bots, jobs, recordings, verification, webhooks
from agent.client.asynchronous import AsyncMeetbot
from agent.client.calls import Call, Listing
from agent.client.errors import (
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    ServerError,
    Unauthorized,
    Unreachable,
)
from agent.client.synchronous import Meetbot

__all__ = [
    "ApiError",
    "AsyncMeetbot",
    "Call",
    "Conflict",
    "Forbidden",
    "Invalid",
    "Listing",
    "Meetbot",
    "NotFound",
    "RateLimited",
    "ServerError",
    "Unauthorized",
    "Unreachable",
    "account",
    "bots",
    "jobs",
    "recordings",
    "verification",
    "webhooks",
]
