"""How long one look at Meet takes: many entries, every request delayed, against the shortest chain of requests.

python -m bench.harvest [--entries 2000] [--delay 0.1] [--people 12]
"""

import argparse
import asyncio
import json
import math
from multiprocessing import get_context
from time import perf_counter, process_time

from agent.daemon.clock import SystemClock
from agent.okoro.client import OkoroClient
from agent.okoro.endpoints import LIST_ENTRIES
from agent.okoro.harvest import ProxyTranscripts
from bench.slow_proxy import END, START, serve

CODE = "abc-defg-hij"
INTENT = "Measure how long a harvest takes"
CHAIN_BEFORE_ENTRIES = 3  # token, records, transcripts


def measure(entries: int, delay_seconds: float, people: int) -> dict[str, float]:
    """Return the time of one harvest, and that of the requests that have to follow one another."""
    context = get_context("spawn")
    hearing, telling = context.Pipe(duplex=False)
    proxy = context.Process(target=serve, args=(telling, entries, people, delay_seconds), daemon=True)
    proxy.start()
    try:
        seconds, busy = asyncio.run(_harvest(f"http://127.0.0.1:{hearing.recv()}", entries))
    finally:
        proxy.terminate()
        proxy.join()
    ideal = (CHAIN_BEFORE_ENTRIES + math.ceil(entries / LIST_ENTRIES.page_size)) * delay_seconds
    figures = {"seconds": seconds, "ideal": ideal, "ratio": seconds / ideal, "cpu_seconds": busy}
    return {name: round(value, 3) for name, value in figures.items()}


async def _harvest(base: str, entries: int) -> tuple[float, float]:
    async with OkoroClient(f"{base}/p", f"{base}/t/tokens", "svc_bench", clock=SystemClock()) as client:
        began, busy = perf_counter(), process_time()
        found = await ProxyTranscripts(client, clock=SystemClock()).harvest(CODE, START, END, intent=INTENT)
        assert len(found.entries) == entries
        return perf_counter() - began, process_time() - busy


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description="How long one look at Meet takes.")
    parser.add_argument("--entries", type=int, default=2000)
    parser.add_argument("--delay", type=float, default=0.1)
    parser.add_argument("--people", type=int, default=12)
    options = parser.parse_args()
    print(json.dumps(measure(options.entries, options.delay, options.people)))


if __name__ == "__main__":
    main()
