from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.invite import Attendee
from agent.model.summary import ActionItem, Decision, Statement, Summary, Topic
from agent.model.transcript import Attendance, Entry, Session
from agent.rules.recipients import (
    House,
    addresses,
    choose,
    match,
    name_key,
    visible_entries,
    visible_summary,
)

START = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
END = START + timedelta(minutes=40)
BOT = House(own_addresses=frozenset({"notes@example.com"}))


def person(email, name="", partstat="ACCEPTED"):
    return Attendee(email=email, raw=f"mailto:{email}", name=name, partstat=partstat)


def there(name, *stays):
    sessions = tuple(Session(START, left) for left in stays or (END,))
    return Attendance(
        name=f"conferenceRecords/x/participants/{name}", display_name=name, kind="signedin", sessions=sessions
    )


HOST = person("host@example.com", "Host Person")
TEST_LEAD = person("tests@example.com", "Test Lead")
ABSENT = person("sales@example.com", "Sales Lead")
DECLINER = person("no@example.com", "Busy Person", "DECLINED")
GUEST = person("guest@client.example", "Guest Person")
INVITEES = (HOST, TEST_LEAD, ABSENT, DECLINER, GUEST, person("notes+team@example.com"))
PRESENT = (there("Host Person"), there("Test Lead"), there("Guest Person"), there("Busy Person"))


def readers(policy, invitees=INVITEES, attendances=PRESENT, house=BOT, inviter=HOST):
    return {one.email for one in choose(policy, inviter, invitees, attendances, house).recipients}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("inviter", {"host@example.com"}),
        ("attended", {"host@example.com", "tests@example.com", "guest@client.example"}),
        ("internal", {"host@example.com", "tests@example.com", "sales@example.com"}),
        ("invited", {"host@example.com", "tests@example.com", "sales@example.com", "guest@client.example"}),
    ],
)
def test_each_policy_has_its_readers(policy, expected):
    assert readers(policy) == expected


@pytest.mark.parametrize("policy", ["inviter", "attended", "internal", "invited"])
def test_who_declined_gets_nothing_even_when_seen_or_inviting(policy):
    declined = HOST.model_copy(update={"partstat": "DECLINED"})

    assert "no@example.com" not in readers(policy)
    assert "host@example.com" not in readers(policy, (declined,), inviter=HOST)


def test_the_bot_rooms_and_the_unsubscribed_get_nothing():
    house = House(own_addresses=BOT.own_addresses, unsubscribed=frozenset({"tests@example.com"}))
    room = person("room-4@resource.calendar.google.com", "Room 4")

    assert readers("invited", (HOST, TEST_LEAD, room, person("notes@example.com")), house=house) == {
        "host@example.com"
    }


def test_everybody_passed_over_is_told_why():
    passed_over = dict(choose("attended", HOST, INVITEES, PRESENT, BOT).passed_over)

    assert passed_over["sales@example.com"] == "was not seen in the meeting under the invited name"
    assert passed_over["no@example.com"] == "declined the invitation"
    assert passed_over["notes+team@example.com"] == "is the bot itself"


def test_outsiders_of_two_companies_do_not_read_about_each_other_unasked():
    other = person("other@supplier.example", "Other Guest")

    assert readers("attended", (*INVITEES, other), (*PRESENT, there("Other Guest"))) == {
        "host@example.com",
        "tests@example.com",
    }


def test_more_than_five_outsiders_are_too_many_to_mail_unasked():
    crowd = tuple(person(f"g{n}@client.example", f"Guest Number{n}") for n in range(6))
    seen = tuple(there(f"Guest Number{n}") for n in range(6))

    assert readers("attended", (HOST, *crowd), (there("Host Person"), *seen)) == {"host@example.com"}


def test_two_private_mailboxes_are_not_one_company():
    strangers = (person("first.one@gmail.com", "First One"), person("second.one@gmail.com", "Second One"))

    assert readers("attended", (HOST, *strangers), (there("First One"), there("Second One"))) == {
        "host@example.com"
    }


def test_an_inviter_with_a_private_mailbox_has_no_house():
    inviter = person("host.person@gmail.com", "Host Person")

    assert readers("internal", (inviter, person("x@gmail.com")), inviter=inviter) == {"host.person@gmail.com"}


def test_configured_domains_are_inside_too():
    house = House(domains=frozenset({"client.example"}), own_addresses=BOT.own_addresses)

    assert "guest@client.example" in readers("internal", house=house)


@pytest.mark.parametrize(
    "shown",
    [
        "Host Person",
        "host person",
        "PERSON, Host",
        "Host Person (Guest)",
        "Hóst  Person",
        "Host Person [away]",
    ],
)
def test_a_name_is_known_again_in_other_spellings(shown):
    assert name_key(shown) == name_key("Host Person")


