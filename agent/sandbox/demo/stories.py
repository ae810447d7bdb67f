"""The stories themselves: what happens, told step by step over the wire, and how each must end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import httpx2

from agent.sandbox.demo import cast
from agent.sandbox.demo.stage import HOOK, Stage, StoryError

SOON_SECONDS = 3.0
PATIENCE_SECONDS = 40.0
QUESTION = "May I keep"
TERMINAL = {"completed", "failed"}
RIVAL = "Fireflies.ai Notetaker Guest"


@dataclass(frozen=True)
class Story:
    """One scenario. `ends` is what the job must show at the end; `recap` and `consent` what must have come of it."""

    name: str
    title: str
    play: Callable[[Stage], Awaitable[None]]
    ends: dict[str, Any]
    consent: bool = False
    mails: tuple[str, ...] = ()
    events: tuple[str, ...] = ("job.status_changed",)
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)


async def set_scene(stage: Stage, in_seconds: float = SOON_SECONDS, **options: Any) -> cast.Invitation:
    """Open the meeting with its host inside, and invite the bot."""
    await stage.teller.create_meeting(cast.CODE, **options)
    await stage.teller.step(cast.CODE, {"do": "join_person", "name": cast.HOST_NAME, "host": True})
    await stage.teller.step(cast.CODE, {"do": "join_person", "name": cast.GUEST_NAME})
    invitation = stage.invitation(in_seconds)
    await stage.invite(invitation)
    stage.narrate("invitation sent by SMTP")
    return invitation


async def accepted(stage: Stage) -> None:
    """Wait for the bot's answer to the invitation."""
    await stage.teller.wait_mail(to=cast.HOST, subject="Accepted", timeout=PATIENCE_SECONDS)
    stage.narrate("invitation accepted by mail (iTIP REPLY)")


async def knocked(stage: Stage) -> None:
    """Wait for the knock."""
    await stage.teller.wait(cast.CODE, "knocked", timeout=PATIENCE_SECONDS)
    stage.narrate("the bot knocked at the meeting's door")


async def let_in_and_asked(stage: Stage) -> None:
    """Admit the bot and wait for its question."""
    await stage.teller.step(cast.CODE, {"do": "admit"})
    await stage.teller.wait(cast.CODE, "in_call", timeout=PATIENCE_SECONDS)
    stage.narrate("the host let it in")
    await stage.teller.wait(cast.CODE, f"chat:{QUESTION}", timeout=PATIENCE_SECONDS)
    stage.narrate("it said who it is and asked for consent in the chat")


async def host_says(stage: Stage, text: str) -> None:
    """The host answers in the chat."""
    await stage.teller.step(cast.CODE, {"do": "say", "name": cast.HOST_NAME, "text": text})
    stage.narrate(f"the host answered: “{text}”")


