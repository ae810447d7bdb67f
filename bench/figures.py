"""A measured figure beside its goal, and the one table of all."""

import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """`goal` is the most (`at_least` False) or the least that is good enough; None where nothing was promised."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False
    more: dict[str, float] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        if self.goal is None:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def spread(values: Sequence[float]) -> dict[str, float]:
    """The middle, the 95th of a hundred and the worst, rounded; and how many there are."""
    ordered = sorted(values)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 3),
        "max": round(ordered[-1], 3),
        "n": len(ordered),
    }


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print the table."""
    table = Table("what", "measured", "goal", "more", title=f"Meetbot on {os.cpu_count()} cores")
    for figure in figures:
        sign = "≥" if figure.at_least else "≤"
        goal = f"{sign} {figure.goal:g} {figure.unit}" if figure.goal is not None else ""
        color = "green" if figure.good else "red"
        more = ", ".join(f"{name} {value:g}" for name, value in figure.more.items())
        table.add_row(figure.name, f"[{color}]{figure.value:.3g} {figure.unit}[/]", goal, f"[dim]{more}[/]")
    console.print(table)


def as_json(figures: Sequence[Figure]) -> str:
    """The same for programs."""
    rows = [asdict(figure) | {"good": figure.good} for figure in figures]
    return json.dumps({"cores": os.cpu_count(), "figures": rows})
