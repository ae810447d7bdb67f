"""Mail is read in a limited process of its own."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from agent.errors import Temporary
from agent.invites.reader import LimitedReader
from tests.waiting import PATIENCE_SECONDS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVENT = """BEGIN:VEVENT
UID:one@example.com
DTSTAMP:20261101T000000Z
DTSTART:20261123T090000Z
DTEND:20261123T100000Z
SUMMARY:Standup
LOCATION:https://meet.google.com/abc-defg-hij
ORGANIZER;CN=Host Person:mailto:host@example.com
ATTENDEE;RSVP=TRUE:mailto:notes@bot.example
END:VEVENT"""


def calendar(*events, method="REQUEST"):
    return "\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", *events, "END:VCALENDAR", ""])


def mail(body, *, kind="text/calendar; charset=utf-8; method=REQUEST", **headers):
    fields = {
        "From": "Host Person <Host@example.com>",
        "To": "notes@bot.example",
        "Subject": "Standup",
        "Date": "Sun, 22 Nov 2026 10:00:00 +0000",
        "Message-ID": "<first@example.com>",
        "Content-Type": kind,
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return (head + "\r\n").encode() + (body if isinstance(body, bytes) else body.encode())


INVITE = mail(calendar(EVENT))


@pytest.fixture
async def reader():
    one = LimitedReader(cpu_seconds=2, memory_mb=400, seconds=8)
    yield one
    await one.stop()


async def test_an_invitation_comes_back_as_a_value(reader):
    found = await reader.read(INVITE, NOW)
    assert (found.from_email, found.from_name) == ("host@example.com", "Host Person")
    assert (found.message_id, found.subject) == ("<first@example.com>", "Standup")
    assert found.sent_at == NOW - timedelta(hours=2)
    assert found.problems == ()
    (component,) = found.components
    assert component.slots[0].starts_at == NOW + timedelta(hours=21)
    assert component.links == ("https://meet.google.com/abc-defg-hij",)


async def test_a_mail_costs_little_more_than_its_reading(reader):
    await reader.read(INVITE, NOW)
    waiting = psutil.Process(reader._parent.pid)
    before = waiting.cpu_times().children_user
    for _ in range(10):
        await reader.read(INVITE, NOW)
    # A process that loaded the libraries anew for each would take half a second each.
    assert waiting.cpu_times().children_user - before < 2
    assert reader._parent.pid == waiting.pid


async def test_what_one_mail_defines_is_unknown_to_the_next(reader):
    zone = "\n".join(
        [
            "BEGIN:VTIMEZONE",
            "TZID:Customized Time Zone",
            "BEGIN:STANDARD",
            "DTSTART:16010101T000000",
            "TZOFFSETFROM:{0}",
            "TZOFFSETTO:{0}",
            "END:STANDARD",
            "END:VTIMEZONE",
        ]
    )
    event = EVENT.replace("DTSTART:20261123T090000Z", "DTSTART;TZID=Customized Time Zone:20261123T090000")
    event = event.replace("DTEND:20261123T100000Z", "DURATION:PT1H")
    hours = []
    for offset in ("-1000", "+0200"):
        found = await reader.read(mail(calendar(zone.format(offset), event)), NOW)
        hours.append(found.components[0].slots[0].starts_at.hour)
    assert hours == [19, 7]


async def test_many_mails_are_read_at_once_and_none_is_mixed_up(reader):
    mails = [mail(calendar(EVENT.replace("one@", f"u{n}@"))) for n in range(20)]
    found = await asyncio.gather(*(reader.read(one, NOW) for one in mails))
    assert [one.components[0].uid for one in found] == [f"u{n}@example.com" for n in range(20)]


def _nested(depth):
    body = b"x"
    for n in range(depth):
        body = b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n%s\r\n--b%d--" % (
            n,
            n - 1,
            body,
            n,
        )
    return body


def _rule(text):
    return mail(calendar(EVENT.replace("SUMMARY", f"RRULE:{text}\nSUMMARY")))


BOMBS = {
    "recursive address": mail("x", kind="text/plain", To="(" * 500 + "a@example.com"),
    "quotes in an address": mail("x", kind="text/plain", From='"' * 16_000 + "@example.com"),
    "deep nesting": mail(_nested(2000), kind="multipart/mixed; boundary=b1999"),
    "empty parts": mail(b"--x\r\n\r\n" * 300_000, kind="multipart/mixed; boundary=x"),
    "nested messages": mail(b"Content-Type: message/rfc822\r\n\r\n" * 5000, kind="message/rfc822"),
    "many headers": b"X: y\r\n" * 50_000 + INVITE,
    "endless header": b"X: " + b"y" * 3_000_000 + b"\r\n" + INVITE,
    "every second": _rule("FREQ=SECONDLY"),
    "every minute": _rule("FREQ=MINUTELY"),
    "no interval": _rule("FREQ=DAILY;INTERVAL=0"),
    "never matches": _rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
    "many times a day": _rule("FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=0,1,2,3"),
    "many extra dates": mail(
        calendar(EVENT.replace("SUMMARY", "RDATE:" + ",".join(["20261201T090000Z"] * 3000) + "\nSUMMARY"))
    ),
    "endless duration": mail(calendar(EVENT.replace("DTEND:20261123T100000Z", "DURATION:P99999999W"))),
    "year 1": mail(
        calendar(
            EVENT.replace("DTSTART:2026", "DTSTART:0001").replace("SUMMARY", "RRULE:FREQ=DAILY\nSUMMARY")
        )
    ),
    "10,000 events": mail(calendar(*[EVENT.replace("one@", f"{n}@") for n in range(3000)])),
    "a long line": mail(calendar(EVENT.replace("Standup", "z" * 9_000_000))),
    "nested components": mail(calendar("BEGIN:VEVENT\n" * 60_000)),
    "endless zone": mail(
        calendar(
            "BEGIN:VTIMEZONE\nTZID:Z\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n"
            "RRULE:FREQ=SECONDLY;INTERVAL=0\nEND:STANDARD\nEND:VTIMEZONE",
            EVENT.replace("DTSTART:20261123T090000Z", "DTSTART;TZID=Z:20261123T090000"),
        )
    ),
    "spaces": mail(b" " * 9_000_000, kind="text/plain", Subject=" " * 60_000),
    "links": mail(b"https://" * 1_000_000, kind="text/plain"),
    "ampersands": mail(calendar(EVENT.replace("abc-defg-hij", "x")) + "&" * 100_000, kind="text/html"),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
async def test_a_bomb_hurts_nobody_and_the_next_mail_is_read(reader, bomb):
    await reader.read(INVITE, NOW)
    before = psutil.Process().memory_info().rss
    async with asyncio.timeout(PATIENCE_SECONDS):
        found = await reader.read(bomb, NOW)
        assert len(found.components) <= 5
        assert all(len(component.slots) <= 250 for component in found.components)
        assert (await reader.read(INVITE, NOW)).components
    assert psutil.Process().memory_info().rss - before < 80 * 1024 * 1024


@pytest.mark.parametrize("text", ["/etc/passwd", "/etc/hostname", str(Path(__file__).resolve())])
async def test_a_body_that_names_a_file_opens_none(reader, text):
    found = await reader.read(mail(text), NOW)
    assert found.components == ()
    assert found.problems == ("the calendar attachment holds no calendar",)


async def test_a_process_that_is_ended_leaves_a_reason():
    reader = LimitedReader(seconds=0.0001)
    found = await reader.read(INVITE, NOW)
    assert found.problems == ("the mail takes too long or too much memory to read",)
    await reader.stop()


async def test_a_mail_that_takes_too_much_memory_leaves_a_reason():
    reader = LimitedReader(memory_mb=1)
    found = await reader.read(BOMBS["a long line"], NOW)
    assert found.problems == ("the mail takes too much memory to read",)
    await reader.stop()


async def test_the_waiting_process_is_replaced_when_it_dies(reader):
    await reader.read(INVITE, NOW)
    waiting = reader._parent
    waiting.kill()
    await waiting.wait()
    assert (await reader.read(INVITE, NOW)).components


async def test_a_process_that_cannot_be_had_is_no_fault_of_the_mail(reader, monkeypatch):
    monkeypatch.setattr("agent.invites.reader.sys.executable", "/bin/true")
    with pytest.raises(Temporary):
        await reader.read(INVITE, NOW)


async def test_a_long_answer_comes_whole(reader):
    guests = "\n".join(f"ATTENDEE;CN=Guest {n}:mailto:guest{n}@example.com" for n in range(500))
    found = await reader.read(
        mail(calendar(EVENT.replace("SUMMARY", guests + "\nRRULE:FREQ=DAILY\nSUMMARY"))), NOW
    )
    (component,) = found.components
    assert len(component.attendees) == 500
    assert len(component.slots) == 90


async def test_stopping_leaves_no_process(reader):
    await reader.read(INVITE, NOW)
    process = reader._parent.pid
    await reader.stop()
    await reader.stop()
    assert not psutil.pid_exists(process)


async def test_the_waiting_process_ends_when_no_mail_comes_and_starts_with_the_next():
    reader = LimitedReader(idle_seconds=0.01)
    await reader.read(INVITE, NOW)
    await reader._dismissal
    assert reader._parent is None
    assert (await reader.read(INVITE, NOW)).components
    await reader.stop()


async def test_nothing_of_the_environment_reaches_the_child(reader, monkeypatch):
    monkeypatch.setenv("MEETBOT_OKORO__SERVICE_TOKEN", "secret")
    await reader.read(INVITE, NOW)
    assert "MEETBOT_OKORO__SERVICE_TOKEN" in os.environ
    assert "MEETBOT_OKORO__SERVICE_TOKEN" not in psutil.Process(reader._parent.pid).environ()


async def test_a_component_is_expanded_again_for_a_later_horizon(reader):
    first = (await reader.read(_rule("FREQ=WEEKLY"), NOW)).components[0]
    ((later,),) = await reader.expand([first.ical], NOW + timedelta(days=60))
    assert (later.uid, later.sequence, later.stamped_at) == (first.uid, first.sequence, first.stamped_at)
    assert later.slots[-1].starts_at - first.slots[-1].starts_at >= timedelta(days=56)
    assert {slot.slot for slot in later.slots} & {slot.slot for slot in first.slots}


async def test_many_components_are_expanded_at_once_each_by_its_own_text(reader):
    first = (await reader.read(_rule("FREQ=WEEKLY"), NOW)).components[0]
    second = first.ical.replace("one@example.com", "two@example.com")
    found = await reader.expand([first.ical, "nonsense", "", second], NOW)
    assert [[one.uid for one in components] for components in found] == [
        ["one@example.com"],
        [],
        [],
        ["two@example.com"],
    ]
    assert found[0][0].slots == found[3][0].slots


async def test_a_component_that_cannot_be_expanded_spoils_no_other(reader):
    first = (await reader.read(_rule("FREQ=WEEKLY"), NOW)).components[0]
    endless = first.ical.replace("SUMMARY:", "SUMMARY:" + "z" * 11_000_000)
    found = await reader.expand([first.ical, endless, first.ical], NOW)
    assert [len(components) for components in found] == [1, 0, 1]
