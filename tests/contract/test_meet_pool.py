"""Many bots in a few browsers: places, crashes, and nothing left behind."""

import asyncio
import gc
import json
import signal
import subprocess
import sys
import textwrap
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from agent.errors import Misconfigured, NoPlace
from agent.meet.browser import Launch, choose_browser
from tests.meet_stage import Stage
from tests.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with Stage(tmp_path_factory.mktemp("pool"), bots_per_browser=2) as stage:
        yield stage


def browsers_of(data_dir: Path) -> list[dict[str, object]]:
    path = data_dir / "browsers.json"
    return json.loads(path.read_text()) if path.exists() else []


async def gone(browser: dict[str, object]) -> None:
    """Wait until its process and its profile are no more: the last of a killed family still writes for a moment."""
    await until(lambda: not psutil.pid_exists(int(str(browser["pid"]))))
    await until(lambda: not Path(str(browser["profile"])).exists())


async def test_a_crashed_browser_ends_its_own_bots_only_and_they_may_return_at_once(stage: Stage) -> None:
    bots = [await stage.bot() for _ in range(3)]
    for bot in bots:
        await stage.enter(bot)
    shared, alone = browsers_of(stage.data_dir)
    psutil.Process(int(str(shared["pid"]))).send_signal(signal.SIGKILL)
    for bot in bots[:2]:
        await bot.see("CallOver", reason="network_loss")
        await bot.close()
    assert await bots[2].caller.say("still here")
    again = await stage.bot(access="open")
    await again.caller.knock()
    await again.see("Admitted")
    await again.close()
    await bots[2].close()
    await gone(alone)
    await gone(shared)


async def test_a_crashed_page_before_the_knock_may_be_tried_again(stage: Stage) -> None:
    bot = await stage.bot()
    session = await bot.caller._place.lease.context.new_cdp_session(bot.caller._place.page)
    crashing = asyncio.create_task(session.send("Page.crash"))
    await until(lambda: bot.caller._telling.page_gone)
    await bot.caller.knock()
    await bot.see("Refused", code="network_loss", retry=True)
    await bot.close()
    await asyncio.gather(crashing, return_exceptions=True)


async def test_the_knock_is_one_press(stage: Stage) -> None:
    bot = await stage.bot(device_clicks_ignored=2, media_dialog="before")
    await bot.see("PageOpened")
    for prepared in ("media_dialog", "microphone_off", "camera_off"):
        await stage.teller.wait(bot.code, f"log:{prepared}")
    before = len((await stage.teller.observed(bot.code))["log"])
    await bot.caller.knock()
    seen = (await stage.teller.wait(bot.code, "knocked"))["log"]
    assert [line["what"] for line in seen[before:]] == ["join_click", "knocked"]
    await bot.close()


async def test_no_more_bots_than_places_and_the_reason_is_said(stage: Stage) -> None:
    meet = stage.new_meet(max_bots=1, data_dir=stage.data_dir / "small")
    await meet.start()
    first = await stage.bot(meet=meet)
    assert "All 1 places" in meet.no_place()
    with pytest.raises(NoPlace, match="All 1 places"):
        await stage.bot(meet=meet)
    await first.close()
    second = await stage.bot(meet=meet)
    await second.close()
    await meet.stop()


async def test_stopping_ends_calls_and_leaves_no_process_and_no_profile(stage: Stage) -> None:
    data_dir = stage.data_dir / "stopped"
    meet = stage.new_meet(data_dir=data_dir)
    await meet.start()
    bot = await stage.bot(meet=meet)
    await stage.enter(bot)
    (found,) = browsers_of(data_dir)
    family = psutil.Process(int(str(found["pid"]))).children(recursive=True)
    await meet.stop()
    await bot.see("CallOver", reason="network_loss")
    await bot.close()
    _gone, alive = await asyncio.to_thread(psutil.wait_procs, family, timeout=PATIENCE_SECONDS)
    assert alive == []
    await gone(found)
    assert browsers_of(data_dir) == []


