"""How the bot behaves in one call: the operator's habits, with what this job overrides."""

from dataclasses import asdict
from hashlib import sha256
from typing import Any

from agent.lifecycle.house import Habits
from agent.model.tables import Job
from agent.rules.conduct import Policy
from agent.rules.standing import CallHabits

# What a job may override, whichever door the wish came by.
OVERRIDES = frozenset(
    {
        "alone_seconds",
        "answer_seconds",
        "bots_only_seconds",
        "captions_enabled",
        "consent_policy",
        "lobby_seconds",
        "max_seconds",
        "nobody_seconds",
        "nudge_seconds",
        "on_no_answer",
        "recording",
        "rivals_grace_seconds",
        "rivals_policy",
        "silence_seconds",
        "who",
    }
)


def call_policy(habits: Habits, job: Job) -> Policy:
    """Return the policy of one job's call."""
    return Policy(
        bot_name=str(job.options.get("display_name") or habits.bot_name),
        inviter_name=_name_of(job, job.inviter),
        inviter_email=job.inviter,
        invited=tuple(
            (str(person.get("name", "")), str(person["email"]))
            for person in job.invited
            if person["email"] != habits.bot_email
        ),
        recap_recipients=str(job.options.get("recipients") or habits.recap_recipients),
        language=str(job.options.get("language") or habits.language),
        starts_at=job.starts_at,
        ends_at=job.ends_at,
        mark=sha256(job.public_id.encode()).hexdigest()[:6],
        **_call(habits.call, job),
    )


def _call(call: CallHabits, job: Job) -> dict[str, Any]:
    return asdict(call) | {name: value for name, value in job.options.items() if name in OVERRIDES}


def _name_of(job: Job, email: str) -> str:
    return next((str(person.get("name", "")) for person in job.invited if person["email"] == email), "")
