"""What people answer, and whose answer counts."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.call import Person
from agent.rules.consent import LANGUAGES, Meaning, may_grant, may_refuse, understand
from agent.rules.presence import Room, look
from agent.rules.rivals import Context, Verdict, classify

YES, STOP, OPT_OUT, LEAVE, UNCLEAR = (
    Meaning.YES,
    Meaning.STOP,
    Meaning.OPT_OUT,
    Meaning.LEAVE,
    Meaning.UNCLEAR,
)

DATA = tomllib.loads((Path(__file__).parent / "answers.toml").read_text("utf-8"))
ANSWERS = [
    (language, Meaning(meaning), text)
    for language in LANGUAGES
    for meaning, texts in DATA[language].items()
    for text in texts
]


@pytest.mark.parametrize(("language", "meaning", "text"), ANSWERS)
def test_an_answer_is_understood_in_its_language(language: str, meaning: Meaning, text: str):
    answer = understand(text, "Meetbot", language)
    assert (answer.meaning, answer.language) == (meaning, language)


@pytest.mark.parametrize("text", DATA["none"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_line_that_merely_contains_an_answer_is_none(text: str, language: str):
    assert understand(text, "Meetbot", language).meaning is UNCLEAR


def test_every_language_is_understood_whatever_the_bot_speaks():
    assert (
        understand("ja gerne", preferred="fr").meaning,
        understand("ja gerne", preferred="fr").language,
    ) == (YES, "de")
    assert understand("はい", preferred="pt").language == "ja"


def test_words_that_languages_share_are_taken_in_the_bots_own():
    assert understand("no", preferred="es").language == "es"
    assert understand("no", preferred="fr").language == "en"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Meetbot, please leave", LEAVE),
        ("@Meetbot yes", YES),
        ("hey Meetbot: stop recording!", STOP),
        ("Bot, bitte geh", LEAVE),
        ("Meetbot, yes you may record this meeting", YES),
        ("leave, bot", LEAVE),
        ("Meetbot opt out", OPT_OUT),
        ("ボットさん、退出してください", LEAVE),
    ],
)
def test_the_bot_is_spoken_to_by_name(text: str, meaning: Meaning):
    answer = understand(text, "Meetbot")
    assert (answer.meaning, answer.addressed) == (meaning, True)


def test_the_bots_own_name_counts_whole_and_by_its_first_word():
    assert understand("Northwind Scribe, leave", "Northwind Scribe").addressed
    assert understand("Northwind, leave", "Northwind Scribe").addressed
    assert not understand("leave", "Northwind Scribe").addressed


@pytest.mark.parametrize(
    ("text", "bare"),
    [("yes", True), ("no", True), ("leave", True), ("you may record", False), ("don't record", False)],
)
def test_words_that_may_answer_somebody_else_are_bare(text: str, bare: bool):
    assert understand(text).bare is bare


@pytest.mark.parametrize("text", ["Yes, but not the numbers", "yes?", "stop, my screen froze"])
def test_an_unclear_attempt_at_an_answer_is_known_as_one(text: str):
    assert understand(text).attempt


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("I'm not a bot", ""),
        ("I am human!", ""),
        ("Dana Example is not a bot.", "dana example"),
        ("Ich bin kein Bot", ""),
        ("Dana ist kein Bot", "dana"),
        ("je ne suis pas un bot", ""),
        ("Dana n'est pas un bot", "dana"),
        ("Dana no es un bot", "dana"),
        ("Dana não é um bot", "dana"),
        ("私はボットではありません", ""),
        ("Danaさんはボットではありません", "dana"),
    ],
)
def test_somebody_is_said_to_be_no_bot(text: str, subject: str):
    answer = understand(text)
    assert (answer.meaning, answer.subject) == (Meaning.NOT_A_BOT, subject)


@given(st.text(max_size=700))
def test_any_line_gets_a_meaning(text: str):
    assert understand(text, "Meetbot").meaning in Meaning


@given(st.text(alphabet="yesno ,.!?", max_size=200))
def test_no_line_takes_long_to_understand(text: str):
    assert understand(text, "no").meaning in Meaning


ME = Person("d/1", "Meetbot", is_self=True)
HOST = Person("d/2", "Host Person", is_host=True)
GUEST = Person("d/3", "Guest Person")
RIVAL = Person("d/4", "Otter.ai Notetaker")


def judge(name: str) -> Verdict:
    return classify(name, Context(own_name="Meetbot"))


def room(*people: Person) -> Room:
    return look((ME, *people), frozenset(), judge)


def test_with_who_host_only_the_host_says_yes():
    here = room(HOST, GUEST)
    assert may_grant("Host Person", here, "host", "", judge)
    assert not may_grant("Guest Person", here, "host", "", judge)


def test_with_who_anyone_every_person_says_yes_but_no_note_taker():
    here = room(HOST, GUEST, RIVAL)
    assert may_grant("Guest Person", here, "anyone", "", judge)
    assert not may_grant("Otter.ai Notetaker", here, "anyone", "", judge)


def test_a_borrowed_hosts_name_is_worth_nothing():
    assert not may_grant("Host Person", room(HOST, Person("d/9", "host person")), "host", "", judge)


def test_while_no_host_is_marked_the_inviter_answers_for_one():
    inviter = Person("d/5", "Inviter Person")
    assert may_grant("Inviter Person", room(inviter, GUEST), "host", "Inviter Person", judge)
    assert not may_grant("Guest Person", room(inviter, GUEST), "host", "Inviter Person", judge)
    assert not may_grant("Inviter Person", room(inviter, HOST), "host", "Inviter Person", judge)


def test_anybody_refuses_but_a_note_taker_or_a_row_that_is_nobody():
    assert may_refuse("Guest Person", room(HOST, GUEST), judge)
    assert may_refuse("Somebody Unseen", room(HOST), judge)
    assert not may_refuse("Otter.ai Notetaker", room(HOST, RIVAL), judge)
    assert not may_refuse("Host Person's presentation", room(HOST), judge)


def test_somebody_who_took_the_bots_name_may_refuse_and_not_grant():
    borrowed = Person("d/9", "Meetbot")
    assert may_refuse("Meetbot", room(HOST, borrowed), judge)
    assert not may_grant("Meetbot", room(HOST, borrowed), "anyone", "", judge)


def test_no_phrase_of_the_data_means_two_things():
    meanings: dict[str, set[str]] = {}
    data = tomllib.loads(files("agent.rules").joinpath("data/answers.toml").read_text("utf-8"))
    for language in LANGUAGES:
        for strength in ("bare", "explicit"):
            for meaning, phrases in data[language][strength].items():
                for phrase in phrases:
                    meanings.setdefault(phrase, set()).add(meaning)
    assert {phrase: found for phrase, found in meanings.items() if len(found) > 1} == {}
