import asyncio
import os
import signal

import pytest

from agent.daemon.supervisor import Part, Supervisor
from agent.errors import Misconfigured
from tests.waiting import PATIENCE_SECONDS


class Diary:
    """Parts that write down what is asked of them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ready = asyncio.Event()

    def part(self, name, *, fails=None, hangs=False, stop_fails=None, task=None) -> Part:
        async def start():
            self.lines.append(f"start {name}")
            if fails:
                raise fails

        async def stop():
            if hangs:
                await asyncio.Event().wait()
            self.lines.append(f"stop {name}")
            if stop_fails:
                raise stop_fails

        return Part(name, start, stop, task)

    def supervisor(self, *parts, grace_seconds=PATIENCE_SECONDS) -> Supervisor:
        return Supervisor(
            parts,
            grace_seconds=grace_seconds,
            on_ready=lambda: (self.lines.append("ready"), self.ready.set()),
            on_stopping=lambda: self.lines.append("stopping"),
        )


async def running(supervisor, diary) -> asyncio.Task:
    run = asyncio.create_task(supervisor.run())
    await asyncio.wait_for(diary.ready.wait(), PATIENCE_SECONDS)
    return run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_parts_start_in_order_and_stop_in_reverse_on_a_signal(number):
    diary = Diary()
    run = await running(diary.supervisor(diary.part("a"), diary.part("b")), diary)
    os.kill(os.getpid(), number)
    await asyncio.wait_for(run, PATIENCE_SECONDS)
    assert diary.lines == ["start a", "start b", "ready", "stopping", "stop b", "stop a"]


async def test_a_part_that_cannot_start_undoes_what_was_started():
    diary = Diary()
    parts = diary.part("a"), diary.part("b", fails=Misconfigured("port in use")), diary.part("c")
    with pytest.raises(Misconfigured, match="port in use"):
        await diary.supervisor(*parts).run()
    assert diary.lines == ["start a", "start b", "stopping", "stop b", "stop a"]


async def test_a_part_that_cannot_stop_does_not_keep_the_others():
    diary = Diary()
    supervisor = diary.supervisor(diary.part("a"), diary.part("b", stop_fails=RuntimeError("no")))
    run = await running(supervisor, diary)
    supervisor.stop()
    await asyncio.wait_for(run, PATIENCE_SECONDS)
    assert diary.lines[-1] == "stop a"


async def test_the_grace_period_is_one_for_all():
    diary = Diary()
    supervisor = diary.supervisor(
        diary.part("a", hangs=True), diary.part("b", hangs=True), grace_seconds=0.05
    )
    run = await running(supervisor, diary)
    supervisor.stop()
    await asyncio.wait_for(run, PATIENCE_SECONDS)
    assert diary.lines[-1] == "stopping"


async def test_a_second_signal_forces_the_end():
    diary = Diary()
    supervisor = diary.supervisor(diary.part("a", hangs=True), grace_seconds=60)
    run = await running(supervisor, diary)
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    supervisor.stop()
    await asyncio.wait_for(run, PATIENCE_SECONDS)
    assert "stop a" not in diary.lines


async def test_a_background_task_has_a_name_and_ends_with_its_part():
    diary, seen = Diary(), {}

    async def task():
        seen["name"] = asyncio.current_task().get_name()
        try:
            await asyncio.Event().wait()
        finally:
            diary.lines.append("task over")

    supervisor = diary.supervisor(diary.part("a", task=task))
    run = await running(supervisor, diary)
    await asyncio.sleep(0)
    supervisor.stop()
    await asyncio.wait_for(run, PATIENCE_SECONDS)
    assert seen["name"] == "a"
    assert diary.lines[-2:] == ["task over", "stop a"]


async def test_a_background_task_that_fails_ends_the_whole():
    diary = Diary()

    async def task():
        await diary.ready.wait()
        raise RuntimeError("gone")

    with pytest.raises(RuntimeError, match="gone"):
        await asyncio.wait_for(diary.supervisor(diary.part("a", task=task)).run(), PATIENCE_SECONDS)
    assert diary.lines[-1] == "stop a"


async def test_a_background_task_that_just_returns_ends_the_whole_too():
    diary = Diary()
    with pytest.raises(Exception, match="a ended by itself"):
        await asyncio.wait_for(
            diary.supervisor(diary.part("a", task=diary.ready.wait)).run(), PATIENCE_SECONDS
        )


async def test_a_stop_during_the_start_starts_no_further_part():
    diary = Diary()
    supervisor = Supervisor([])

    async def stop_now():
        supervisor.stop()

    supervisor = diary.supervisor(Part("a", start=stop_now), diary.part("b"))
    await asyncio.wait_for(supervisor.run(), PATIENCE_SECONDS)
    assert diary.lines == ["stopping"]
