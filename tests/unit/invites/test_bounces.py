"""Delivery reports, as several kinds of servers write them, and what only looks like one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.invites.mime import read_mail
from agent.model.invite import Bounce, ParsedMail
from agent.rules.ical import Context

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
OURS = "<recap.1@meetbot.example.com>"
HEAD = """From: MAILER-DAEMON@mx.example.com
To: bot@example.com
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It did not arrive.
"""
STATUS = """--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
Arrival-Date: Mon, 2 Mar 2026 11:00:00 +0000

"""
WHOLE = f"""--b
Content-Type: message/rfc822

From: bot@example.com
To: guest@example.com
Message-ID: {OURS}
Subject: Recap

The text.
--b--
"""
HEADERS = f"""--b
Content-Type: text/rfc822-headers

Received: from x by y
MESSAGE-ID:  {OURS}
Subject: Recap
--b--
"""


def parsed(text: str) -> ParsedMail:
    return read_mail(text.replace("\n", "\r\n").encode(), Context(now=NOW))


def about(recipient: str, action: str = "failed", **more: str) -> str:
    fields = {"Final-Recipient": f"rfc822; {recipient}", "Action": action, "Status": "5.1.1", **more}
    return "".join(f"{name}: {value}\n" for name, value in fields.items()) + "\n"


@pytest.mark.parametrize("original", [WHOLE, HEADERS], ids=["whole mail", "headers only"])
def test_a_report_names_recipient_status_and_mail(original: str) -> None:
    mail = parsed(
        HEAD + STATUS + about("Guest@Example.com", **{"Diagnostic-Code": "smtp; 550 no such user"}) + original
    )
    assert mail.is_report
    assert mail.bounces == (
        Bounce(
            recipient="guest@example.com",
            action="failed",
            status="5.1.1",
            reason="smtp; 550 no such user",
            message_ids=(OURS,),
        ),
    )


def test_the_address_that_was_written_to_counts_before_the_one_it_was_forwarded_to() -> None:
    forwarded = about("other@example.net", **{"Original-Recipient": "rfc822;guest@example.com"})
    (bounce,) = parsed(HEAD + STATUS + forwarded + WHOLE).bounces
    assert bounce.recipient == "guest@example.com"


def test_each_recipient_of_a_report_is_told() -> None:
    mail = parsed(HEAD + STATUS + about("a@example.com") + about("b@example.com", "delayed") + WHOLE)
    assert [(one.recipient, one.action) for one in mail.bounces] == [
        ("a@example.com", "failed"),
        ("b@example.com", "delayed"),
    ]


def test_a_report_without_the_mail_it_is_about_names_none() -> None:
    (bounce,) = parsed(HEAD + STATUS + about("a@example.com") + "--b--\n").bounces
    assert bounce.message_ids == ()


def test_an_ordinary_mail_that_encloses_a_report_is_none() -> None:
    text = (HEAD + STATUS + about("a@example.com") + WHOLE).replace("multipart/report", "multipart/mixed", 1)
    assert parsed(text).bounces == ()


@given(st.binary(max_size=400))
def test_nothing_in_a_report_makes_its_reader_stumble(rubbish: bytes) -> None:
    raw = HEAD.encode() + STATUS.encode() + rubbish + b"\n" + WHOLE.encode()
    for bounce in read_mail(raw, Context(now=NOW)).bounces:
        assert bounce.recipient
