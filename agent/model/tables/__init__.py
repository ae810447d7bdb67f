"""The database's rows (SQLModel). No relationships, no behaviour beyond their own consistency."""

from agent.model.tables.account import ApiKey, User
from agent.model.tables.delivery import Attempt, Delivery, Endpoint, Undeliverable, Unsubscription
from agent.model.tables.identity import MailedToken, RefreshToken, SignIn, Strike
from agent.model.tables.intake import CalendarChannel, EventSeries, Hold, Invitation, Mail, Occurrence
from agent.model.tables.job import (
    Consent,
    Job,
    JobEvent,
    Participant,
    Presence,
    SummaryVersion,
    TranscriptEntry,
)
from agent.model.tables.outcome import Production, Recording, ShareLink
from agent.model.tables.remote import BotReport, PaymentEvent
from agent.model.tables.web import DeviceLogin, KeptAnswer, RequestLine
from agent.model.tables.worker import Loan, MeetingLease, Worker

__all__ = [
    "ApiKey",
    "Attempt",
    "BotReport",
    "CalendarChannel",
    "Consent",
    "Delivery",
    "DeviceLogin",
    "Endpoint",
    "EventSeries",
    "Hold",
    "Invitation",
    "Job",
    "JobEvent",
    "KeptAnswer",
    "Loan",
    "Mail",
    "MailedToken",
    "MeetingLease",
    "Occurrence",
    "Participant",
    "PaymentEvent",
    "Presence",
    "Production",
    "Recording",
    "RefreshToken",
    "RequestLine",
    "ShareLink",
    "SignIn",
    "Strike",
    "SummaryVersion",
    "TranscriptEntry",
    "Undeliverable",
    "Unsubscription",
    "User",
    "Worker",
]
