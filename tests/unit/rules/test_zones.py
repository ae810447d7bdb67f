"""Which zone a TZID means."""
# ruff: noqa: DTZ001 - wall-clock times are what these tests are about

from datetime import UTC, datetime, timedelta

import pytest

from agent.rules.zones import Zones, iana_name, to_utc

DEFINITION = """BEGIN:VTIMEZONE
TZID:Custom
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""
JULY, DECEMBER = datetime(2026, 7, 1, 9), datetime(2026, 12, 1, 9)


@pytest.mark.parametrize(
    ("tzid", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Manitoba Standard Time", "America/Winnipeg"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
        ("/mozilla.org/20070129_1/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("(UTC-05:00) Eastern Time (US & Canada)", "America/New_York"),
        ("(GMT+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Amsterdam"),
        ("(UTC-05:00) Eastern Time (US and Canada)", "America/New_York"),
        ("(UTC+07:00) Bangkok, Hanoi, Jakarta", "Asia/Bangkok"),
        ("Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London", "Europe/Dublin"),
        ("Pacific Time (US & Canada), Tijuana", "America/Tijuana"),
        ("Western/Central Europe", "Europe/Berlin"),
        ("US-Mountain", "America/Denver"),
        ("tzone://Microsoft/Utc", "UTC"),
        ('"Europe/Paris"', "Europe/Paris"),
        ("Customized Time Zone", ""),
        ("../../etc/passwd", ""),
        ("x" * 5000, ""),
        ("", ""),
    ],
)
def test_a_name_is_understood_or_nothing_is_guessed(tzid, name):
    assert iana_name(tzid) == name


def test_a_name_that_nothing_explains_has_the_zone_the_sender_described():
    zone = Zones({"Custom": DEFINITION}).named("Custom")
    assert to_utc(JULY, zone) == JULY.replace(hour=7, tzinfo=UTC)
    assert to_utc(DECEMBER, zone) == DECEMBER.replace(hour=8, tzinfo=UTC)


def test_a_known_name_is_not_redefined_by_the_sender():
    zones = Zones({"W. Europe Standard Time": DEFINITION.replace("+0", "-1")})
    assert to_utc(JULY, zones.named("W. Europe Standard Time")).hour == 7


def test_two_senders_may_mean_different_things_by_one_name():
    ours = Zones({"Custom": DEFINITION})
    theirs = Zones({"Custom": DEFINITION.replace("+01", "+05").replace("+02", "+06")})
    assert [to_utc(DECEMBER, one.named("Custom")).hour for one in (ours, theirs, ours)] == [8, 4, 8]


def test_a_location_within_the_description_goes_first():
    zones = Zones({"Custom": DEFINITION.replace("TZID:Custom", "TZID:Custom\nX-LIC-LOCATION:Asia/Tokyo")})
    assert to_utc(JULY, zones.named("Custom")).hour == 0


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "FREQ=YEARLY;INTERVAL=0", "FREQ=YEARLY;BYSECOND=1,2", "nonsense"]
)
def test_an_endless_description_tells_nothing(rule):
    assert Zones({"Custom": DEFINITION.replace("FREQ=YEARLY", rule)}).named("Custom") is None


def test_a_broken_description_with_one_offset_tells_that_offset():
    broken = "BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nTZOFFSETFROM:-700\nTZOFFSETTO:-0700\nEND:STANDARD\nEND:VTIMEZONE\n"
    assert Zones({"X": broken}).named("X").utcoffset(None) == timedelta(hours=-7)


def test_plain_offsets_are_zones():
    assert Zones().named("GMT +05:30").utcoffset(None) == timedelta(hours=5, minutes=30)
    assert Zones().named("(GMT +01:00)").utcoffset(None) == timedelta(hours=1)
    assert Zones().named("UTC+99") is None


def test_floating_times_are_in_the_calendars_zone_else_in_ours():
    assert Zones(calendar_zone="Asia/Tokyo", fallback="Europe/Berlin").floating().key == "Asia/Tokyo"
    assert Zones(calendar_zone="nowhere", fallback="Europe/Berlin").floating().key == "Europe/Berlin"


def test_a_gap_counts_with_the_offset_before_it_and_a_fold_is_its_first_pass():
    berlin = Zones().named("Europe/Berlin")
    assert to_utc(datetime(2026, 3, 29, 2, 30), berlin) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert to_utc(datetime(2026, 10, 25, 2, 30), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
