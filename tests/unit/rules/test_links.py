"""Meeting links in all their disguises."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules.links import MEET, best_first, find, meeting_code, recognise, unwrap

CODE = "abc-defg-hij"
MEET_LINK = f"https://meet.google.com/{CODE}"
SANDBOX = "http://127.0.0.1:9000/meet"


@pytest.mark.parametrize(
    "text",
    [
        MEET_LINK,
        f"Join: {MEET_LINK}?hs=224&authuser=0.",
        f"<{MEET_LINK}>",
        f"http://meet.google.com/{CODE}",
        "HTTPS://MEET.GOOGLE.COM/ABC-DEFG-HIJ",
        "https://meet.google.com/abcdefghij",
        f"meet.google.com/{CODE}",
        f"https://meet.google.com/lookup/{CODE}",
        f"https://meet.google.com/_meet/{CODE}",
        f"https://g.co/meet/{CODE}",
        f"https://www.google.com/url?q=https%3A%2F%2Fmeet.google.com%2F{CODE}&sa=D&ust=1",
        f"https://www.google.de/url?sa=t&url={MEET_LINK}",
        f"https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fmeet.google.com%2F{CODE}&data=05%7C01",
        f"https://urldefense.com/v3/__https://meet.google.com/{CODE}__;!!AbC!xyz$",
        f"https://urldefense.com/v3/__https:/meet.google.com/{CODE}__;!!AbC!xyz$",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__meet.google.com_abc-2Ddefg-2Dhij&d=DwMF",
        "https://nam.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.google.com%2Furl%3Fq%3D"
        f"https%253A%252F%252Fmeet.google.com%252F{CODE}",
        f'<a href="{MEET_LINK}?a=1&amp;b=2">Join</a>',
        f"first\\n{MEET_LINK}\\nlast",
    ],
)
def test_a_meet_link_is_found_and_made_plain(text):
    (link,) = find(text)
    assert (link.platform, link.url, link.code) == (MEET, MEET_LINK, CODE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://meet.google.com/",
        "https://meet.google.com/landing",
        "https://meet.google.com/abc-defg-hijk",
        "https://meet.google.com.evil.example/abc-defg-hij",
        "https://evil.example/meet.google.com/abc-defg-hij",
        "https://evil.example/?next=https%3A%2F%2Fmeet.google.com%2Fabc-defg-hij",
        "mailto:meet.google.com/abc-defg-hij@example.com",
        "https://support.google.com/a/users/answer/9282720",
        "https://zoom.us/pricing",
        "https://[broken/abc",
    ],
)
def test_what_only_looks_like_a_meeting_link_is_none(text):
    assert find(text) == ()


@pytest.mark.parametrize(
    ("url", "platform"),
    [
        ("https://us02web.zoom.us/j/123?pwd=x", "zoom"),
        ("https://example.zoom.us/my/host", "zoom"),
        ("https://teams.microsoft.com/l/meetup-join/19%3ameeting", "teams"),
        ("https://teams.live.com/meet/93", "teams"),
        ("https://example.webex.com/meet/host", "webex"),
        ("https://meet.jit.si/Room", "jitsi"),
        ("https://whereby.com/room", "whereby"),
        ("https://join.skype.com/abc", "skype"),
        ("https://meet.goto.com/123", "gotomeeting"),
    ],
)
def test_other_platforms_are_called_by_name(url, platform):
    assert recognise(url).platform == platform
    assert recognise(url).code == ""


def test_a_configured_base_is_meet_too_and_stays_as_it_is():
    text = f"{SANDBOX}/{CODE} and {MEET_LINK}"
    assert [link.url for link in find(text, SANDBOX + "/")] == [f"{SANDBOX}/{CODE}", MEET_LINK]
    assert meeting_code(f"{SANDBOX}/{CODE}?x=1", SANDBOX) == CODE
    assert meeting_code(f"{SANDBOX}/{CODE}") == ""


def test_a_nickname_is_meet_without_a_code():
    link = recognise("https://g.co/meet/weekly-sync")
    assert (link.platform, link.url, link.code) == (MEET, "https://meet.google.com/lookup/weekly-sync", "")


def test_the_best_place_goes_first_and_meet_before_others():
    zoom, other = "https://zoom.us/j/1", "https://meet.google.com/zzz-zzzz-zzz"
    assert best_first([zoom, f"see {other}", f"{MEET_LINK} {other}"]) == (other, MEET_LINK, zoom)


def test_a_code_goes_before_a_nickname():
    assert best_first(["https://g.co/meet/sync", MEET_LINK])[0] == MEET_LINK


def test_wrappers_around_wrappers_end_somewhere():
    url = MEET_LINK
    for _ in range(50):
        url = f"https://www.google.com/url?q={url}"
    assert unwrap(url).startswith("https://www.google.com/url")


@pytest.mark.parametrize(
    "text", ["https://" * 40_000, "a" * 300_000, "meet.google.com/" * 20_000, "https://x/" + "(" * 300_000]
)
def test_hostile_text_takes_linear_time(text):
    began = time.process_time()
    find(text)
    assert time.process_time() - began < 1.5


@given(st.text(max_size=300))
def test_no_text_breaks_the_search(text):
    for link in find(f"{text} https://{text}"):
        assert link.url
