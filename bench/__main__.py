"""Measure, and print one table: `make bench`, or `python -m bench [--only start meetings intake horizon] [--json]`.

Ends with status 1 when a goal is missed. Memory is proportional (PSS), processor time a share of one core; on a machine
that does something else besides, everything that waits for a processor is slower.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from rich.console import Console

from bench import horizon, intake, meetings, waiting
from bench.figures import Figure, as_json, show

MEASURES: dict[str, Callable[[Path], Awaitable[list[Figure]]]] = {
    "start": waiting.measure,
    "meetings": meetings.measure,
    "intake": intake.measure,
    "horizon": horizon.measure,
}


async def measure(chosen: list[str], console: Console) -> list[Figure]:
    """Carry out what was chosen, one after the other."""
    figures: list[Figure] = []
    for name in chosen:
        console.print(f"[dim]measuring: {name}[/]")
        with tempfile.TemporaryDirectory(
            prefix=f"meetbot-bench-{name}-", ignore_cleanup_errors=True
        ) as where:
            figures += await MEASURES[name](Path(where))
    return figures


def main() -> int:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=MEASURES, default=list(MEASURES), help="measure only these"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument(
        "--series",
        type=int,
        default=horizon.SERIES,
        help="how many weekly series the horizon is measured with",
    )
    options = parser.parse_args()
    MEASURES["horizon"] = partial(horizon.measure, series=options.series)
    figures = asyncio.run(measure(options.only, Console(stderr=True)))
    if options.json:
        sys.stdout.write(as_json(figures) + "\n")
    else:
        show(figures, Console())
    return 0 if all(figure.good for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
