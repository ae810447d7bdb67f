"""The bot's chat lines."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules.consent import Meaning, understand
from agent.rules.wording import LANGUAGES, LINE_MAX, Facts, goodbye, line, recognise

LINES = [
    "announce_ask",
    "announce_notice",
    "ask_again",
    "late_asking",
    "late_capturing",
    "late_silent",
    "thanks",
    "back",
    "unanswered",
    "not_yours",
    "unclear",
    "rival_leave",
    "rival_announce",
    "rival_ask",
    "not_a_bot",
    "here",
]
REASONS = [
    "consent_declined",
    "opted_out",
    "consent_withdrawn",
    "consent_unanswered",
    "requested",
    "rival_bot",
    "second_meetbot",
    "silence",
    "schedule_overrun",
    "next_meeting",
    "max_duration",
    "anything_else",
]
LONGEST = Facts("𝐁" * 80, "𝐈" * 80, "attended", "video", "host")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", LINES)
def test_every_line_fits_the_chat_whatever_the_facts(language: str, purpose: str):
    for recipients in ("inviter", "attended", "internal", "invited"):
        facts = Facts(LONGEST.bot, LONGEST.inviter, recipients, "video", "host")
        text = line(purpose, facts, language=language, rival="𝐑" * 90, rule="r" * 90)
        assert 0 < len(text.encode("utf-16-le")) // 2 <= LINE_MAX
        assert "{" not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_to_leave_has_words_that_fit(language: str, reason: str):
    text = goodbye(reason, LONGEST, language=language, rival="𝐑" * 90)
    assert 0 < len(text.encode("utf-16-le")) // 2 <= LINE_MAX
    assert "{" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_announcement_says_who_for_whom_what_and_how_to_answer(language: str):
    text = line("announce_ask", Facts("Meetbot", "Host Person", "inviter", "off", "host", language))
    assert "Meetbot" in text
    assert "Host Person" in text
    assert "opt out" in text or "オプトアウト" in text
    assert "stop" in text or "停止" in text


TAUGHT = {
    "en": (["yes", "no", "stop", "opt out"], "Meetbot, stay", "Meetbot, leave", "Dana is not a bot"),
    "de": (["ja", "nein", "stopp", "opt out"], "Meetbot, bleib", "Meetbot, geh", "Dana ist kein Bot"),
    "fr": (["oui", "non", "stop", "opt out"], "Meetbot, reste", "Meetbot, pars", "Dana n'est pas un bot"),
    "es": (["sí", "no", "stop", "opt out"], "Meetbot, quédate", "Meetbot, vete", "Dana no es un bot"),
    "pt": (["sim", "não", "stop", "opt out"], "Meetbot, fique", "Meetbot, saia", "Dana não é um bot"),
    "ja": (
        ["はい", "いいえ", "停止", "オプトアウト"],
        "Meetbot、残って",
        "Meetbot、退出して",
        "Danaはボットではありません",
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_the_bot_tells_people_to_write_it_understands(language: str):
    words, stay, leave, person = TAUGHT[language]
    facts = Facts("Meetbot", "Host Person", language=language)
    said = " ".join(line(purpose, facts, rival="Dana") for purpose in LINES)
    meanings = [Meaning.YES, Meaning.NO, Meaning.STOP, Meaning.OPT_OUT]
    for taught, meaning in [
        *zip(words, meanings, strict=True),
        (stay, Meaning.STAY),
        (leave, Meaning.LEAVE),
        (person, Meaning.NOT_A_BOT),
    ]:
        assert taught in said
        assert understand(taught, "Meetbot", language).meaning is meaning


def test_a_region_and_an_unknown_language_find_their_words():
    assert line("back", Facts("Meetbot", language="pt-BR")) == line("back", Facts("Meetbot", language="pt"))
    assert line("back", Facts("Meetbot", language="xx")) == line("back", Facts("Meetbot", language="en"))
    assert line("back", Facts("Meetbot", language="de_AT")) == line("back", Facts("Meetbot", language="de"))


def test_nobody_is_named_when_the_inviter_is_unknown():
    assert "invited by" not in line("announce_ask", Facts("Meetbot"))


def test_what_is_kept_depends_on_the_recording():
    assert "audio" not in line("thanks", Facts("Meetbot"))
    assert "audio" in line("thanks", Facts("Meetbot", recording="audio"))
    assert "video" in line("thanks", Facts("Meetbot", recording="video"))


@given(st.text(max_size=200), st.text(max_size=200))
def test_facts_from_outside_cannot_break_the_line(inviter: str, rival: str):
    for text in (
        line("announce_ask", Facts("Meetbot", inviter)),
        line("rival_leave", Facts("Meetbot", inviter), rival=rival),
    ):
        assert len(text.encode("utf-16-le")) // 2 <= LINE_MAX
        assert not any(
            unicodedata.category(one) in {"Cc", "Zl", "Zp"} or one in "\u202e\u2066" for one in text
        )


@given(bot=st.text(max_size=80), inviter=st.text(max_size=80), rival=st.text(max_size=80))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_line_is_known_again_whatever_its_facts(language: str, bot: str, inviter: str, rival: str):
    facts = Facts(bot, inviter, language=language, mark="0a1b2c")
    for purpose in LINES:
        assert recognise(line(purpose, facts, rival=rival, rule=rival))
    assert recognise(goodbye("requested", facts)) == "goodbye"
