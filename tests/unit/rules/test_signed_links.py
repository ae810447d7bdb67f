"""Links in mails: good for one thing, for one reader, for a time."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import Denied
from agent.rules.signed_links import Link, Purpose, check, issue, read, sign

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
LINK = Link(Purpose.TRANSCRIPT, "job_01", "host@example.com", "2026-03-02T11:00:00+00:00")


def test_a_link_says_what_it_was_made_for() -> None:
    assert read(KEY, issue(KEY, LINK, LATER), Purpose.TRANSCRIPT, NOW) == LINK


def test_a_link_ends() -> None:
    with pytest.raises(Denied, match="expired"):
        read(KEY, issue(KEY, LINK, LATER), Purpose.TRANSCRIPT, LATER)


def test_a_link_for_one_thing_opens_no_other() -> None:
    with pytest.raises(Denied, match="something else"):
        read(KEY, issue(KEY, LINK, LATER), Purpose.DELETE, NOW)


def test_a_link_of_another_server_opens_nothing() -> None:
    with pytest.raises(Denied):
        read(OTHER_KEY, issue(KEY, LINK, LATER), Purpose.TRANSCRIPT, NOW)


@given(st.integers(min_value=0), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_link_with_any_character_changed_opens_nothing(place: int, letter: str) -> None:
    token = issue(KEY, LINK, LATER)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(Denied):
            read(KEY, changed, Purpose.TRANSCRIPT, NOW)


@pytest.mark.parametrize("until", ["Infinity", "1e999", "NaN", "null", "[]", "true", "9" * 1000, '"never"'])
def test_a_forged_end_is_refused_whatever_number_it_is(until: str) -> None:
    said = base64.urlsafe_b64encode(f'["delete","job_01","host@example.com","",{until}]'.encode()).rstrip(
        b"="
    )
    with pytest.raises(Denied):
        read(KEY, f"{said.decode()}.forged", Purpose.DELETE, NOW)


@given(st.text(max_size=3000))
def test_no_text_is_a_link_by_chance(text: str) -> None:
    with pytest.raises(Denied):
        read(KEY, text, Purpose.TRANSCRIPT, NOW)


def test_a_link_whose_address_says_what_it_opens_is_good_for_that_until_one_instant() -> None:
    expires = int(LATER.timestamp())
    signature = sign(KEY, "recording:1:1", expires)
    check(KEY, "recording:1:1", expires, signature, NOW)
    for what, until in (("recording:1:2", expires), ("recording:1:1", expires + 1)):
        with pytest.raises(Denied):
            check(KEY, what, until, signature, NOW)
    with pytest.raises(Denied, match="expired"):
        check(KEY, "recording:1:1", expires, signature, LATER)
