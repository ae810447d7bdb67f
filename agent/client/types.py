"""What the server answers, as typed dictionaries; a test compares them with the description of the API."""

from typing import Any, Literal, TypedDict

JobStatus = Literal["queued", "joining", "in_call", "recording", "finalizing", "completed", "failed"]


class JobBrief(TypedDict):
    """A job. Instants are ISO 8601 texts."""

    id: str
    externalId: str | None
    status: JobStatus
    lobby: bool
    cancelled: bool
    end_reason: str | None
    failure_code: str | None
    failure_detail: str | None
    title: str
    meetingUrl: str
    joinAt: str
    createdAt: str
    updatedAt: str
    metadata: dict[str, Any]


class JobMade(JobBrief):
    """A job that was just made, with the signing secrets of its webhooks, shown once."""

    webhookSecrets: dict[str, str]


class TimelineEntry(TypedDict):
    """One line of a timeline."""

    at: str
    kind: str
    data: dict[str, Any]


class JobAnswer(JobBrief):
    """A job with everything that hangs on it."""

    timeline: list[TimelineEntry]
    consent: list[dict[str, Any]]
    participants: list[dict[str, Any]]
    transcript: dict[str, Any]
    summary: dict[str, Any] | None
    deliveries: list[dict[str, Any]]
    manifest: dict[str, Any] | None


class Entry(TypedDict):
    """One thing that was said."""

    ordinal: int
    speaker: str
    text: str
    language: str | None
    startedAt: str
    endedAt: str


class JobSummary(TypedDict):
    """One version of a summary."""

    version: int
    createdAt: str
    summary: dict[str, Any]


class Explanation(TypedDict):
    """Why a job is as it is."""

    id: str
    status: JobStatus
    source: str
    end_reason: str | None
    failure_code: str | None
    failure_detail: str | None
    invitations: list[dict[str, Any]]
    timeline: list[TimelineEntry]


class SentList(TypedDict):
    """Everything a job sent or will send, with every attempt."""

    deliveries: list[dict[str, Any]]


class Accepted(TypedDict):
    """A wish that was passed on."""

    accepted: bool


class UserAnswer(TypedDict):
    """Whose key it is."""

    id: int
    email: str
    name: str
    emailVerified: bool
    isOperator: bool
    createdAt: str


class KeyAnswer(TypedDict):
    """An API key without its text."""

    id: int
    name: str
    prefix: str
    last4: str
    mode: str
    scopes: list[str]
    createdAt: str
    lastUsedAt: str | None
    expiresAt: str | None
    revokedAt: str | None


class HookAnswer(TypedDict):
    """A registered webhook."""

    id: int
    url: str
    events: list[str]
    family: str
    version: int
    enabled: bool
    disabledReason: str | None
    liveSecrets: int
    createdAt: str


class KeyCreated(KeyAnswer):
    """An API key that was just made, with its text, shown once."""

    key: str


class KeyList(TypedDict):
    """All keys, also revoked ones."""

    apiKeys: list[KeyAnswer]
    total: int


class HookCreated(HookAnswer):
    """A webhook with its fresh signing secret, shown once."""

    secret: str


class TestAnswer(TypedDict):
    """What came of a test event; `statusCode` 0: no answer, and `error` says why."""

    deliveryId: str
    success: bool
    statusCode: int
    durationMs: int
    responseBody: str
    error: str | None


class AttemptAnswer(TypedDict):
    """One try at a delivery."""

    number: int
    at: str
    status: int
    durationMs: int
    responseBody: str
    error: str


class DeliveryAnswer(TypedDict):
    """One event on its way to one webhook."""

    id: str
    event: str
    botId: int | None
    state: str
    createdAt: str
    nextAttemptAt: str | None
    data: dict[str, Any]
    attempts: list[AttemptAnswer]


class Replayed(TypedDict):
    """How many deliveries are sent again."""

    queued: int


class Begun(TypedDict):
    """A device login that has begun."""

    nonce: str
    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class SignedIn(TypedDict):
    """A key for the device."""

    access_token: str
    token_type: str
    email: str


class DayAnswer(TypedDict):
    """What happened on one day, in UTC."""

    day: str
    bots: int
    failed: int
    meetingMinutes: float
    transcripts: int
    summaries: int
    inputTokens: int
    outputTokens: int
    requests: int
    errors: int


class UsageAnswer(TypedDict):
    """What one used in a time."""

    since: str
    until: str
    bots: int
    failed: int
    meetingMinutes: float
    transcripts: int
    summaries: int
    inputTokens: int
    outputTokens: int
    cost: float
    requests: int
    days: list[DayAnswer]


class Analytics(TypedDict):
    """How one's meetings went; a share is None where there were none."""

    since: str
    until: str
    outcomes: dict[str, int]
    successRate: float | None
    onTimeShare: float | None
    averageMinutes: float | None
    byKey: list[dict[str, Any]]
    days: list[DayAnswer]


class KeyUsage(TypedDict):
    """How much a key was used."""

    keyId: int
    since: str
    until: str
    requests: int
    errors: int
    lastUsedAt: str | None
    days: list[dict[str, Any]]


class RequestAnswer(TypedDict):
    """One request that the server answered."""

    at: str
    method: str
    route: str
    status: int
    durationMs: int
    keyId: int | None


class HostShown(TypedDict):
    """How the host stands."""

    at: str
    version: str
    machine: dict[str, Any]
    bots_by_state: dict[str, int]
    queue_depth: dict[str, int]
    lateness_seconds: dict[str, float]
    workers: int


class AnswerShown(TypedDict):
    """An answer to a question; without statements the meeting does not say."""

    question: str
    engine: str
    statements: list[dict[str, Any]]
    cited: list[Entry]


class HitShown(TypedDict):
    """One place where searched words stand."""

    jobId: str
    title: str
    kind: str
    excerpt: str
    ordinal: int | None
    speaker: str
    at: str | None
