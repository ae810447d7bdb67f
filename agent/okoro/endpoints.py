"""Everything the proxy offers, in one table: name, method, path, smallest scope, page size."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from agent.errors import Invalid

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Scope(StrEnum):
    """What an operation token allows; each scope includes the ones before it."""

    READ = "read"
    WRITE = "write"
    UPDATE = "update"
    DELETE = "delete"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One action of the proxy.

    `items` is the answer's list field, empty where there is no list; `page_size` is Meet's own maximum, 0 where Meet has none.
    `repeatable` tells whether a request whose answer was lost may be sent again.
    """

    name: str
    method: str
    path: str
    scope: Scope = Scope.READ
    items: str = ""
    page_size: int = 0
    repeatable: bool = True

    def url_path(self, *ids: str) -> str:
        """Return the path with `ids` in the places of its placeholders, in order. Raises `Invalid` for a bad id."""
        if len(ids) != len(_PLACEHOLDER.findall(self.path)):
            raise Invalid(f"{'/'.join(ids)!r} is not a name that Google Meet can {self.name.split()[0]}")
        rest = list(ids)
        return _PLACEHOLDER.sub(lambda _: _segment(rest.pop(0)), self.path)


def _segment(identifier: str) -> str:
    if not identifier or set(identifier) == {"."}:
        raise Invalid(f"{identifier!r} is not an id of Google Meet")
    return quote(identifier, safe="")


_RECORD = "/conferenceRecords/{record}"

# Meet itself cannot list spaces; the proxy offers the path all the same.
LIST_SPACES = Endpoint("list spaces", "GET", "/spaces", items="spaces")
READ_SPACE = Endpoint("read space", "GET", "/spaces/{space}")
CREATE_SPACE = Endpoint("create space", "POST", "/spaces", Scope.WRITE, repeatable=False)
UPDATE_SPACE = Endpoint("update space", "PATCH", "/spaces/{space}", Scope.WRITE)
END_ACTIVE_CONFERENCE = Endpoint(
    "end active conference", "POST", "/spaces/{space}:endActiveConference", Scope.WRITE
)
LIST_RECORDS = Endpoint(
    "list conference records", "GET", "/conferenceRecords", items="conferenceRecords", page_size=100
)
READ_RECORD = Endpoint("read conference record", "GET", _RECORD)
LIST_PARTICIPANTS = Endpoint(
    "list participants", "GET", f"{_RECORD}/participants", items="participants", page_size=250
)
LIST_SESSIONS = Endpoint(
    "list participant sessions",
    "GET",
    f"{_RECORD}/participants/{{participant}}/participantSessions",
    items="participantSessions",
    page_size=250,
)
LIST_RECORDINGS = Endpoint(
    "list recordings", "GET", f"{_RECORD}/recordings", items="recordings", page_size=100
)
LIST_TRANSCRIPTS = Endpoint(
    "list transcripts", "GET", f"{_RECORD}/transcripts", items="transcripts", page_size=100
)
LIST_ENTRIES = Endpoint(
    "list transcript entries",
    "GET",
    f"{_RECORD}/transcripts/{{transcript}}/entries",
    items="transcriptEntries",
    page_size=100,
)

# Meet knows these two; the proxy's own list names only the first, and a token of scope `all` opens both.
READ_TRANSCRIPT = Endpoint("read transcript", "GET", f"{_RECORD}/transcripts/{{transcript}}")
READ_RECORDING = Endpoint("read recording", "GET", f"{_RECORD}/recordings/{{recording}}", Scope.ALL)

LISTED = (
    LIST_SPACES,
    READ_SPACE,
    CREATE_SPACE,
    UPDATE_SPACE,
    END_ACTIVE_CONFERENCE,
    LIST_RECORDS,
    READ_RECORD,
    LIST_PARTICIPANTS,
    LIST_SESSIONS,
    LIST_RECORDINGS,
    LIST_TRANSCRIPTS,
    LIST_ENTRIES,
)
TABLE = (*LISTED, READ_TRANSCRIPT, READ_RECORDING)
