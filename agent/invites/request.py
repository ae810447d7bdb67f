"""What the daemon asks of the limited process; apart, so that the daemon need not load the parsers."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

Work = Literal["mail", "calendars", "authenticity"]
UNDER_WAY = b"+"
"""The first byte of an answer. Without it the process never began, which is no fault of the mail."""


class Request(BaseModel):
    """What to do with what follows: read it as a mail, as a JSON list of calendar texts, or find out who really sent it.

    `peer`, `helo` and `mail_from` are of the SMTP envelope, for authenticity; `seconds` bounds the wall-clock time.
    """

    work: Work = "mail"
    received_at: datetime
    peer: str = ""
    helo: str = ""
    mail_from: str = ""
    default_timezone: str = "UTC"
    meet_url: str
    cpu_seconds: int
    memory_mb: int
    seconds: float
