"""A whole meeting in the fake world, under any code: open its door, and hold it once a bot is on its way."""

from datetime import UTC, datetime, timedelta

from agent.sandbox.demo import cast, stories
from agent.sandbox.demo.stage import Stage

PATIENCE_SECONDS = 60.0
LINES = 4


async def open_door(stage: Stage, code: str) -> str:
    """Let the host wait in a meeting that anybody may enter; return its link."""
    await stage.teller.create_meeting(code, access="open")
    await stage.teller.step(code, {"do": "join_person", "name": cast.HOST_NAME, "host": True})
    return stage.meet_url(code)


async def hold(stage: Stage, code: str) -> None:
    """Say yes to the bot's question, talk, and end the call; the platform keeps its own record."""
    await stage.teller.wait(code, f"chat:{stories.QUESTION}", timeout=PATIENCE_SECONDS)
    await stage.teller.step(code, {"do": "say", "name": cast.HOST_NAME, "text": "yes, go ahead"})
    await stage.teller.wait(code, "captions_on", timeout=PATIENCE_SECONDS)
    for number, (speaker, text, _, _) in enumerate(cast.DIALOGUE[:LINES]):
        said = {"do": "caption", "speaker": speaker, "id": f"c{number}", "text": text, "final": True}
        await stage.teller.step(code, said)
    entries = [
        {"speaker": who, "text": text, "start_offset_seconds": start, "end_offset_seconds": end}
        for who, text, start, end in cast.DIALOGUE
    ]
    await stage.teller.add_conference(
        code=code,
        start_time=(datetime.now(UTC) - timedelta(seconds=90)).isoformat(),
        end_time=datetime.now(UTC).isoformat(),
        participants=[{"name": cast.HOST_NAME}, {"name": cast.GUEST_NAME}],
        transcripts=[{"state": "FILE_GENERATED", "ready_after_seconds": 1, "entries": entries}],
    )
    await stage.teller.step(code, {"do": "end_for_all"})
