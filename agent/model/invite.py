"""An invitation as RFC 5545/5546 says it, and a mail as far as intake needs it. Plain values; JSON-friendly."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

Method = Literal["REQUEST", "CANCEL", "ADD", "REPLY", "REFRESH", "COUNTER", "DECLINECOUNTER", "PUBLISH"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Attendee(_Value):
    """One ATTENDEE line. `email` is lower case without `mailto:`; `raw` is the address byte for byte as received."""

    email: str
    raw: str
    name: str = ""
    partstat: str = "NEEDS-ACTION"
    rsvp: bool = False
    no_reply: bool = False  # RSVP=FALSE was said in so many words


class Slot(_Value):
    """One occurrence in time.

    `slot` names it for ever: the UTC instant (ISO 8601, Z) at which the series first had it, or '' for a single event.
    """

    slot: str
    starts_at: datetime
    ends_at: datetime
    title: str = ""
    links: tuple[str, ...] = ()
    cancelled: bool = False
    sequence: int = 0
    stamped_at: datetime | None = None
    all_day: bool = False  # a DATE: starts_at is midnight in the fallback zone
    this_and_future: bool = False  # an override that also changes every later occurrence


class Component(_Value):
    """One UID of one calendar object: its master and overrides as received, and the occurrences they give in the horizon.

    `only_instances` is True when no readable master came: only the named slots are touched.
    `broken` says what could not be read.
    """

    uid: str
    method: Method
    sequence: int = 0
    stamped_at: datetime | None = None
    title: str = ""
    description: str = ""
    organizer: Attendee | None = None
    attendees: tuple[Attendee, ...] = ()
    links: tuple[str, ...] = ()  # every meeting link found, best first
    recurring: bool = False
    only_instances: bool = False
    this_and_future: bool = False
    slots: tuple[Slot, ...] = ()
    cancelled: bool = False  # METHOD:CANCEL or STATUS:CANCELLED of the whole
    broken: tuple[str, ...] = ()
    ical: str = ""  # the UID's own VEVENTs and VTIMEZONEs, for later expansion
    timezone: str = ""
    recurrence_ids: tuple[str, ...] = ()  # the slots that came as overrides
    expanded_until: datetime | None = None  # later occurrences are not among the slots; None: all are
    snapshot: bool = False  # all that is true of the UID now, as an API tells it


class HandedIn(_Value):
    """An invitation that was read elsewhere. `sender` is who sent it, `recipients` are the bot's addresses that it went to.

    `carrier` is who hands it in, and answers for its being what was sent.
    """

    component: Component
    sender: str
    carrier: str
    recipients: tuple[str, ...] = ()
    message_id: str = ""


class Bounce(_Value):
    """What a delivery report tells of one recipient: `action` as in RFC 3464, `status` as in RFC 3463.

    `message_ids` are those of the mail it is about.
    """

    recipient: str
    action: str
    status: str = ""
    reason: str = ""
    message_ids: tuple[str, ...] = ()


class ParsedMail(_Value):
    """A mail, as far as intake needs it; header values are stripped of control characters."""

    message_id: str = ""
    references: tuple[str, ...] = ()
    subject: str = ""
    sent_at: datetime | None = None
    from_email: str = ""
    from_name: str = ""
    reply_to: str = ""
    sender: str = ""
    auto_submitted: str = ""
    precedence: str = ""
    list_id: str = ""
    is_report: bool = False
    bounces: tuple[Bounce, ...] = ()
    forwarded: bool = False
    tnef: bool = False
    components: tuple[Component, ...] = ()
    problems: tuple[str, ...] = ()  # why nothing, or not all, could be read; in words for the sender


class Envelope(_Value):
    """The SMTP envelope of one accepted mail."""

    mail_from: str
    rcpt_to: tuple[str, ...]
    peer: str
    helo: str = ""
    tls: bool = False
