"""The shapes in which mail carries invitations, each by hand."""

import base64
import quopri
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.invites import budget
from agent.invites.mime import read_mail
from agent.rules.ical import Context

CONTEXT = Context(datetime(2026, 11, 22, 12, tzinfo=UTC))
LINK = "https://meet.google.com/abc-defg-hij"
CALENDAR = """BEGIN:VCALENDAR
METHOD:{method}
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20261101T000000Z
DTSTART:20261123T090000Z
DTEND:20261123T100000Z
SUMMARY:Überblick
LOCATION:{place}
ORGANIZER:mailto:host@example.com
END:VEVENT
END:VCALENDAR
"""
HEAD = {
    "From": "Host Person <host@example.com>",
    "To": "notes@bot.example",
    "Date": "Sun, 22 Nov 2026 10:00:00 +0000",
    "MIME-Version": "1.0",
}


def calendar(method="REQUEST", uid="one@example.com", place=LINK):
    return CALENDAR.format(method=method, uid=uid, place=place)


def mail(body, kind="text/plain", extra=(), **headers):
    fields = {**HEAD, "Content-Type": kind, **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "".join(
        f"{line}\r\n" for line in extra
    )
    return head.encode() + b"\r\n" + (body.encode() if isinstance(body, str) else body)


def part(kind, body, **headers):
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    body = body.encode() if isinstance(body, str) else body
    return f"Content-Type: {kind}\r\n{head}\r\n".encode() + body


def multipart(*parts, kind="mixed", boundary="=_b1", **headers):
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + one + b"\r\n" for one in parts)
    return mail(
        body + b"--" + boundary.encode() + b"--\r\n", f'multipart/{kind}; boundary="{boundary}"', **headers
    )


CALENDAR_TYPE = "text/calendar; charset=utf-8; method=REQUEST"


def read(raw):
    return read_mail(raw, CONTEXT)


def only(raw):
    found = read(raw)
    assert found.problems == ()
    (component,) = found.components
    assert component.title == "Überblick"
    return found, component


@pytest.mark.parametrize(
    "raw",
    [
        mail(calendar(), CALENDAR_TYPE),
        mail(
            base64.encodebytes(calendar().encode()), CALENDAR_TYPE, **{"Content-Transfer-Encoding": "base64"}
        ),
        mail(
            quopri.encodestring(calendar().encode()),
            CALENDAR_TYPE,
            **{"Content-Transfer-Encoding": "quoted-printable"},
        ),
        mail(calendar().encode(), CALENDAR_TYPE, **{"Content-Transfer-Encoding": "8bit"}),
        mail(calendar().encode("latin-1"), "text/calendar; charset=iso-8859-1; method=REQUEST"),
        mail(calendar(), "text/calendar; charset=iso-4444-5"),
        mail(calendar(), "text/calendar; method=REQUEST;; charset=UTF-8"),
        mail(calendar(), "text/calendar"),
        mail(calendar(), "application/ics; name=invite.ics"),
        multipart(part("text/plain", "hi"), part(CALENDAR_TYPE, calendar()), kind="alternative"),
        multipart(
            part(
                "application/octet-stream",
                calendar(),
                Content_Disposition='attachment; filename="invite.ics"',
            )
        ),
        multipart(part(CALENDAR_TYPE, calendar()), part("application/ics; name=invite.ics", calendar())),
        multipart(part("text/x-vcalendar", calendar())),
    ],
    ids=lambda raw: raw[60:110].decode("latin-1"),
)
def test_an_invitation_is_found_however_it_is_packed(raw):
    _, component = only(raw)
    assert component.method == "REQUEST"


def test_of_two_copies_the_one_that_names_its_method_counts():
    raw = multipart(
        part("application/ics; name=invite.ics", calendar("PUBLISH")), part(CALENDAR_TYPE, calendar())
    )
    assert only(raw)[1].method == "REQUEST"


def test_two_meetings_in_one_mail_are_two_components():
    raw = multipart(part(CALENDAR_TYPE, calendar()), part(CALENDAR_TYPE, calendar(uid="two@example.com")))
    assert {component.uid for component in read(raw).components} == {"one@example.com", "two@example.com"}


def test_an_invitation_inside_a_forwarded_mail_is_marked():
    inner = mail(calendar(), CALENDAR_TYPE, Subject="inner")
    found, _ = only(multipart(part("text/plain", "see below"), part("message/rfc822", inner)))
    assert found.forwarded
    assert not only(inner)[0].forwarded


