import asyncio
import socket
import urllib.request

import pytest

from agent.daemon.metrics import Metrics, Reading
from agent.errors import Misconfigured


async def scraped(metrics: Metrics) -> str:
    url = f"http://127.0.0.1:{metrics.port}/metrics"
    return await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=30).read().decode())


async def test_readings_are_taken_when_somebody_asks():
    number = iter(range(10))
    readings = [
        Reading("bots", "Bots at work.", lambda: next(number)),
        Reading("jobs", "Jobs by state.", lambda: {"scheduled": 2, "failed": 1}, label="state"),
    ]
    metrics = Metrics(readings, "127.0.0.1", 0)
    await metrics.start()
    try:
        first, second = await scraped(metrics), await scraped(metrics)
    finally:
        await metrics.stop()
    assert "meetbot_bots 0.0" in first
    assert "meetbot_bots 1.0" in second
    assert 'meetbot_jobs{state="scheduled"} 2.0' in first
    assert "process_cpu_seconds_total" in first


async def test_a_port_in_use_is_told_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        metrics = Metrics([], "127.0.0.1", taken.getsockname()[1])
        with pytest.raises(Misconfigured, match=r"change metrics\.host or metrics\.port"):
            await metrics.start()
        await metrics.stop()
