"""Google's Meet REST API v2 as it stands behind the proxy: spaces, conference records and their artifacts."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from agent.sandbox.clock import Clock, parse_time
from agent.sandbox.google_errors import GoogleError
from agent.sandbox.okoro.conferences import Conference, OrderedConference, Resource
from agent.sandbox.okoro.filter import FieldKind, parse_filter
from agent.sandbox.okoro.paging import Paging, Query

Thing = TypeVar("Thing")
Row = Mapping[str, Any]

RECORD_FIELDS: dict[str, FieldKind] = {
    "space.meeting_code": "text",
    "space.name": "text",
    "start_time": "time",
    "end_time": "time",
}
PARTICIPANT_FIELDS: dict[str, FieldKind] = {"earliest_start_time": "time", "latest_end_time": "time"}
SESSION_FIELDS: dict[str, FieldKind] = {"start_time": "time", "end_time": "time"}
CONFIG_FIELDS = {
    "accessType",
    "entryPointAccess",
    "moderation",
    "moderationRestrictions",
    "attendanceReportGenerationType",
    "artifactConfig",
}
NOT_FOUND_PAGE = "<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title>"
ALPHABET = "abcdefghijkmnopqrstuvwxyz"


RECORDS = Paging("conferenceRecords", 25, 100)
PARTICIPANTS = Paging("participants", 100, 250)
SESSIONS = Paging("participantSessions", 100, 250)
RECORDINGS = Paging("recordings", 10, 100)
TRANSCRIPTS = Paging("transcripts", 10, 100)
ENTRIES = Paging("transcriptEntries", 10, 100)


@dataclass
class Space:
    """A place to meet; outlives its conferences."""

    id: str
    code: str
    config: dict[str, Any] = field(
        default_factory=lambda: {"accessType": "TRUSTED", "entryPointAccess": "ALL"}
    )

    @property
    def name(self) -> str:
        return f"spaces/{self.id}"


class NoSuchMethod(Exception):
    """Google's front end knows no method at this path; it answers with a page, not with JSON."""


