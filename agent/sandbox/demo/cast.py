"""Who is in the stories and what they say."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

HOST = "host@example.com"
HOST_NAME = "Host Person"
GUEST = "guest@example.com"
GUEST_NAME = "Guest Person"
BOT = "meetbot@bots.example.com"
TITLE = "Pricing review"
CODE = "abc-defg-hij"

# (speaker, text, start, end) in seconds from the start of the conference.
DIALOGUE: tuple[tuple[str, str, float, float], ...] = (
    (HOST_NAME, "Good morning. Today we settle the price of the starter plan and the launch date.", 2, 8),
    (GUEST_NAME, "I compared eleven competitors. The median for a starter plan is 19 euros a month.", 9, 16),
    (HOST_NAME, "Nineteen is close to what customers told us. Are there objections to 19 euros?", 17, 23),
    (GUEST_NAME, "None from me, as long as the yearly plan keeps its two free months.", 24, 29),
    (
        HOST_NAME,
        "Then it is decided: the starter plan costs 19 euros a month, with two free months on a yearly plan.",
        30,
        38,
    ),
    (GUEST_NAME, "What about the launch date? The billing page still needs the new tax rules.", 39, 45),
    (HOST_NAME, "How long do the tax rules take?", 46, 48),
    (GUEST_NAME, "I will finish the tax rules by Friday and send the test plan to the team.", 49, 55),
    (HOST_NAME, "Good. We decided to launch on Tuesday the 8th of December if the tests are green.", 56, 63),
    (GUEST_NAME, "Who tells the existing customers?", 64, 66),
    (HOST_NAME, "I will write to the existing customers before the launch.", 67, 71),
    (GUEST_NAME, "One question is open: do resellers get the new price at once?", 72, 77),
    (HOST_NAME, "We do not know yet. Let us ask legal and come back to it next week.", 78, 84),
    (GUEST_NAME, "Fine. Thank you, that is all from me.", 85, 88),
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """One event as its organizer's calendar holds it."""

    uid: str
    meet_url: str
    starts_at: datetime
    minutes: int = 30
    sequence: int = 0
    title: str = TITLE
    organizer: str = HOST

    def mail(self, method: str = "REQUEST", *, message_id: str | None = None) -> EmailMessage:
        """Return the mail a calendar sends about the event: REQUEST or CANCEL."""
        mail = EmailMessage()
        mail["From"] = f"{HOST_NAME} <{self.organizer}>"
        mail["To"] = BOT
        mail["Subject"] = f"{'Cancelled' if method == 'CANCEL' else 'Invitation'}: {self.title}"
        mail["Date"] = formatdate()
        mail["Message-ID"] = message_id or make_msgid(domain="example.com")
        mail.set_content(f"{self.title}\n\nJoin with Google Meet: {self.meet_url}\n")
        mail.add_alternative(self.calendar(method), subtype="calendar", params={"method": method})
        return mail

    def calendar(self, method: str) -> str:
        """Return the iCalendar object."""
        lines = [
            "BEGIN:VCALENDAR",
            "PRODID:-//Example//Calendar//EN",
            "VERSION:2.0",
            f"METHOD:{method}",
            "BEGIN:VEVENT",
            f"UID:{self.uid}",
            f"DTSTAMP:{_stamp(datetime.now(UTC))}",
            f"DTSTART:{_stamp(self.starts_at)}",
            f"DTEND:{_stamp(self.starts_at + timedelta(minutes=self.minutes))}",
            f"SEQUENCE:{self.sequence}",
            f"STATUS:{'CANCELLED' if method == 'CANCEL' else 'CONFIRMED'}",
            f"SUMMARY:{self.title}",
            f"ORGANIZER;CN={HOST_NAME}:mailto:{self.organizer}",
            f"ATTENDEE;CN={HOST_NAME};PARTSTAT=ACCEPTED:mailto:{self.organizer}",
            f"ATTENDEE;CN={GUEST_NAME};PARTSTAT=ACCEPTED:mailto:{GUEST}",
            f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{BOT}",
            f"X-GOOGLE-CONFERENCE:{self.meet_url}",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
        return "\r\n".join(lines)


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
