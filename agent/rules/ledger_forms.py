"""The consent ledger as a table that leaves the house."""

import csv
from collections.abc import Iterable, Mapping
from io import StringIO

COLUMNS = ("at", "outcome", "who", "words", "message", "language", "channel")
# Spreadsheets take a cell that begins so for a formula, and the words come from strangers.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(entries: Iterable[Mapping[str, object]]) -> str:
    """Return a line for each entry, oldest first, under a line of `COLUMNS`; RFC 4180, a leading ' before formulas."""
    text = StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    table.writerows([_harmless(str(entry.get(name) or "")) for name in COLUMNS] for entry in entries)
    return text.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
