"""Calendar objects as real senders write them, each shape by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.rules.ical import Context, read_calendar
from tests.unit.rules.written_ical import (
    CONTEXT,
    CUSTOM_ZONE,
    LINK,
    NOW,
    contents,
    event,
    instance,
    read,
    starts,
    text,
    weekly,
)


def test_a_plain_invitation():
    found = read(event())
    assert (found.uid, found.method, found.sequence, found.title) == (
        "one@example.com",
        "REQUEST",
        0,
        "Standup",
    )
    assert found.organizer.email == "host@example.com"
    assert found.organizer.name == "Host Person"
    assert (found.slots[0].slot, found.slots[0].ends_at - found.slots[0].starts_at) == (
        "",
        timedelta(hours=1),
    )
    assert found.links == (LINK,)
    assert not found.recurring
    assert found.broken == ()


def test_an_attendee_keeps_its_address_as_it_was_written():
    (attendee,) = read(event()).attendees
    assert (attendee.email, attendee.raw, attendee.rsvp) == (
        "notes+silent@bot.example",
        "Notes+Silent@bot.example",
        True,
    )


@pytest.mark.parametrize(
    ("line", "email"),
    [
        ("ORGANIZER:no-reply@zoom.us", "no-reply@zoom.us"),
        ("ORGANIZER:MAILTO:Host@Example.com", "host@example.com"),
        ("ORGANIZER;EMAIL=host@example.com:urn:uuid:1234", "host@example.com"),
        ('ORGANIZER;CN="A: B; C":mailto:host@example.com', "host@example.com"),
        ("ORGANIZER:invalid:nomail", None),
    ],
)
def test_organizers_as_calendars_write_them(line, email):
    found = read(event(line, without=("ORGANIZER",)))
    assert (found.organizer.email if found.organizer else None) == email


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("DTSTART:20261123T090000Z", "11-23T09:00"),
        ("DTSTART;TZID=Europe/Berlin:20261123T090000", "11-23T08:00"),
        ("DTSTART;TZID=W. Europe Standard Time:20261123T090000", "11-23T08:00"),
        ("DTSTART;TZID=/vendor.example/20260101_1/Europe/Berlin:20261123T090000", "11-23T08:00"),
        ('DTSTART;TZID="(UTC-05:00) Eastern Time (US & Canada)":20261123T090000', "11-23T14:00"),
        ("DTSTART;TZID=(UTC-05:00) Eastern Time (US & Canada):20261123T090000", "11-23T14:00"),
        ("DTSTART;TZID=tzone://Microsoft/Utc:20261123T090000", "11-23T09:00"),
        ("DTSTART;TZID=Customized Time Zone:20261123T090000", "11-23T12:00"),
        ("DTSTART;TZID=Europe/Berlin:20261123T090000Z", "11-23T09:00"),  # Z wins
        ("DTSTART;TZID=Europe/Berlin;TZID=Europe/Berlin:20261123T090000", "11-23T08:00"),
        ("DTSTART:20261123T090000", "11-23T08:00"),  # floating: in our zone
        ("DTSTART;VALUE=DATE-TIME;TZID=Europe/Berlin:20261123T090000", "11-23T08:00"),
    ],
)
def test_times_in_every_kind_of_zone(start, expected):
    found = read(CUSTOM_ZONE, event(start, without=("DTSTART", "DTEND")))
    assert starts(found) == [expected]
    assert found.slots[0].ends_at - found.slots[0].starts_at == timedelta(hours=1)


def test_a_zone_described_after_the_event_counts():
    found = read(
        event("DTSTART;TZID=Customized Time Zone:20261123T090000", without=("DTSTART",)), CUSTOM_ZONE
    )
    assert starts(found) == ["11-23T12:00"]


def test_floating_times_are_in_the_calendars_own_zone():
    found = read(event(DTSTART="20261123T090000"), head=("X-WR-TIMEZONE:Asia/Tokyo",))
    assert starts(found) == ["11-23T00:00"]


def test_a_zone_that_nothing_explains_is_not_guessed():
    found = read(event("DTSTART;TZID=Nowhere:20261123T090000", without=("DTSTART",)))
    assert found.slots == ()
    assert "Nowhere" in found.broken[0]
    assert found.only_instances


def test_a_day_that_exchange_writes_as_times_is_marked_as_a_day():
    times = ("DTSTART:20261123T000000Z", "DTEND:20261124T000000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE")
    (slot,) = read(event(*times, without=("DTSTART", "DTEND"))).slots
    assert slot.all_day


def test_a_day_is_marked_as_a_day():
    found = read(event("DTSTART;VALUE=DATE:20261123", without=("DTSTART", "DTEND")))
    (slot,) = found.slots
    assert slot.all_day
    assert (slot.starts_at, slot.ends_at - slot.starts_at) == (
        datetime(2026, 11, 22, 23, tzinfo=UTC),
        timedelta(days=1),
    )


@pytest.mark.parametrize(
    ("end", "minutes"),
    [
        ("DTEND:20261123T093000Z", 30),
        ("DURATION:PT45M", 45),
        ("DURATION:P1W", 1440),
        ("DTEND:20261123T080000Z", 60),  # before it begins
        ("DTEND:20261123T090000Z", 60),  # no length at all
        ("DTEND:20261123T090010Z", 1),
        ("DTEND:99991231T235959Z", 60),
        ("DTEND:nonsense", 60),
        ("DURATION:P99999999W", 1440),
        ("X-NOTHING:1", 60),
    ],
)
def test_a_meeting_lasts_from_a_minute_to_a_day(end, minutes):
    (slot,) = read(event(end, without=("DTEND",))).slots
    assert slot.ends_at - slot.starts_at == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("lines", "sequence"),
    [
        (("SEQUENCE:3",), 3),
        (("SEQUENCE:1773423967",), 1773423967),
        (("SEQUENCE:1407317367304",), 1407317367304),
        (("SEQUENCE:0", "X-MICROSOFT-CDO-APPT-SEQUENCE:4"), 4),
        (("SEQUENCE:-1",), 0),
        (("SEQUENCE:many",), 0),
        (("SEQUENCE:99999999999999999999",), 0),
    ],
)
def test_sequence_as_calendars_count(lines, sequence):
    assert read(event(*lines)).sequence == sequence


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("20261101T000000Z", datetime(2026, 11, 1, tzinfo=UTC)),
        ("20261101T000000", datetime(2026, 11, 1, tzinfo=UTC)),
        ("nonsense", NOW - timedelta(hours=1)),
        ("20991101T000000Z", NOW + timedelta(days=1)),  # tomorrow's stamp cannot outrank next week's change
    ],
)
def test_a_stamp_that_cannot_be_used_gives_way_to_when_the_mail_was_sent(stamp, expected):
    assert read(event(DTSTAMP=stamp)).stamped_at == expected


def test_an_event_without_uid_has_the_same_name_every_time():
    names = {read(event("DESCRIPTION:" + words, without=("UID",))).uid for words in ("a", "b")}
    assert len(names) == 1
    assert names.pop().startswith("nouid-")


@pytest.mark.parametrize(
    ("method", "hint", "expected"),
    [
        ("REQUEST", "", "REQUEST"),
        (" REQUEST", "", "REQUEST"),
        ("request", "", "REQUEST"),
        ("REQUEST\nMETHOD:CANCEL", "", "REQUEST"),
        (None, "cancel;", "CANCEL"),
        (None, "", "PUBLISH"),
        ("NONSENSE", "REQUEST", "REQUEST"),
    ],
)
def test_the_method_is_taken_from_where_it_is(method, hint, expected):
    context = Context(NOW, method=hint)
    assert read(event(), method=method, context=context).method == expected


def test_a_cancellation_of_the_whole():
    assert read(event("STATUS:CANCELLED"), method="CANCEL").cancelled
    assert read(event("STATUS:CANCELLED")).cancelled


def test_a_cancellation_of_one_instance_names_only_that():
    found = read(instance(":20261130T090000Z", "STATUS:CANCELLED"), method="CANCEL")
    assert found.only_instances
    assert not found.cancelled
    assert [(slot.slot, slot.cancelled) for slot in found.slots] == [("2026-11-30T09:00:00Z", True)]


@pytest.mark.parametrize(
    "recurrence_id", [":nonsense", ";VALUE=DATE-TIME:2026", ":", ";TZID=Nowhere:20261130T090000"]
)
def test_a_cancellation_of_an_unreadable_instance_names_nothing(recurrence_id):
    found = read(instance(recurrence_id), method="CANCEL")
    assert found.only_instances
    assert not found.cancelled
    assert found.slots == ()
    assert found.broken


def test_one_broken_event_does_not_hide_another():
    found = contents(event(DTSTART="nonsense"), event(UID="two@example.com"))
    assert [len(component.slots) for component in found.components] == [0, 1]
    assert found.problems == ("DTSTART cannot be read",)


@pytest.mark.parametrize(
    "lines",
    [
        (f"X-GOOGLE-CONFERENCE:{LINK}",),
        (f"CONFERENCE;VALUE=URI;FEATURE=VIDEO:{LINK}",),
        ("CONFERENCE;VALUE=URI;FEATURE=PHONE:tel:+1-555", f"CONFERENCE;VALUE=URI:{LINK}"),
        (f"URL:{LINK}",),
        (f"DESCRIPTION:Join\\n{LINK}?hs=224\\nor dial",),
        ("DESCRIPTION:Join https://meet.goo\n gle.com/abc-defg-hij now",),
        (f'X-ALT-DESC;FMTTYPE=text/html:<a href="{LINK}">Join</a>',),
        (f'DESCRIPTION;ALTREP="{LINK}":words',),
    ],
)
def test_the_link_is_found_wherever_calendars_put_it(lines):
    assert read(event(*lines, without=("LOCATION",))).links == (LINK,)


def test_a_structured_link_goes_before_one_in_prose():
    other = "https://meet.google.com/zzz-zzzz-zzz"
    found = read(event(f"X-GOOGLE-CONFERENCE:{LINK}", f"DESCRIPTION:{other}", without=("LOCATION",)))
    assert found.links == (LINK, other)


def test_a_link_in_an_alarm_is_none_of_ours():
    alarm = f"BEGIN:VALARM\nDESCRIPTION:{LINK}\nATTENDEE:mailto:x@example.com\nEND:VALARM"
    found = read(event(alarm, without=("LOCATION",)))
    assert found.links == ()
    assert len(found.attendees) == 1


@pytest.mark.parametrize(
    "encoded",
    [
        lambda t: b"\xef\xbb\xbf" + t.encode(),
        lambda t: t.encode("utf-16"),
        lambda t: t.encode("utf-16-le"),
        lambda t: t.replace("\n", "\r").encode(),
        lambda t: b"\r\n\r\n" + t.replace("\n", "  \r\n").encode(),
        lambda t: t.encode() + b"\n_______\nA mailing list\nhttps://lists.example\n",
        lambda t: t.encode().replace("ü".encode(), b"\xc3\n \xbc"),  # folded within a character
        lambda t: t.encode("cp1252"),
        lambda t: t.replace("SUMMARY:", "SUMMARY:\0").encode(),
    ],
)
def test_text_is_read_in_whatever_encoding(encoded):
    (found,) = read_calendar(encoded(text(event(SUMMARY="Überblick für alle"))), CONTEXT).components
    assert found.title == "Überblick für alle"
    assert len(found.slots) == 1


def test_a_declared_charset_serves_when_the_bytes_are_not_utf8():
    payload = text(event(SUMMARY="Обзор")).encode("koi8-r")
    (found,) = read_calendar(payload, CONTEXT, "koi8-r").components
    assert found.title == "Обзор"
    assert read_calendar(text(event()).encode(), CONTEXT, "iso-4444-5").components


def test_text_that_lost_its_folding_is_joined_again():
    found = read(event(f"DESCRIPTION:first line\nsecond line with {LINK}\nthird", without=("LOCATION",)))
    assert found.links == (LINK,)


@pytest.mark.parametrize("text", ["", "hello", "/etc/passwd", "BEGIN:VCALENDAR\nEND:VCALENDAR"])
def test_what_holds_no_meeting_says_so(text):
    found = read_calendar(text.encode(), CONTEXT)
    assert found.components == ()
    assert len(found.problems) == 1


def test_an_event_without_a_calendar_around_it_is_read():
    assert len(read_calendar(event().encode(), CONTEXT).components) == 1


def test_a_calendar_cut_off_in_the_middle_is_told_apart():
    found = read_calendar(text(event()).encode()[:-120], CONTEXT)
    assert any("ends in the middle" in problem for problem in found.problems)


def test_more_than_a_mail_should_carry_is_refused():
    many = contents(*(event(UID=f"{n}@example.com") for n in range(6)))
    assert many.components == ()
    assert "send one invitation each" in many.problems[0]
    assert read_calendar(b"x" * (1024 * 1024 + 1), CONTEXT).problems == (
        "the calendar attachment is larger than 1 MiB",
    )


def test_controls_and_line_breaks_never_leave_the_calendar():
    found = read(event(SUMMARY="a\\nBcc: x@example.com\x07\x1b[2J", UID="u\x00v"))
    assert found.title == "a Bcc: x@example.com[2J"
    assert found.uid == "uv"


def test_a_component_carries_enough_to_be_read_again():
    found = read(CUSTOM_ZONE, weekly(), instance(":20261130T090000Z"), head=("X-WR-TIMEZONE:Asia/Tokyo",))
    (again,) = read_calendar(found.ical.encode(), CONTEXT).components
    assert again == found


@pytest.mark.parametrize("stamp", ["nonsense", "20991101T000000Z", "20261101T000000Z"])
def test_a_component_has_the_same_rank_when_it_is_read_again_later(stamp):
    found = read(event(DTSTAMP=stamp), context=Context(NOW + timedelta(microseconds=7)))
    (again,) = read_calendar(found.ical.encode(), Context(NOW + timedelta(days=40))).components
    assert again.stamped_at == found.stamped_at
