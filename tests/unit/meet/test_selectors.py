"""The table knows the page's words in every language the fake page speaks."""

import json
import re
from importlib import resources
from typing import Any

import pytest

from agent.meet.selectors import compile_phrase, fold, load_table, squeeze

TEXTS = resources.files("agent.sandbox.meet").joinpath("page", "texts")
LANGUAGES = ("en", "de", "fr", "es", "pt", "ja")
CONTROLS = {
    "your_name": "name_field",
    "join_ask": "join",
    "join_ask_anyway": "join",
    "join_now": "join",
    "join_call_now": "join",
    "join_anyway": "join",
    "join_here_too": "join",
    "join_switch_here": "join",
    "microphone_off": "microphone_off",
    "camera_off": "camera_off",
    "media_use": "with_devices",
    "media_without": "without_devices",
    "got_it": "got_it",
    "leave_call": "leave",
    "people": "people",
    "people_count": "people",
    "show_everyone": "people",
    "chat_open": "chat",
    "composer": "composer",
    "composer_placeholder": "composer",
    "chat_send": "send",
    "captions_on": "captions_on",
    "captions_off": "captions_off",
    "more_options": "more_options",
    "settings": "settings",
    "captions": "captions_tab",
    "close_dialog": "close_dialog",
    "share_screen": "present",
    "stay": "stay",
    "accept": "agree",
}
MEANINGS = {
    "denied": "denied",
    "not_allowed": "denied",
    "no_response": "no_response",
    "blocked": "blocked",
    "not_found": "not_found",
    "expired": "expired",
    "full": "full",
    "removed": "removed",
    "ended": "ended",
    "left": "left",
    "lobby_asking": "lobby",
    "lobby_someone": "lobby",
    "lobby_host_brings": "lobby",
    "lobby_host_admits": "lobby",
    "lobby_waiting_room": "lobby",
    "lobby_host_lets_in": "lobby",
    "lobby_host_join": "waiting_for_host",
    "sign_in_detail": "sign_in",
    "reconnecting": "reconnecting",
    "chat_off": "chat_off",
}
DIALOGS = {
    "recording": "recording",
    "transcribing": "transcribing",
    "gemini": "gemini",
    "others_see": "video",
    "media_question": "media",
    "explicit": "recording",
    "declined": "declined",
}
REGIONS = {"messages": "chat_list", "participants": "roster", "captions": "captions"}
WORDS = {
    "you": "you",
    "you_sender": "you",
    "host": "host",
    "presentation": "presentation",
    "merged_audio": "merged",
    "effects": "effects",
}


def texts_in(language: str) -> dict[str, str]:
    return json.loads(TEXTS.joinpath(f"{language}.json").read_text("utf-8"))


def matches(source: str, text: str) -> bool:
    """Python's `re` has no script classes; a Latin letter or digit is what they stand for here."""
    return re.search(source.replace("[\\p{Script=Latin}\\p{N}]", "[A-Za-zÀ-ɏ0-9]"), fold(text)) is not None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_control_is_found_by_its_name(language: str) -> None:
    texts, controls = texts_in(language), load_table().page["controls"]
    missed = [key for key, name in CONTROLS.items() if not matches(controls[name]["names"], texts[key])]
    assert missed == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_its_meaning_and_no_final_one_beside(language: str) -> None:
    texts, table = texts_in(language), load_table().page["texts"]
    found = {key: meanings(table, texts[key]) for key in MEANINGS}
    assert {key: MEANINGS[key] in found[key] for key in found} == dict.fromkeys(found, True)
    stray = {key: extra for key in found if (extra := found[key] - {MEANINGS[key], "lobby"})}
    assert stray == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_one_screen_mean_nothing_on_another(language: str) -> None:
    texts, table = texts_in(language), load_table().page["texts"]
    harmless = (
        "ready",
        "alone",
        "preview",
        "people",
        "settings",
        "meeting_language",
        "home",
        "rejoin",
        "consent_detail",
        "survey",
        "still_there",
        "still_there_detail",
        "declined",
        "explicit",
    )
    assert {key: meanings(table, texts[key]) for key in harmless} == {key: set() for key in harmless}


@pytest.mark.parametrize("language", LANGUAGES)
def test_dialogs_regions_and_words_are_known(language: str) -> None:
    texts, page = texts_in(language), load_table().page
    missed = [key for key, name in DIALOGS.items() if name not in meanings(page["dialogs"], texts[key])]
    missed += [
        key for key, name in REGIONS.items() if not matches(page["regions"][name]["names"], texts[key])
    ]
    missed += [key for key, name in WORDS.items() if not matches(page["words"][name], texts[key])]
    assert missed == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_other_ways_to_join_are_never_pressed(language: str) -> None:
    texts, join = texts_in(language), load_table().page["controls"]["join"]
    assert matches(join["never"], texts["other_ways"])
    pressed = [key for key in CONTROLS if CONTROLS[key] == "join" and matches(join["never"], texts[key])]
    assert pressed == []


def meanings(table: dict[str, Any], text: str) -> set[str]:
    said = squeeze(text)
    return {
        name
        for name, phrases in table.items()
        if f"={said}" in phrases or any(one in said for one in phrases)
    }


@pytest.mark.parametrize(
    ("phrase", "name", "fits"),
    [
        ("Ask to join", "Ask to join without camera", True),
        ("Ask to join", "ask to\u00a0join", True),
        ("Join now", "Join nowhere", False),
        ("=People", "People you know", False),
        ("*way", "Other ways to join", True),
        ("You can't", "You can’t join", True),
        ("参加をリクエスト", "参加をリクエスト（カメラなし）", True),
    ],
)
def test_a_phrase_matches_the_start_the_whole_or_any_part(phrase: str, name: str, fits: bool) -> None:
    assert matches(compile_phrase(phrase), name) is fits
