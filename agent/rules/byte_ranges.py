"""Which part of a file a `Range` header asks for (RFC 9110, section 14): what is malformed is as good as not there."""

import re
from collections.abc import Sequence

Ranges = Sequence[tuple[int, int]]
MOST_RANGES = 100
SPEC = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")


def satisfiable(header: str, size: int) -> Ranges | None:
    """Return the first and last byte of every range that a file of `size` bytes has; () when it has none of them.

    None stands for a header to ignore: another unit, a malformed range, or more of them than a player ever asks for.
    """
    unit, equals, wanted = header.partition("=")
    parts = [part.strip() for part in wanted.split(",") if part.strip()]
    if unit.strip().lower() != "bytes" or not equals or not 0 < len(parts) <= MOST_RANGES:
        return None
    ranges = []
    for part in parts:
        found = SPEC.fullmatch(part)
        if found is None or part == "-":
            return None
        first, last = found.groups()
        if first and last and int(last) < int(first):
            return None
        begin = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        if begin <= end:
            ranges.append((begin, end))
    return tuple(ranges)