async def talk(stage: Stage, lines: int = 4) -> None:
    """People talk under captions; the platform keeps its own transcript meanwhile."""
    await stage.teller.wait(cast.CODE, "captions_on", timeout=PATIENCE_SECONDS)
    stage.narrate("captions are on; people talk")
    for number, (speaker, text, _, _) in enumerate(cast.DIALOGUE[:lines]):
        words = text.split()
        half = " ".join(words[: len(words) // 2])
        said = {"do": "caption", "speaker": speaker, "id": f"c{number}"}
        await stage.teller.step(cast.CODE, said | {"text": half}, said | {"text": text, "final": True})


async def keep_record(stage: Stage, *, transcribed: bool = True) -> None:
    """The platform's own record of the conference, as it will be seen through the proxy."""
    started = datetime.now(UTC) - timedelta(seconds=90)
    entries = [
        {"speaker": who, "text": text, "start_offset_seconds": start, "end_offset_seconds": end}
        for who, text, start, end in cast.DIALOGUE
    ]
    transcripts = (
        [{"state": "FILE_GENERATED", "ready_after_seconds": 1, "entries": entries}] if transcribed else []
    )
    await stage.teller.add_conference(
        code=cast.CODE,
        start_time=started.isoformat(),
        end_time=datetime.now(UTC).isoformat(),
        participants=[{"name": cast.HOST_NAME}, {"name": cast.GUEST_NAME}],
        transcripts=transcripts,
    )


async def end_meeting(stage: Stage) -> None:
    """The host ends the call for all."""
    await stage.teller.step(cast.CODE, {"do": "end_for_all"})
    stage.narrate("the host ended the meeting")


async def enter(stage: Stage) -> None:
    """From the invitation to the question of consent."""
    await set_scene(stage)
    await accepted(stage)
    await knocked(stage)
    await let_in_and_asked(stage)


async def happy(stage: Stage) -> None:
    """Everything goes well."""
    await enter(stage)
    await host_says(stage, "yes, go ahead")
    await talk(stage)
    await keep_record(stage)
    await end_meeting(stage)


async def rival(stage: Stage) -> None:
    """Another note-taker is there."""
    await enter(stage)
    await host_says(stage, "yes")
    await stage.teller.step(cast.CODE, {"do": "join_person", "name": RIVAL})
    stage.narrate(f"“{RIVAL}” joined")
    await keep_record(stage)


async def declined(stage: Stage) -> None:
    """The host says no."""
    await enter(stage)
    await host_says(stage, "no, please don't take notes")


async def denied(stage: Stage) -> None:
    """The host does not let the bot in."""
    await set_scene(stage)
    await accepted(stage)
    await knocked(stage)
    await stage.teller.step(cast.CODE, {"do": "deny"})
    stage.narrate("the host turned it away")


async def lobby_timeout(stage: Stage) -> None:
    """Nobody answers the knock."""
    await set_scene(stage)
    await accepted(stage)
    await knocked(stage)
    stage.narrate("nobody answers")


async def removed(stage: Stage) -> None:
    """The host removes the bot after a yes."""
    await enter(stage)
    await host_says(stage, "yes")
    await talk(stage)
    await keep_record(stage)
    await stage.teller.step(cast.CODE, {"do": "remove_bot"})
    stage.narrate("the host removed the bot")


async def no_transcript(stage: Stage) -> None:
    """Consent was given, but transcription was never turned on and captions are off."""
    await set_scene(stage, captions="disabled")
    await accepted(stage)
    await knocked(stage)
    await let_in_and_asked(stage)
    await host_says(stage, "yes")
    await stage.until_job("capture to begin", lambda job: job["status"] == "recording", PATIENCE_SECONDS)
    await keep_record(stage, transcribed=False)
    await end_meeting(stage)


async def reschedule(stage: Stage) -> None:
    """The meeting is moved from tomorrow to now."""
    await stage.teller.create_meeting(cast.CODE)
    await stage.teller.step(cast.CODE, {"do": "join_person", "name": cast.HOST_NAME, "host": True})
    first = stage.invitation(86_400)
    await stage.invite(first)
    await accepted(stage)
    moved = stage.invitation(SOON_SECONDS)
    await stage.invite(cast.Invitation(first.uid, first.meet_url, moved.starts_at, sequence=1))
    stage.narrate("the meeting was moved from tomorrow to now")
    await knocked(stage)
    await let_in_and_asked(stage)
    await host_says(stage, "yes")
    await talk(stage)
    await keep_record(stage)
    await end_meeting(stage)


async def cancel(stage: Stage) -> None:
    """The meeting is cancelled before it begins."""
    invitation = await set_scene(stage, 3_600)
    await accepted(stage)
    called_off = cast.Invitation(invitation.uid, invitation.meet_url, invitation.starts_at, sequence=1)
    await stage.invite(called_off, "CANCEL")
    stage.narrate("the meeting was cancelled")


async def crash(stage: Stage) -> None:
    """The daemon is killed in the middle of the call, and comes back."""
    await enter(stage)
    await host_says(stage, "yes")
    await talk(stage, 2)
    await stage.kill_daemon()
    stage.narrate("the daemon and its browser were killed (kill -9)")
    await stage.start_daemon()
    stage.narrate("the daemon is up again")
    await stage.teller.wait(cast.CODE, "knocked", count=2, timeout=PATIENCE_SECONDS)
    await stage.teller.step(cast.CODE, {"do": "admit"})
    await stage.teller.wait(cast.CODE, "log:in_call", count=2, timeout=PATIENCE_SECONDS)
    stage.narrate("the bot is back in the meeting")
    await stage.until_job("capture to go on", lambda job: job["status"] == "recording", PATIENCE_SECONDS)
    await keep_record(stage)
    await end_meeting(stage)


RECAP = ("Accepted", "Recap")
FINALIZED = ("job.status_changed", "bot.recording_permission_response", "job.finalized")
FAILED = ("job.status_changed", "job.failed")

STORIES = {
    story.name: story
    for story in (
        Story(
            "happy",
            "From the invitation to the recap",
            happy,
            {"status": "completed", "end_reason": "ended_by_host"},
            True,
            RECAP,
            FINALIZED,
        ),
        Story(
            "rival",
            "Another note-taker is there: the bot leaves",
            rival,
            {"status": "completed", "end_reason": "rival_bot"},
            True,
            RECAP,
            (*FINALIZED, "bot.competing_bot_detected"),
            {"rivals": {"grace_seconds": 0.5}},
        ),
        Story(
            "declined",
            "The host says no: nothing is kept",
            declined,
            {"status": "completed", "end_reason": "consent_declined"},
            False,
            ("Accepted", "No notes"),
            FINALIZED,
        ),
        Story(
            "denied",
            "The host does not let the bot in",
            denied,
            {"status": "failed", "failure_code": "host_denied_admission"},
            False,
            ("Accepted",),
            FAILED,
        ),
        Story(
            "lobby-timeout",
            "Nobody answers the knock",
            lobby_timeout,
            {"status": "failed", "failure_code": "lobby_timeout"},
            False,
            ("Accepted",),
            FAILED,
            {"meet": {"lobby_seconds": 4.0, "join_attempts": 1}},
        ),
        Story(
            "removed",
            "The host removes the bot",
            removed,
            {"status": "completed", "end_reason": "removed"},
            True,
            RECAP,
            FINALIZED,
        ),
        Story(
            "no-transcript",
            "Nothing was transcribed: the recap says so",
            no_transcript,
            {"status": "completed", "end_reason": "ended_by_host"},
            True,
            RECAP,
            FINALIZED,
            {"transcript": {"wait_hours": 0.001}},
        ),
        Story(
            "reschedule",
            "The meeting is moved: the bot follows",
            reschedule,
            {"status": "completed", "end_reason": "ended_by_host"},
            True,
            RECAP,
            FINALIZED,
        ),
        Story(
            "cancel",
            "The meeting is cancelled: no bot comes",
            cancel,
            {"status": "failed", "cancelled": True, "end_reason": "cancelled_by_invite"},
            False,
            ("Accepted",),
        ),
        Story(
            "crash",
            "The daemon is killed in the call and comes back",
            crash,
            {"status": "completed", "end_reason": "ended_by_host"},
            True,
            RECAP,
            FINALIZED,
        ),
    )
}


async def until_over(stage: Stage) -> dict[str, Any]:
    """Wait until the job has ended and everything it sends has arrived; return the job."""

    def settled(job: dict[str, Any]) -> bool:
        over = job["status"] in TERMINAL
        return over and all(delivery["state"] == "done" for delivery in job["deliveries"])

    job = await stage.until_job("the job to end and its news to arrive", settled, PATIENCE_SECONDS)
    stage.narrate(f"the job is {job['status']}: {job.get('end_reason') or job.get('failure_code')}")
    return job


async def tell(
    stage: Stage, story: Story
) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """Play a story to its end. Returns the job, the mails and the webhook deliveries that arrived.

    Raises `StoryError` when something that was waited for does not come.
    """
    try:
        await story.play(stage)
        job = await until_over(stage)
        for subject in story.mails:
            await stage.teller.wait_mail(subject=subject, timeout=PATIENCE_SECONDS)
        for event in story.events:
            await stage.teller.wait_deliveries(HOOK, event, timeout=PATIENCE_SECONDS)
    except httpx2.HTTPStatusError as error:
        what = f"{error.request.url.path} ({unquote(error.request.url.query.decode())})"
        raise StoryError(f"The world waited in vain: {what}.\n{stage.last_words()}") from error
    mails, hooks = await asyncio.gather(stage.teller.mails(), stage.teller.deliveries(HOOK))
    return job, mails, hooks
