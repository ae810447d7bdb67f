"""What passes between the house and a worker that runs bots for it: a job on loan, and what is asked of its bot."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Verb = dict[str, str]
JobId = Annotated[str, Field(max_length=64)]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class _Asked(_Wire):
    model_config = ConfigDict(extra="forbid")


class Held(_Asked):
    """A job that a worker has. `heard`: how many of the verbs of this loan have reached it."""

    job_id: JobId
    lease: Annotated[str, Field(max_length=64)]
    heard: Annotated[int, Field(ge=0, strict=True)] = 0


class Claim(_Asked):
    """A worker says that it lives, what it has, and how many more bots it can take.

    `worker` names this run of it; `wait_seconds` is how long an answer may be waited for where nothing is new.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"worker": "box-2-5f0c1d2e", "places": 4, "held": []}]}
    )

    worker: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$")]
    places: Annotated[int, Field(ge=0, le=1000, strict=True)] = 0
    held: Annotated[tuple[Held, ...], Field(max_length=1000)] = ()
    wait_seconds: Annotated[float, Field(ge=0, le=20)] = 20.0


class Brief(_Wire):
    """All that a bot has to know to go to a meeting: no secret, and nothing of other meetings.

    `policy` are the settings of its call, by the names they have in the configuration, and facts of the meeting.
    `next_sequence` is the number of the first report; `obeyed` are uids of verbs that an earlier bot obeyed.
    """

    job_id: str
    lease: str
    next_sequence: int
    join_at: AwareDatetime
    meeting_url: str
    display_name: str
    language: str
    caption_language: str | None = None
    lobby_seconds: float
    policy: dict[str, Any]
    granted_before: bool = False
    obeyed: tuple[str, ...] = ()


class Asks(_Wire):
    """What people asked of a bot, oldest first: verb, uid, by, text, channel."""

    job_id: str
    verbs: tuple[Verb, ...]


class Lot(_Wire):
    """The answer to a claim: new jobs, verbs, and the jobs that are the worker's no more, whose bots must leave.

    A worker that is not heard of for `silence_seconds` has lost all it has. `now` is the house's clock.
    """

    jobs: tuple[Brief, ...] = ()
    asks: tuple[Asks, ...] = ()
    lost: tuple[str, ...] = ()
    silence_seconds: float
    now: AwareDatetime