def test_the_link_may_be_in_the_mails_own_text():
    body = part("text/html; charset=utf-8", f'<a href="{LINK}?x=1&amp;y=2">join</a>')
    _, component = only(multipart(body, part(CALENDAR_TYPE, calendar(place="Room"))))
    assert component.links == (LINK,)
    assert component.slots[0].links == (LINK,)


def test_a_link_in_a_quoted_line_is_of_another_meeting():
    body = part("text/plain", f"> earlier: {LINK}\r\nsee you")
    assert only(multipart(body, part(CALENDAR_TYPE, calendar(place="Room"))))[1].links == ()


def test_a_link_in_the_calendar_goes_before_one_in_the_text():
    body = part("text/plain", "https://meet.google.com/zzz-zzzz-zzz")
    assert only(multipart(body, part(CALENDAR_TYPE, calendar())))[1].links == (LINK,)


def test_header_fields_are_decoded_and_tamed():
    raw = mail(
        calendar(),
        CALENDAR_TYPE,
        Subject="=?utf-8?q?=C3=9Cberblick=0D=0ABcc:_x@example.com?=",
        From="=?utf-8?b?" + base64.b64encode("Host Pérson".encode()).decode() + "?= <HOST@Example.com>",
        References="<a@x> <b@x>",
        Sender="Calendar <calendar-notification@google.com>",
        **{
            "Auto-Submitted": "Auto-Generated",
            "List-Id": "<l.example.com>",
            "Precedence": "Bulk",
            "Reply-To": "r@example.com",
        },
    )
    found, _ = only(raw)
    assert found.subject == "Überblick Bcc: x@example.com"
    assert (found.from_name, found.from_email) == ("Host Pérson", "host@example.com")
    assert found.references == ("<a@x>", "<b@x>")
    assert (found.sender, found.reply_to) == ("calendar-notification@google.com", "r@example.com")
    assert (found.auto_submitted, found.list_id, found.precedence) == (
        "auto-generated",
        "<l.example.com>",
        "bulk",
    )


def test_an_event_without_stamp_ranks_by_when_the_mail_was_sent():
    raw = mail(calendar().replace("DTSTAMP:20261101T000000Z\n", ""), CALENDAR_TYPE)
    assert only(raw)[1].stamped_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_winmail_is_declined_with_what_to_do():
    found = read(multipart(part("application/ms-tnef; name=winmail.dat", b"\x78\x9f\x3e\x22")))
    assert found.tnef
    assert "iCalendar" in found.problems[0]


def test_a_mail_that_is_no_invitation_says_so():
    assert "no calendar invitation" in read(mail("hello")).problems[0]


def test_a_delivery_report_is_marked():
    assert read(
        multipart(part("message/delivery-status", "x"), kind="report; report-type=delivery-status")
    ).is_report


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"x" * (budget.MAX_BYTES + 1), "10 MiB"),
        (mail(calendar(), CALENDAR_TYPE, extra=["X: y"] * 201), "200 header fields"),
        (mail(calendar(), CALENDAR_TYPE, extra=["X: " + "y" * 110_000]), "100 KiB"),
        (multipart(*[part("text/plain", "")] * 101), "100 parts"),
        (mail("boundary=x\n" * 101, "multipart/mixed; boundary=x"), "nested too deeply"),
    ],
)
def test_a_mail_over_its_budget_is_not_parsed_but_its_sender_is_known(raw, words):
    found = read(raw)
    assert words in found.problems[0]
    assert found.components == ()
    assert raw.startswith(b"x") or found.from_email == "host@example.com"


def test_a_part_line_counts_only_with_a_boundary_of_the_mail():
    body = "--- 8< ---\r\n-- \r\n--=_other\r\n" * 200
    assert budget.overdraft(multipart(part("text/plain", body))) == ""


SHAPES = [
    mail(calendar(), CALENDAR_TYPE),
    multipart(part("text/plain", "hi"), part(CALENDAR_TYPE, calendar()), kind="alternative"),
    multipart(part("message/rfc822", mail(calendar(), CALENDAR_TYPE))),
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SHAPES), st.data())
def test_a_damaged_mail_is_read_or_told_never_thrown(raw, data):
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw)))
        cut = data.draw(st.integers(0, 40))
        raw = (
            raw[:at]
            + data.draw(st.binary(max_size=8) | st.sampled_from([b"\r\n", b":", b"BEGIN:VEVENT\n"]))
            + raw[at + cut :]
        )
    found = read(raw)
    assert found.components or found.problems
