from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from agent.delivery.itip import folded, refresh, reply
from agent.model.invite import Attendee
from agent.model.letter import RefreshLetter, ReplyLetter

START = datetime(2026, 11, 25, 9, 0, tzinfo=timezone(timedelta(hours=1)))


def letter(**changes):
    values = {
        "message_id": "<reply.1@example.com>",
        "uid": "abc123@google.com",
        "sequence": 3,
        "partstat": "ACCEPTED",
        "attendee": Attendee(
            email="notes+team@example.com", raw="mailto:Notes+Team@Example.com", name="Meetbot"
        ),
        "organizer": Attendee(
            email="host@example.com", raw="MAILTO:host@example.com", name='Host "The" Person'
        ),
        "stamped_at": datetime(2026, 11, 24, 14, 52, 7, tzinfo=UTC),
        "starts_at": START,
        "ends_at": START + timedelta(hours=1),
        "title": "Weekly; plans, and more",
    }
    return ReplyLetter(**(values | changes))


def event(text):
    calendar = Calendar.from_ical(text)
    assert calendar["METHOD"] == "REPLY"
    (found,) = calendar.walk("VEVENT")
    return found


def test_a_reply_names_the_event_and_the_answer():
    found = event(reply(letter()))

    assert (found["UID"], found["SEQUENCE"], found["SUMMARY"]) == (
        "abc123@google.com",
        3,
        "Weekly; plans, and more",
    )
    assert found["DTSTAMP"].dt == datetime(2026, 11, 24, 14, 52, 7, tzinfo=UTC)
    assert found["DTSTART"].dt == START
    assert found["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"


def test_there_is_exactly_one_attendee_byte_for_byte_as_invited():
    lines = reply(letter()).replace("\r\n ", "").split("\r\n")
    attendees = [line for line in lines if line.startswith("ATTENDEE")]

    assert len(attendees) == 1
    assert attendees[0].endswith(":mailto:Notes+Team@Example.com")
    assert next(line for line in lines if line.startswith("ORGANIZER")).endswith(":MAILTO:host@example.com")


def test_an_address_without_scheme_gets_one():
    attendee = Attendee(email="notes@example.com", raw="Notes@example.com")

    assert "ATTENDEE;PARTSTAT=ACCEPTED:mailto:Notes@example.com\r\n" in reply(letter(attendee=attendee))


def test_an_instance_is_named_by_its_recurrence_id():
    assert "RECURRENCE-ID" not in reply(letter())
    assert "RECURRENCE-ID:20261125T080000Z\r\n" in reply(letter(recurrence_id=START))


def test_a_declined_one_says_why():
    found = event(reply(letter(partstat="DECLINED", comment="Only Google Meet;\nnot other platforms, yet.")))

    assert found["COMMENT"] == "Only Google Meet;\nnot other platforms, yet."
    assert found["ATTENDEE"].params["PARTSTAT"] == "DECLINED"


@given(st.text(max_size=300))
def test_no_line_is_longer_than_75_octets_and_none_is_lost(text):
    line = "SUMMARY:" + text.replace("\r", "").replace("\n", "")
    lines = folded(line).split("\r\n")

    assert all(len(part.encode("utf-8", "surrogatepass")) <= 75 for part in lines)
    assert lines[0] + "".join(part[1:] for part in lines[1:]) == line


@pytest.mark.parametrize(
    "text", ["x\r\nATTENDEE:mailto:other@example.com", "x\nMETHOD:CANCEL", "x\u2028END:VEVENT", "x\x00\x0b"]
)
@pytest.mark.parametrize("place", ["title", "comment", "uid", "name"])
def test_no_text_becomes_a_line_of_its_own(text, place):
    named = {"attendee": Attendee(email="notes@example.com", raw="mailto:notes@example.com", name=text)}
    found = event(reply(letter(**(named if place == "name" else {place: text}))))

    assert not isinstance(found["ATTENDEE"], list)
    assert found["ATTENDEE"].lower().startswith("mailto:notes")


def test_a_refresh_says_who_asks_for_which_event_and_nothing_more():
    asked = letter()
    text = refresh(
        RefreshLetter(
            message_id=asked.message_id,
            uid=asked.uid,
            attendee=asked.attendee,
            organizer=asked.organizer,
            stamped_at=asked.stamped_at,
            title=asked.title,
        )
    )
    calendar = Calendar.from_ical(text)
    (found,) = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REFRESH"
    assert set(found) == {"UID", "DTSTAMP", "ORGANIZER", "ATTENDEE"}
    assert found["ATTENDEE"] == "mailto:Notes+Team@Example.com"
