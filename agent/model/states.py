"""The words of a job's life: states, why it ended, why it failed, what its timeline tells."""

from enum import StrEnum


class State(StrEnum):
    """Where a job stands. The legal moves between them are in `rules.lifecycle`."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    JOINING = "joining"
    WAITING = "waiting"
    IN_CALL = "in_call"
    RECORDING = "recording"
    FINALIZING = "finalizing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})
AT_THE_MEETING = frozenset({State.JOINING, State.WAITING, State.IN_CALL, State.RECORDING})


class FailureCode(StrEnum):
    """Why a job failed, as the jobs API tells it in `failure_code`."""

    WAITING_FOR_HOST = "waiting_for_host"
    MEETING_NOT_FOUND = "meeting_not_found"
    HOST_DENIED_ADMISSION = "host_denied_admission"
    REMOVED_FROM_MEETING = "removed_from_meeting"
    MEETING_ENDED = "meeting_ended"
    INTERNAL_ERROR = "internal_error"
    DISPATCH_TIMEOUT = "dispatch_timeout"
    NETWORK_LOSS = "network_loss"
    RECORDING_DISABLED = "recording_disabled"
    LOBBY_TIMEOUT = "lobby_timeout"
    AUTH_FAILURE = "auth_failure"
    QUOTA_EXCEEDED = "quota_exceeded"
    BLOCKED_BY_PLATFORM = "blocked_by_platform"


class EndReason(StrEnum):
    """Why the bot left. Clients must treat it as an open-ended string."""

    ENDED_BY_HOST = "ended_by_host"
    EVERYONE_LEFT = "everyone_left"
    NOBODY_JOINED = "nobody_joined"
    ONLY_BOTS = "only_bots"
    RIVAL_BOT = "rival_bot"
    CONSENT_DECLINED = "consent_declined"
    CONSENT_UNANSWERED = "consent_unanswered"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    REMOVED = "removed"
    SILENCE = "silence"
    MAX_DURATION = "max_duration"
    SCHEDULE_OVERRUN = "schedule_overrun"
    REQUESTED = "requested"
    CANCELLED_BY_INVITE = "cancelled_by_invite"
    SECOND_MEETBOT = "second_meetbot"
    NOT_ADMITTED = "not_admitted"


class Told(StrEnum):
    """The kinds of a job's timeline entries."""

    INVITATION_SEEN = "invitation_seen"
    JOB_CREATED = "job_created"
    JOB_MOVED = "job_moved"
    STATE_CHANGED = "state_changed"
    REPLY_SENT = "reply_sent"
    WAITING_FOR_PLACE = "waiting_for_place"
    BROWSER_OPEN = "browser_open"
    KNOCKED = "knocked"
    IN_LOBBY = "in_lobby"
    NUDGED = "nudged"
    ADMITTED = "admitted"
    ANNOUNCED = "announced"
    CHAT_UNAVAILABLE = "chat_unavailable"
    CONSENT_ASKED = "consent_asked"
    CONSENT_ANSWERED = "consent_answered"
    CAPTURE_STARTED = "capture_started"
    CAPTURE_STOPPED = "capture_stopped"
    QUESTION_MAILED = "question_mailed"
    RIVAL_SEEN = "rival_seen"
    RIVAL_EVIDENCE = "rival_evidence"
    PLATFORM_NOTICE = "platform_notice"
    PARTICIPANT_JOINED = "participant_joined"
    PARTICIPANT_LEFT = "participant_left"
    LEFT = "left"
    REJOINED = "rejoined"
    VERB_OBEYED = "verb_obeyed"
    TRANSCRIPTION_REQUESTED = "transcription_requested"
    TRANSCRIPT_READY = "transcript_ready"
    TRANSCRIPT_ABSENT = "transcript_absent"
    TRANSCRIPT_DELETED = "transcript_deleted"
    RECORDING_READY = "recording_ready"
    RECORDING_DELETED = "recording_deleted"
    SUMMARY_READY = "summary_ready"
    SUMMARY_FELL_BACK = "summary_fell_back"
    SUMMARY_DELETED = "summary_deleted"
    RECAP_HELD = "recap_held"
    RECAP_STOPPED = "recap_stopped"
    MAIL_ACCEPTED = "mail_accepted"
    MAIL_FAILED = "mail_failed"
    MAIL_BOUNCED = "mail_bounced"
    HOOK_ATTEMPTED = "hook_attempted"
    EVIDENCE_KEPT = "evidence_kept"
    TROUBLE = "trouble"
