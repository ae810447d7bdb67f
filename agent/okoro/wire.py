"""Meet's JSON as values: unknown fields are ignored, wrong ones refused, size and depth bounded."""

import json
from datetime import UTC
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from agent.errors import Temporary

BODY_LIMIT_BYTES = 8 * 1024 * 1024


def _tidy(value: object) -> object:
    """Replace lone surrogates and control characters, which neither a database nor a mail can carry."""
    if not isinstance(value, str):
        return value
    paired = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in paired)


Instant = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
Text = Annotated[str, BeforeValidator(_tidy)]

# Names become paths of further requests: nothing but an id may stand in them.
_ID = "[A-Za-z0-9_.~-]*[A-Za-z0-9_~-][A-Za-z0-9_.~-]*"
_RECORD = f"conferenceRecords/{_ID}"


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


class Resource(_Wire):
    """What a list holds; `name` is its resource name."""

    name: str


class User(_Wire):
    """Who a participant is. `user` is `users/{id}`, only of signed-in people; Meet tells no address."""

    display_name: Text = ""
    user: str | None = None


class ActiveConference(_Wire):
    """The conference that is going on in a space."""

    conference_record: str = ""


class Space(Resource):
    """A place where meetings happen, `spaces/{id}`; `config` is Meet's own JSON."""

    name: str = Field(pattern=f"^spaces/{_ID}$")
    meeting_uri: str = ""
    meeting_code: str = ""
    config: dict[str, Any] = {}
    active_conference: ActiveConference | None = None


class Record(Resource):
    """One conference, `conferenceRecords/{id}`. `end_time` is None while it goes on; gone after `expire_time`."""

    name: str = Field(pattern=f"^{_RECORD}$")
    space: str = ""
    start_time: Instant
    end_time: Instant | None = None
    expire_time: Instant | None = None


class Participant(Resource):
    """One of signed-in, anonymous or phone; `latest_end_time` is None while they are there."""

    name: str = Field(pattern=f"^{_RECORD}/participants/{_ID}$")
    earliest_start_time: Instant | None = None
    latest_end_time: Instant | None = None
    signedin_user: User | None = None
    anonymous_user: User | None = None
    phone_user: User | None = None


class ParticipantSession(Resource):
    """One stay of a participant."""

    start_time: Instant
    end_time: Instant | None = None


class DocsDestination(_Wire):
    """The Google document of a transcript."""

    document: str = ""
    export_uri: str = ""


class DriveDestination(_Wire):
    """The Drive file of a recording."""

    file: str = ""
    export_uri: str = ""


class _Artifact(Resource):
    """`state`: STATE_UNSPECIFIED, STARTED, ENDED (no file yet) or FILE_GENERATED."""

    state: str = "STATE_UNSPECIFIED"
    start_time: Instant | None = None
    end_time: Instant | None = None


class Transcript(_Artifact):
    """One start and stop of transcription."""

    name: str = Field(pattern=f"^{_RECORD}/transcripts/{_ID}$")
    docs_destination: DocsDestination | None = None


class Recording(_Artifact):
    """One start and stop of recording."""

    drive_destination: DriveDestination | None = None


class TranscriptEntry(Resource):
    """What one participant said in one go."""

    participant: str = ""
    text: Text = ""
    language_code: str | None = None
    start_time: Instant
    end_time: Instant | None = None


Model = TypeVar("Model", bound=BaseModel)
Listed = TypeVar("Listed", bound=Resource)


def decoded(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`. Raises `Temporary` for anything else: cut short, not JSON, too deep."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Temporary(
            "okoro sent an answer that is no whole JSON", full=f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(value, dict):
        raise Temporary("okoro sent an answer that is no JSON object", full=f"a {type(value).__name__} came")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def parsed(model: type[Model], value: object) -> Model:
    """Return `value` as a `model`. Raises `Temporary` when fields are missing or of the wrong type."""
    try:
        return model.model_validate(value)
    except (ValidationError, RecursionError) as error:
        places = _places(error) if isinstance(error, ValidationError) else "nested too deep"
        raise Temporary(
            f"okoro sent a {model.__name__} that cannot be read", full=f"{model.__name__}: {places}"
        ) from error


def _places(error: ValidationError) -> str:
    # Locations and kinds only: the values may be what somebody said.
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors()[:5])


def last_id(name: str) -> str:
    """Return the id at the end of a resource name: `x` of `conferenceRecords/x`."""
    return name.rsplit("/", 1)[-1]


def ids(name: str) -> tuple[str, ...]:
    """Return the ids of a resource name: `x` and `y` of `conferenceRecords/x/participants/y`."""
    return tuple(name.split("/")[1::2])
