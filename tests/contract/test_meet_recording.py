"""The recording of a call: only after it was asked for, on disk as it goes, whole after a crash."""

import asyncio
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from agent.rules import webm
from tests.meet_stage import Bot, Stage
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
WEBM = b"\x1a\x45\xdf\xa3"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with Stage(tmp_path_factory.mktemp("recording")) as stage:
        yield stage


async def in_call(stage: Stage, mode: str, path: str) -> Bot:
    bot = await stage.bot(access="open", visit={"recording": mode, "recording_path": path})
    await bot.caller.knock()
    await bot.see("Admitted")
    return bot


async def size_reaches(path: Path, size: int) -> None:
    await until(lambda: path.exists() and path.stat().st_size >= size)


def clusters(path: Path) -> int:
    return path.read_bytes().count(b"\x1f\x43\xb6\x75")


@pytest.mark.parametrize("mode", ["audio", "video"])
async def test_pieces_are_on_disk_while_the_call_goes_on(stage: Stage, mode: str) -> None:
    bot = await in_call(stage, mode, f"recordings/{mode}.webm")
    path = stage.data_dir / "recordings" / f"{mode}.webm"
    assert not path.exists()
    await bot.caller.start_capture()
    await size_reaches(path, 300)
    assert path.read_bytes().startswith(WEBM)
    assert path.stat().st_mode & 0o077 == 0
    await bot.caller.stop_capture()
    size = path.stat().st_size
    assert clusters(path) >= 1
    await bot.caller.say("no more is taken")
    assert path.stat().st_size == size
    await bot.close()


async def test_a_second_stay_does_not_spoil_the_first_ones_file(stage: Stage) -> None:
    for name in ("twice.webm", "twice-2.webm"):
        bot = await in_call(stage, "audio", "twice.webm")
        await bot.caller.start_capture()
        await size_reaches(stage.data_dir / name, 100)
        await bot.close()
        assert (stage.data_dir / name).read_bytes().startswith(WEBM)


async def test_a_disk_that_takes_nothing_is_told_and_the_captions_go_on(stage: Stage) -> None:
    (stage.data_dir / "in-the-way").write_text("a file where a directory should be")
    bot = await in_call(stage, "audio", "in-the-way/call.webm")
    await bot.caller.start_capture()
    await bot.see("Evidence", has="no recording")
    await stage.teller.step(bot.code, {"do": "caption", "speaker": "Host Person", "text": "one two three"})
    await bot.see("Captioned", text="one two three")
    await bot.close()


async def test_nothing_is_recorded_where_it_is_off(stage: Stage) -> None:
    bot = await in_call(stage, "off", "off.webm")
    await bot.caller.start_capture()
    await bot.caller.stop_capture()
    assert not (stage.data_dir / "off.webm").exists()
    await bot.close()


@pytest.mark.parametrize("mode", ["audio", "video"])
async def test_a_killed_run_leaves_all_but_the_last_seconds_to_be_played(
    stage: Stage, tmp_path: Path, mode: str
) -> None:
    code = f"kil-{'audi' if mode == 'audio' else 'vide'}-xyz"
    await stage.teller.create_meeting(code, access="open")
    path = tmp_path / "call.webm"
    run = await recording_run(tmp_path, f"{stage.world.base_url}/meet/{code}", mode)
    try:
        await size_reaches(path, 100)
        while webm.duration_seconds(path.read_bytes()) < 2:
            await size_reaches(path, path.stat().st_size + 1)
    finally:
        run.kill()
        await run.wait()
    left = path.read_bytes()
    assert left.startswith(WEBM)
    assert webm.duration_seconds(left[: whole_bytes(left)]) >= 2


async def recording_run(data_dir: Path, url: str, mode: str) -> asyncio.subprocess.Process:
    """A process that records a call until it is killed."""
    program = textwrap.dedent(f"""
        import asyncio
        from pathlib import Path
        from agent.model.call import Visit
        from tests.meet_stage import Bot, Stage
        async def main():
            meet = Stage(Path({str(data_dir)!r})).new_meet()
            await meet.start()
            visit = Visit("job", {url!r}, "Meetbot", recording={mode!r}, recording_path="call.webm")
            bot = Bot("code", await meet.open(visit))
            await bot.caller.knock()
            await bot.see("Admitted")
            await bot.caller.start_capture()
            await asyncio.sleep(300)
        asyncio.run(main())
    """)
    return await asyncio.create_subprocess_exec(sys.executable, "-c", program)


def whole_bytes(data: bytes) -> int:
    """How far a player gets: up to the element that was being written."""
    at, containers = 0, {0x18538067, 0x1F43B675}
    while at < len(data):
        element, body = element_number(data, at, keep_marker=True)
        size, body = element_number(data, body, keep_marker=False)
        end = body if element in containers else body + size
        if body > len(data) or end > len(data):
            break
        at = end
    return at


def element_number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """One of EBML's numbers and where it ends; past the data where it is torn."""
    length = 9 - data[at].bit_length() if at < len(data) else 8
    value = int.from_bytes(data[at : at + length], "big")
    return (value if keep_marker else value - (1 << (7 * length))), at + length
