"""Finds the transcript in whatever prompt a client sends: JSON anywhere in the text, or `[id] Speaker: words` lines."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ID_KEYS = ("id", "entry_id", "entryId", "entry", "ref", "cite", "key", "n", "index")
TEXT_KEYS = ("text", "words", "content", "utterance", "said")
SPEAKER_KEYS = ("speaker", "participant", "speaker_name", "speakerName", "who", "name", "owner", "by")
START_KEYS = ("start", "start_time", "startTime", "start_seconds", "at", "time", "t", "from")
END_KEYS = ("end", "end_time", "endTime", "end_seconds", "to")
CITATION_NAME = re.compile(r"cit|evidence|source|entr(y|ies)|refs?$|reference|quote_ids|^ids$", re.IGNORECASE)
LINE = re.compile(
    r"^\[?(?P<id>[A-Za-z_]{0,6}-?\d+)\]?[ \t|]+(?P<speaker>[^:\n\[\]]{1,60}):[ \t]+(?P<text>\S.*)$", re.M
)


@dataclass(frozen=True)
class Statement:
    """Something somebody said, and the ids by which it can be cited."""

    ids: tuple[str | int, ...]
    text: str
    speaker: str = ""
    start: str | float | None = None
    end: str | float | None = None


def read_transcript(messages: Sequence[Mapping[str, Any]]) -> list[Statement]:
    """Every citable statement in the user's messages, in order, each once."""
    found: list[Statement] = []
    for text in (user_text(message) for message in messages if message.get("role") == "user"):
        in_json = [s for value in _json_values(text) for s in _statements(value)]
        found += in_json or [_from_line(match) for match in LINE.finditer(text)]
    return list(dict.fromkeys(found))


def user_text(message: Mapping[str, Any]) -> str:
    """The text of a chat message, whose content is a string or a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def _json_values(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    position = 0
    while found := re.compile(r"[\[{]").search(text, position):
        try:
            value, position = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            position = found.end()
        else:
            yield value


def _statements(value: Any) -> Iterator[Statement]:
    """Statements anywhere inside a JSON value, depth first."""
    if isinstance(value, list):
        for item in value:
            yield from _statements(item)
    elif isinstance(value, dict):
        statement = _from_object(value)
        if statement is not None:
            yield statement
        else:
            for item in value.values():
                yield from _statements(item)


def _from_object(value: dict[str, Any]) -> Statement | None:
    text = _first(value, TEXT_KEYS)
    ids = _ids(value)
    if not isinstance(text, str) or not text or not ids:
        return None
    speaker = _first(value, SPEAKER_KEYS)
    if isinstance(speaker, dict):
        speaker = _first(speaker, ("name", "displayName", "display_name"))
    return Statement(ids, text, str(speaker or ""), _first(value, START_KEYS), _first(value, END_KEYS))


def _ids(value: dict[str, Any]) -> tuple[str | int, ...]:
    """The statement's own id, or those a partial summary already cites for it."""
    own = _first(value, ID_KEYS)
    if isinstance(own, str | int) and own != "":
        return (own,)
    for key, item in value.items():
        if CITATION_NAME.search(key) and isinstance(item, list):
            return tuple(each for each in item if isinstance(each, str | int))
    return ()


def _first(value: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((value[key] for key in keys if key in value), None)


def _from_line(match: re.Match[str]) -> Statement:
    return Statement((match["id"],), match["text"].strip(), match["speaker"].strip())
