"""The filter language of the Meet REST API: comparisons joined by AND."""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal

from agent.sandbox.clock import parse_time

Predicate = Callable[[Mapping[str, Any]], bool]
FieldKind = Literal["text", "time"]

TERM = re.compile(
    r"""\s*(?P<field>[a-z_]+(?:\.[a-z_]+)*)\s*
        (?:(?P<null>IS\s+NULL)|(?P<op>>=|<=|=|>|<)\s*(?P<quote>["'])(?P<value>[^"']*)(?P=quote))\s*""",
    re.VERBOSE,
)
JOIN = re.compile(r"AND\b")
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def parse_filter(text: str, fields: Mapping[str, FieldKind]) -> Predicate:
    """A predicate over a row of field values; ValueError says what is wrong with the filter."""
    terms: list[Predicate] = []
    position = 0
    while position < len(text) or not terms:
        found = TERM.match(text, position)
        if found is None:
            raise ValueError(f"Invalid filter near {text[position : position + 20]!r}")
        terms.append(_term(found, fields))
        position = found.end()
        if position < len(text):
            joint = JOIN.match(text, position)
            if joint is None or joint.end() == len(text):
                raise ValueError(f"Expected AND near {text[position : position + 20]!r}")
            position = joint.end()
    return lambda row: all(term(row) for term in terms)


def _term(found: re.Match[str], fields: Mapping[str, FieldKind]) -> Predicate:
    field = found["field"]
    if field not in fields:
        raise ValueError(f"Unknown filter field {field!r}")
    if found["null"]:
        return lambda row: row[field] is None
    wanted: str | datetime = found["value"]
    if fields[field] == "time":
        wanted = parse_time(found["value"])
    elif found["op"] != "=":
        raise ValueError(f"{field} can only be compared with =")
    compare = COMPARE[found["op"]]
    return lambda row: row[field] is not None and compare(row[field], wanted)
