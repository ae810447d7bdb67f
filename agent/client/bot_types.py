"""What the bots API answers about bots and what they leave, as typed dictionaries; a test compares them with its description."""

from typing import Any, Literal, TypedDict

BotStatus = Literal[
    "READY_TO_DEPLOY",
    "DEPLOYING",
    "JOINING_CALL",
    "IN_WAITING_ROOM",
    "IN_CALL",
    "CALL_ENDED",
    "DONE",
    "FATAL",
]
Progress = Literal["PENDING", "PROCESSING", "DONE", "FAILED", "NONE"]


class BotAnswer(TypedDict):
    """A bot, as the bots API shows a meeting."""

    id: int
    jobId: str
    externalId: str | None
    botDisplayName: str
    meetingTitle: str
    status: BotStatus
    meetingInfo: dict[str, Any]
    automaticLeave: dict[str, float | None]
    callbackUrl: str | None
    heartbeatInterval: int
    startTime: str | None
    endTime: str | None
    lastHeartbeat: str | None
    endReason: str | None
    failureCode: str | None
    deploymentError: str | None
    recording: str | None
    createdAt: str
    updatedAt: str


class BotCreated(BotAnswer):
    """A bot that was just made, with the secret that signs what goes to its callback, shown once."""

    callbackSecret: str | None


class Heartbeat(TypedDict):
    """When a bot was last heard of."""

    id: int
    lastHeartbeat: str | None


class LogLine(TypedDict):
    """One line of a bot's log."""

    timestamp: str
    level: str
    message: str
    data: dict[str, Any]


class EventAnswer(TypedDict):
    """Something that happened to a bot."""

    id: int
    botId: int
    eventType: str
    eventTime: str
    data: dict[str, Any]


class RecordingAnswer(TypedDict):
    """A recording; a bot that came back left several parts."""

    botId: int
    meetingTitle: str
    platform: str
    recordingUrl: str
    durationSeconds: float
    fileSizeBytes: int
    parts: int
    status: str
    createdAt: str


class Download(TypedDict):
    """A link to the file that needs no key, for a while."""

    downloadUrl: str
    expiresInSeconds: int


class Transcription(TypedDict):
    """Who spoke when."""

    botId: int
    speakerTimeframes: list[dict[str, Any]]


class ShareAnswer(TypedDict):
    """A link by which others see a meeting."""

    botId: int
    shareUrl: str
    token: str
    include: list[str]
    hasPassword: bool
    views: int
    lastViewedAt: str | None
    createdAt: str
    expiresAt: str


class TranscriptStatus(TypedDict):
    """How far a transcript is."""

    botId: int
    status: Progress
    source: str | None
    entries: int
    error: str | None
    requestedAt: str | None
    finishedAt: str | None


class TranscriptAnswer(TypedDict):
    """What was said."""

    botId: int
    meetingTitle: str
    source: str
    startedAt: str
    entries: list[dict[str, Any]]


class SummaryStatus(TypedDict):
    """How far a summary is."""

    botId: int
    status: Progress
    versions: int
    requestedAt: str | None
    finishedAt: str | None


class SummaryAnswer(TypedDict):
    """The newest summary."""

    botId: int
    version: int
    createdAt: str
    summary: dict[str, Any]