def test_names_that_differ_by_a_number_are_different_people():
    assert name_key("Guest 1") != name_key("Guest 2")


def test_japanese_voicing_marks_tell_names_apart():
    assert name_key("かき") != name_key("がき")


def test_an_address_of_two_words_stands_for_a_missing_name():
    nameless = person("test.lead2@example.com", "test.lead2@example.com")

    assert match((nameless,), (there("Test Lead"),)) == {"test.lead2@example.com": END}


def test_two_invitees_of_one_name_are_both_unknown():
    twin = person("tests@client.example", "Test Lead")

    assert match((TEST_LEAD, twin), (there("Test Lead"),)) == {}


def test_a_reader_who_left_and_came_back_left_the_second_time():
    early, late = START + timedelta(minutes=5), START + timedelta(minutes=20)

    assert match((TEST_LEAD,), (there("Test Lead", early, late),)) == {"tests@example.com": late}
    assert match((TEST_LEAD,), (there("Test Lead", late), there("Test Lead", early))) == {
        "tests@example.com": late
    }
    assert match((TEST_LEAD,), (there("Test Lead", early, None),)) == {"tests@example.com": None}


def test_each_reader_carries_when_they_left():
    left = START + timedelta(minutes=10)
    choice = choose(
        "attended", HOST, (HOST, TEST_LEAD), (there("Host Person", None), there("Test Lead", left)), BOT
    )

    assert {one.email: one.until for one in choice.recipients} == {
        "host@example.com": None,
        "tests@example.com": left,
    }


def spoken(*minutes):
    return tuple(
        Entry(
            "Host Person", f"words {n}", START + timedelta(minutes=n), START + timedelta(minutes=n, seconds=9)
        )
        for n in minutes
    )


def test_the_transcript_ends_where_its_reader_left():
    entries = spoken(0, 5, 10, 15)

    assert visible_entries(entries, START + timedelta(minutes=10)) == entries[:2]
    assert visible_entries(entries, None) == entries
    assert visible_entries(entries, START) == ()


SUMMARY = Summary(
    title="All",
    tldr=(Statement(text="early", cites=(1,)), Statement(text="late", cites=(1, 4)), Statement(text="bare")),
    topics=(
        Topic(title="first", points=("a",), start_seconds=0, end_seconds=300, cites=(1, 2)),
        Topic(title="across", points=("b",), start_seconds=300, end_seconds=900, cites=(2, 4)),
        Topic(title="last", points=("c",), start_seconds=900, end_seconds=1200, cites=(4,)),
    ),
    decisions=(Decision(text="late", cites=(3,)),),
    action_items=(ActionItem(text="early", cites=(2,)),),
)


def test_a_summary_keeps_only_what_its_reader_heard():
    cut = visible_summary(SUMMARY, spoken(0, 5, 10, 15), START + timedelta(minutes=9))

    assert [statement.text for statement in cut.tldr] == ["early"]
    assert [(topic.title, topic.points, topic.cites) for topic in cut.topics] == [
        ("first", ("a",), (1, 2)),
        ("across", (), (2,)),
    ]
    assert cut.topics[1].end_seconds == 540
    assert cut.decisions == ()
    assert [action.text for action in cut.action_items] == ["early"]


def test_who_stayed_reads_the_whole_summary():
    assert visible_summary(SUMMARY, spoken(0, 5), None) is SUMMARY
    assert visible_summary(SUMMARY, (), START) is SUMMARY


@given(st.integers(0, 20))
def test_no_cited_entry_lies_behind_the_leave(minutes):
    entries = spoken(0, 5, 10, 15)
    cut = visible_summary(SUMMARY, entries, START + timedelta(minutes=minutes))
    seen = len(visible_entries(entries, START + timedelta(minutes=minutes)))

    if seen < len(entries):
        assert all(cite <= seen for statement in cut.statements() for cite in statement.cites)


def test_names_in_the_meeting_are_joined_to_the_addresses_of_invitees():
    twins = (person("a@example.com", "Same Name"), person("b@example.com", "Same Name"))
    names = ["Person, Host (Berlin)", "Test Lead", "Same Name", "Stranger Person"]
    assert addresses((*INVITEES, *twins), names) == {
        "Person, Host (Berlin)": "host@example.com",
        "Test Lead": "tests@example.com",
    }


def test_whose_mail_came_back_gets_nothing():
    house = House(undeliverable=frozenset({"tests@example.com"}))
    assert "tests@example.com" not in readers("invited", house=house)
