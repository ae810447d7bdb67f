import string
from datetime import UTC, datetime

import pytest

from agent.delivery.wording import LANGUAGES, offset, words_for, zone

AT = datetime(2026, 3, 4, 9, 5, tzinfo=UTC)


def places(entry):
    texts = entry if isinstance(entry, list) else [entry]
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


def test_six_languages_are_spoken():
    assert set(LANGUAGES) == {"en", "de", "fr", "es", "pt", "ja"}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_every_word_with_the_same_places(language):
    english, words = LANGUAGES["en"].entries, LANGUAGES[language].entries

    assert words.keys() == english.keys()
    for name in english.keys() - {"date"}:
        assert places(words[name]) == places(english[name]), name
        assert type(words[name]) is type(english[name]), name
        assert all(words[name]), name


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_spells_dates_spans_and_counts(language):
    words = words_for(language)

    assert "2026" in words.date(AT)
    assert "4" in words.date(AT)
    assert len(words.entries["months"]) == 12
    assert len(words.entries["weekdays"]) == 7
    assert "2" in words.span(7_800)
    assert words.count("decisions_n", 3).count("3") == 1


@pytest.mark.parametrize(
    ("code", "language"),
    [("de-AT", "de"), ("pt_BR", "pt"), ("JA", "ja"), ("ar", "en"), ("", "en"), ("x" * 99, "en")],
)
def test_a_language_code_finds_its_words(code, language):
    assert words_for(code).language == language


def test_dates_read_as_people_write_them():
    assert words_for("en").date(AT) == "Wed 4 March 2026"
    assert words_for("de").date(AT) == "Mi, 4. März 2026"
    assert words_for("ja").date(AT) == "2026年3月4日（水）"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 min"), (2_460, "41 min"), (3_600, "1 h"), (3_599, "1 h"), (5_400, "1 h 30 min")],
)
def test_spans_are_hours_and_minutes(seconds, text):
    assert words_for("en").span(seconds) == text


def test_a_value_stands_after_its_label_as_the_language_has_it():
    assert words_for("en").labelled("Sent to", "you") == "Sent to: you"
    assert words_for("fr").labelled("Envoyé à", "toi") == "Envoyé à\u00a0: toi"


def test_of_many_names_the_first_are_told_and_how_many_more():
    words = words_for("en")
    assert words.listed_briefly(["a", "b", "c"], 3) == "a, b, c"
    assert words.listed_briefly(["a", "b", "c"], 2) == "a, b, and 1 more"
    assert words_for("ja").listed_briefly(["a", "b", "c"], 1) == "a、ほか2名"


@pytest.mark.parametrize(("seconds", "text"), [(-3, "0:00"), (247.9, "4:07"), (3_729, "1:02:09")])
def test_offsets_are_places_in_the_meeting(seconds, text):
    assert offset(seconds) == text


@pytest.mark.parametrize("name", ["", "Nowhere/Here", "../../etc/passwd", "/etc/passwd", "\x00"])
def test_an_unknown_time_zone_is_utc(name):
    assert zone(name) is UTC
