"""The database's rows (SQLModel). No relationships, no behaviour beyond their own consistency."""

from agent.model.tables.account import ApiKey, User
from agent.model.tables.delivery import Attempt, Delivery, Endpoint
from agent.model.tables.intake import EventSeries, Invitation, Mail, Occurrence
from agent.model.tables.job import (
    Consent,
    Job,
    JobEvent,
    Participant,
    Presence,
    SummaryVersion,
    TranscriptEntry,
)
from agent.model.tables.worker import MeetingLease, Worker

__all__ = [
    "ApiKey",
    "Attempt",
    "Consent",
    "Delivery",
    "Endpoint",
    "EventSeries",
    "Invitation",
    "Job",
    "JobEvent",
    "Mail",
    "MeetingLease",
    "Occurrence",
    "Participant",
    "Presence",
    "SummaryVersion",
    "TranscriptEntry",
    "User",
    "Worker",
]