class GoogleMeet:
    """The API's state and methods; `call` raises GoogleError or NoSuchMethod."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spaces: list[Space] = []
        self._conferences: list[Conference] = []

    def reset(self) -> None:
        self._spaces.clear()
        self._conferences.clear()

    def hold(self, order: OrderedConference) -> Conference:
        """A conference takes place; its space is made when it is new."""
        space = self._space_for(order.code, order.space)
        conference = Conference(order, space.name, self._clock())
        self._conferences.append(conference)
        return conference

    def call(self, method: str, path: str, query: Query, body: dict[str, Any]) -> Resource:
        """The answer to `method` on `path` (without the version), as a JSON object."""
        for verb, pattern, handle in self._methods():
            if verb == method and (found := re.fullmatch(pattern, path)):
                return handle(found.group(1) if found.groups() else "", query, body)
        raise NoSuchMethod(path)

    def _methods(self) -> list[tuple[str, str, Callable[[str, Query, dict[str, Any]], Resource]]]:
        record = "conferenceRecords/[^/]+"
        return [
            ("POST", "/spaces", self._create_space),
            ("GET", "/(spaces/[^/:]+)", self._get_space),
            ("PATCH", "/(spaces/[^/:]+)", self._patch_space),
            ("POST", "/(spaces/[^/:]+):endActiveConference", self._end_conference),
            ("GET", "/conferenceRecords", self._list_records),
            ("GET", f"/({record})", self._get_record),
            ("GET", f"/({record})/participants", self._list_participants),
            ("GET", f"/({record}/participants/[^/]+)/participantSessions", self._list_sessions),
            ("GET", f"/({record})/recordings", self._list_recordings),
            ("GET", f"/({record})/transcripts", self._list_transcripts),
            ("GET", f"/({record}/transcripts/[^/]+)/entries", self._list_entries),
            ("GET", f"/({record}/(?:participants|recordings|transcripts)/[^/]+)", self._get_part),
        ]

    def _create_space(self, _: str, __: Query, body: dict[str, Any]) -> Resource:
        config = body.get("config") or {}
        _known_config(config)
        space = self._space_for(_new_code(), None)
        space.config |= config
        return self._space_json(space)

    def _get_space(self, name: str, _: Query, __: dict[str, Any]) -> Resource:
        return self._space_json(self._find_space(name, by_code=True))

    def _patch_space(self, name: str, query: Query, body: dict[str, Any]) -> Resource:
        space = self._find_space(name, by_code=False)
        config = body.get("config") or {}
        _known_config(config)
        mask = query.get("updateMask") or ""
        if mask == "*":
            space.config = dict(config)
        elif not mask:
            _merge(space.config, config)
        for path in filter(None, mask.split(",")) if mask != "*" else ():
            _apply_path(space.config, config, path)
        return self._space_json(space)

    def _end_conference(self, name: str, _: Query, __: dict[str, Any]) -> Resource:
        conference = self._active(self._find_space(name, by_code=False))
        if conference is None:
            message = "There is no active conference for the given space."
            raise GoogleError(400, message, status="FAILED_PRECONDITION")
        conference.end_time = self._clock()
        return {}

    def _list_records(self, _: str, query: Query, __: dict[str, Any]) -> Resource:
        now = self._clock()
        codes = {space.name: space.code for space in self._spaces}
        rows = [(self._record_row(c, codes, now), c.record(now)) for c in self._conferences if c.visible(now)]
        rows.sort(key=lambda pair: pair[0]["start_time"], reverse=True)
        return RECORDS.page(_filtered(rows, query, RECORD_FIELDS), query)

    def _record_row(self, conference: Conference, codes: Mapping[str, str], now: datetime) -> Row:
        return {
            "space.meeting_code": codes[conference.space],
            "space.name": conference.space,
            "start_time": conference.order.start_time,
            "end_time": None if conference.live(now) else conference.end_time,
        }

    def _get_record(self, name: str, _: Query, __: dict[str, Any]) -> Resource:
        return self._find_conference(name).record(self._clock())

    def _list_participants(self, parent: str, query: Query, _: dict[str, Any]) -> Resource:
        found = self._find_conference(parent).participants(self._clock())
        rows = [(_times_row(item, "earliestStartTime", "latestEndTime"), item) for item in found]
        kept = _filtered(rows, query, PARTICIPANT_FIELDS)
        answer = PARTICIPANTS.page(kept, query)
        mask = query.get("fields", "")
        if "totalSize" in mask or "total_size" in mask or mask == "*":
            answer["totalSize"] = len(kept)
        return answer

    def _list_sessions(self, parent: str, query: Query, _: dict[str, Any]) -> Resource:
        found = self._find_conference(parent).sessions(parent, self._clock())
        rows = [(_times_row(item, "startTime", "endTime"), item) for item in _existing(found)]
        return SESSIONS.page(_filtered(rows, query, SESSION_FIELDS), query)

    def _list_recordings(self, parent: str, query: Query, _: dict[str, Any]) -> Resource:
        return RECORDINGS.page(self._find_conference(parent).recordings(self._clock()), query)

    def _list_transcripts(self, parent: str, query: Query, _: dict[str, Any]) -> Resource:
        return TRANSCRIPTS.page(self._find_conference(parent).transcripts(self._clock()), query)

    def _list_entries(self, parent: str, query: Query, _: dict[str, Any]) -> Resource:
        found = self._find_conference(parent).entries(parent, self._clock())
        return ENTRIES.page(_existing(found), query)

    def _get_part(self, name: str, _: Query, __: dict[str, Any]) -> Resource:
        conference, now = self._find_conference(name), self._clock()
        parts = [*conference.participants(now), *conference.recordings(now), *conference.transcripts(now)]
        return _existing(next((part for part in parts if part["name"] == name), None))

    def _space_for(self, code: str, space_id: str | None) -> Space:
        for space in self._spaces:
            if space.code == code and space_id in (None, space.id):
                return space
        space = Space(space_id or secrets.token_urlsafe(9), code)
        self._spaces.insert(0, space)
        return space

    def _find_space(self, name: str, *, by_code: bool) -> Space:
        wanted = name.removeprefix("spaces/")
        matches = (s for s in self._spaces if s.id == wanted or (by_code and s.code == wanted.lower()))
        return _existing(next(matches, None))

    def _find_conference(self, name: str) -> Conference:
        """The conference a resource name belongs to, once it has become visible."""
        record = "/".join(name.split("/")[:2])
        matches = (c for c in self._conferences if c.name == record and c.visible(self._clock()))
        return _existing(next(matches, None))

    def _active(self, space: Space) -> Conference | None:
        now = self._clock()
        matches = (c for c in self._conferences if c.space == space.name and c.live(now))
        return next(matches, None)

    def _space_json(self, space: Space) -> Resource:
        answer: Resource = {
            "name": space.name,
            "meetingUri": f"https://meet.google.com/{space.code}",
            "meetingCode": space.code,
            "config": space.config,
        }
        if conference := self._active(space):
            answer["activeConference"] = {"conferenceRecord": conference.name}
        return answer


def _existing(found: Thing | None) -> Thing:
    if found is None:
        raise GoogleError(404, "Requested entity was not found.")
    return found


def _times_row(item: Resource, start: str, end: str) -> Row:
    """Filterable times of a participant or session under their snake_case names."""
    snake = {name: re.sub(r"([A-Z])", r"_\1", name).lower() for name in (start, end)}
    return {snake[name]: parse_time(item[name]) if name in item else None for name in (start, end)}


def _filtered(
    rows: list[tuple[Row, Resource]], query: Query, fields: Mapping[str, FieldKind]
) -> list[Resource]:
    text = query.get("filter", "").strip()
    if not text:
        return [item for _, item in rows]
    try:
        keep = parse_filter(text, fields)
    except ValueError as wrong:
        raise GoogleError(400, str(wrong)) from wrong
    return [item for row, item in rows if keep(row)]


def _new_code() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(n)) for n in (3, 4, 3))


def _known_config(config: dict[str, Any]) -> None:
    if unknown := config.keys() - CONFIG_FIELDS:
        name = min(unknown)
        raise GoogleError(400, f"Invalid JSON payload received. Unknown name \"{name}\" at 'space.config'")


def _merge(target: dict[str, Any], source: Mapping[str, Any]) -> None:
    for key, value in source.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value


def _apply_path(target: dict[str, Any], source: Mapping[str, Any], path: str) -> None:
    """Sets, or clears when the body does not hold it, one path of an update mask in either spelling."""
    keys = [re.sub(r"_([a-z])", lambda m: m[1].upper(), key) for key in path.strip().split(".")]
    if keys[0] != "config" or (len(keys) > 1 and keys[1] not in CONFIG_FIELDS):
        raise GoogleError(400, f"Invalid update mask path: {path}")
    if len(keys) == 1:
        _merge(target, source)
        return
    value: Any = source
    for key in keys[1:]:
        value = value.get(key) if isinstance(value, Mapping) else None
    for key in keys[1:-1]:
        target = target.setdefault(key, {})
    if value is None:
        target.pop(keys[-1], None)
    else:
        target[keys[-1]] = value