async def test_a_browser_that_served_its_visits_takes_no_more_and_ends_with_its_last(stage: Stage) -> None:
    data_dir = stage.data_dir / "retired"
    meet = stage.new_meet(bots_per_browser=2, visits_per_browser=2, data_dir=data_dir)
    await meet.start()
    first, second = await stage.bot(meet=meet), await stage.bot(meet=meet)
    (retiring,) = browsers_of(data_dir)
    await first.close()
    third = await stage.bot(meet=meet)
    kept, fresh = browsers_of(data_dir)
    assert kept == retiring
    await second.close()
    await gone(retiring)
    assert browsers_of(data_dir) == [fresh]
    await third.caller.knock()
    await third.see("Knocked")
    await meet.stop()
    await third.close()
    await gone(fresh)
    assert browsers_of(data_dir) == []


async def test_of_a_visit_that_is_over_nothing_is_kept(stage: Stage) -> None:
    staying = await stage.bot()
    kept = await a_whole_visit(stage)

    def left() -> list[str]:
        gc.collect()
        return [type(part()).__name__ for part in kept if part() is not None]

    await until(lambda: not left())
    await staying.close()


async def a_whole_visit(stage: Stage) -> list[weakref.ref[object]]:
    """In, out and given back; what of it must be gone afterwards, though its browser goes on."""
    bot = await stage.bot(access="open")
    await bot.caller.knock()
    await bot.see("Admitted")
    await bot.caller.start_capture()
    await bot.caller.leave()
    await bot.close()
    place = bot.caller._place
    return [weakref.ref(part) for part in (bot.caller, bot.caller._watcher, place.session, place.page)]


async def test_what_a_killed_run_left_is_swept_by_the_next(stage: Stage, tmp_path: Path) -> None:
    left = await asyncio.to_thread(killed_run, tmp_path, f"{stage.world.base_url}/meet/abc-left-xyz")
    # The browser may have noticed by itself that its driver is gone; its profile stays in any case.
    profile = Path(str(left["profile"]))
    profile.mkdir(exist_ok=True)
    meet = stage.new_meet(data_dir=tmp_path)
    await meet.start()
    await gone(left)
    assert browsers_of(tmp_path) == []


def killed_run(data_dir: Path, url: str) -> dict[str, object]:
    """A process that opens a page and is killed; what it had written down."""
    program = textwrap.dedent(f"""
        import asyncio
        from pathlib import Path
        from agent.model.call import Visit
        from tests.meet_stage import Stage
        async def main():
            meet = Stage(Path({str(data_dir)!r})).new_meet()
            await meet.start()
            await meet.open(Visit("job", {url!r}, "Meetbot"))
            print("open", flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        assert run.stdout.readline() == "open\n"
        run.kill()
    (left,) = browsers_of(data_dir)
    return left


async def test_a_browser_that_is_not_there_is_the_operators_to_mend(stage: Stage, tmp_path: Path) -> None:
    meet = stage.new_meet(executable="/nowhere/chromium", data_dir=tmp_path)
    with pytest.raises(Misconfigured, match=r"\[browser\] executable"):
        await stage.bot(meet=meet)
    await meet.stop()


async def test_without_any_browser_it_is_said_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoBrowsers:
        class chromium:
            executable_path = "/nowhere/chrome"

    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Misconfigured, match="playwright install chromium"):
        choose_browser(Launch(), NoBrowsers())  # type: ignore[arg-type]


async def test_leaving_by_our_own_button_is_no_removal_and_no_surprise(stage: Stage) -> None:
    for _ in range(5):
        bot = await stage.bot(access="open")
        await bot.caller.knock()
        await bot.see("Admitted")
        await bot.caller.leave()
        await bot.see("CallOver", reason="requested")
        assert "Evidence" not in bot.told()
        await bot.close()
