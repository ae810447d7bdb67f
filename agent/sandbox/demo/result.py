"""What a told story came to, as one JSON object, and what is wrong with it."""

from collections import Counter
from datetime import datetime
from email import message_from_bytes, policy
from typing import Any

from agent.sandbox.demo.stage import Stage
from agent.sandbox.demo.stories import Story


async def gather(
    stage: Stage,
    story: Story,
    told: tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]],
    total_seconds: float,
) -> dict[str, Any]:
    """Return the result of a story. `ok` is True only if all of it really arrived; `problems` says what did not."""
    job, mails, hooks = told
    summary = job["summary"] or {}
    answers = [entry for entry in job["consent"] if entry["outcome"] in {"granted", "declined"}]
    answer = answers[-1] if answers else {}
    result: dict[str, Any] = {
        "ok": False,
        "scenario": story.name,
        "job": {
            name: job.get(name)
            for name in ("id", "status", "end_reason", "failure_code", "cancelled", "timeline")
        },
        "consent": {
            "granted": any(entry["outcome"] == "granted" for entry in answers),
            "who": answer.get("who", ""),
            "words": answer.get("words", ""),
        },
        "rivals": [person["name"] for person in job["participants"] if person["kind"] == "rival"],
        "transcript": job["transcript"],
        "summary": {
            "engine": summary.get("engine"),
            "decisions": len(summary.get("decisions", ())),
            "action_items": len(summary.get("action_items", ())),
            "citations_valid": _citations_valid(summary, job["transcript"]["entries"]),
        },
        "mail": [
            {"to": ", ".join(mail["rcpt_tos"]), "subject": mail["subject"], "path": mail["paths"][0]}
            for mail in mails
        ],
        "webhooks": [_webhook(delivery) for delivery in hooks],
        "urls": {"dashboard": f"{stage.base_url}/", "api_docs": f"{stage.base_url}/docs"},
        "seconds": {"total": round(total_seconds, 2), **_timings(job, mails)},
    }
    result["problems"] = [*_unmet(story, result, job), *await _broken_threads(stage, mails)]
    result["ok"] = not result["problems"]
    return result


def _citations_valid(summary: dict[str, Any], entries: int) -> bool:
    """Whether every statement points at entries that exist."""
    statements = [
        statement
        for part in ("tldr", "topics", "decisions", "action_items", "open_questions")
        for statement in summary.get(part, ())
    ]
    cited = [number for statement in statements for number in statement["cites"]]
    return all(statement["cites"] for statement in statements) and all(
        1 <= number <= entries for number in cited
    )


def _webhook(delivery: dict[str, Any]) -> dict[str, Any]:
    checked = [verdict for verdict in delivery["signatures"].values() if verdict is not None]
    return {
        "event": delivery["event"],
        "delivery_id": delivery["id"],
        "status": delivery["answered"],
        "signature_ok": bool(checked) and all(checked),
    }


def _timings(job: dict[str, Any], mails: list[dict[str, Any]]) -> dict[str, float | None]:
    at = {line["kind"]: _instant(line["at"]) for line in reversed(job["timeline"])}
    recaps = [datetime.fromisoformat(mail["at"]) for mail in mails if mail["subject"].startswith("Recap")]

    def between(start: datetime | None, end: datetime | None) -> float | None:
        return round((end - start).total_seconds(), 3) if start and end else None

    return {
        "invite_to_job": between(at.get("invitation_seen"), at.get("job_created")),
        "due_to_knock": between(_instant(job["joinAt"]), at.get("knocked")),
        "left_to_mail": between(at.get("left"), min(recaps, default=None)),
    }


def _unmet(story: Story, result: dict[str, Any], job: dict[str, Any]) -> list[str]:
    found = [
        f"job.{name} is {job.get(name)!r}, not {wanted!r}"
        for name, wanted in story.ends.items()
        if job.get(name) != wanted
    ]
    if result["consent"]["granted"] is not story.consent:
        found.append(f"consent granted is {result['consent']['granted']}")
    if not all(hook["signature_ok"] for hook in result["webhooks"]):
        found.append("a webhook's signature is wrong")
    doubled = [
        key for key, count in Counter(hook["delivery_id"] for hook in result["webhooks"]).items() if count > 1
    ]
    if story.name != "crash":  # a kill between the post and its record repeats the post, under the same id
        found += [f"delivery {key} arrived more than once" for key in doubled]
    finalized = sum(hook["event"] == "job.finalized" for hook in result["webhooks"])
    if finalized > 1:
        found.append(f"job.finalized arrived {finalized} times")
    subjects = Counter((mail["to"], mail["subject"]) for mail in result["mail"])
    allowed = 2 if story.name == "reschedule" else 1  # the answer to the change has the same subject
    found += [f"mail {key} arrived {count} times" for key, count in subjects.items() if count > allowed]
    if not result["summary"]["citations_valid"]:
        found.append("a statement of the summary cites nothing that was said")
    return found


async def _broken_threads(stage: Stage, mails: list[dict[str, Any]]) -> list[str]:
    """A recap that does not answer the invitation is lost in the inbox."""
    found = []
    for mail in mails:
        if mail["subject"].startswith("Recap"):
            message = message_from_bytes(await stage.teller.raw_mail(mail["id"]), policy=policy.default)
            if not message["In-Reply-To"]:
                found.append("the recap is not threaded on the invitation")
    return found


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
