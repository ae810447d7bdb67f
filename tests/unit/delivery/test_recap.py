import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from agent.delivery.letters import LetterWriter
from agent.delivery.recap import is_mine, view_of, web_url
from agent.delivery.wording import LANGUAGES
from agent.model.letter import Changes, ConsentTold, RecapLetter
from agent.model.summary import (
    ActionItem,
    Decision,
    Note,
    NoteKind,
    Question,
    Statement,
    Summary,
    Topic,
)
from agent.model.transcript import Why

SUMMARY = Summary(
    title="Weekly",
    tldr=(Statement(text="The date moves.", cites=(2,)),),
    topics=(Topic(title="Tests", points=("All green",), start_seconds=0, end_seconds=742, cites=(1,)),),
    decisions=(Decision(text="Ship on the third.", agreed_by=("Host Person", "Test Lead"), cites=(2,)),),
    action_items=(
        ActionItem(text="Run the tests.", owner="Test Lead", due="Friday", cites=(1,)),
        ActionItem(text="Tell customers.", owner="Host", cites=(2, 99)),
        ActionItem(text="Somebody looks.", verified=False),
    ),
    open_questions=(Question(text="Which page?", cites=(1,)),),
    notes=(Note(kind=NoteKind.MODEL_BUSY, text="The model did not answer."),),
)
LETTER = RecapLetter(
    message_id="<recap.1@example.com>",
    recipient="host@example.com",
    recipient_name="Host Person",
    title="Weekly",
    starts_at=datetime(2026, 11, 24, 23, 30, tzinfo=UTC),
    ended_at=datetime(2026, 11, 25, 0, 11, tzinfo=UTC),
    timezone="Europe/Berlin",
    attended=("Host Person", "Test Lead"),
    absent=(),
    rivals=("Note Taker",),
    inviter="Host Person",
    consent=ConsentTold(
        "granted", "Host Person", datetime(2026, 11, 24, 23, 31, tzinfo=UTC), "Yes, go ahead"
    ),
    source="meet",
    summary=SUMMARY,
    quotes={
        1: (247.0, "Test Lead", "I need until Friday."),
        2: (760.0, "Host Person", "We ship on the third."),
    },
    transcript_url="https://meetbot.example.com/s/1",
)


def view(**changes):
    return view_of(replace(LETTER, **changes), "Meetbot", "")


def sections(**changes):
    return {section.kind: section for section in view(**changes).sections}


def test_sections_come_in_reading_order_with_your_own_actions_first():
    assert list(sections()) == ["mine", "tldr", "actions", "decisions", "questions", "topics"]


def test_your_actions_are_yours_and_the_others_name_their_owner():
    shown = sections()

    assert [item.text for item in shown["mine"].items] == ["Tell customers."]
    assert shown["actions"].heading == "Actions of others"
    assert shown["actions"].items[0].remarks == (("Owner", "Test Lead"), ("Due", "Friday"))


def test_a_reader_without_actions_sees_one_plain_list():
    shown = sections(recipient_name="Sales Lead")

    assert "mine" not in shown
    assert shown["actions"].heading == "Actions"


def test_what_is_not_there_has_no_heading():
    assert list(sections(summary=Summary(title="x"))) == []


def test_a_statement_shows_the_words_it_rests_on_and_where():
    item = sections()["mine"].items[0]

    assert (item.speaker, item.quote) == ("Host Person", "We ship on the third.")
    assert [(stamp.at, stamp.url) for stamp in item.stamps] == [
        ("12:40", "https://meetbot.example.com/s/1#e2")
    ]


def test_what_somebody_said_word_for_word_bears_their_name_and_is_not_quoted_again():
    said = Statement(text="We ship on the third.", cites=(2,))
    (item,) = sections(summary=Summary(title="x", tldr=(said,)))["tldr"].items
    assert (item.spoken, item.speaker, item.quote) == (True, "Host Person", "")
    (told,) = sections(summary=Summary(title="x", tldr=(Statement(text="It ships.", cites=(2,)),)))[
        "tldr"
    ].items
    assert (told.spoken, told.quote) == (False, "We ship on the third.")


def test_without_a_transcript_page_a_stamp_is_only_a_time():
    assert sections(transcript_url="")["mine"].items[0].stamps[0].url == ""


def test_a_topic_shows_its_time_range():
    topic = sections()["topics"].items[0]

    assert (topic.text, topic.points, topic.stamps[0].at) == ("Tests", ("All green",), "0:00–12:22")


def test_what_was_not_verified_says_so():
    assert [item.verified for item in sections()["actions"].items] == [True, False]


def test_the_subject_counts_decisions_and_actions():
    assert view().subject == "Recap: Weekly — Wed 25 November 2026 (1 decision, 3 actions)"
    assert view(version=2).subject.startswith("Recap v2: Weekly — ")
    without = view(summary=None, why=Why.NOT_TRANSCRIBED).subject
    assert without == "Recap: Weekly — Wed 25 November 2026 (No transcript)"


def test_a_long_title_leaves_room_for_date_and_counts():
    subject = view(title="long " * 100).subject

    assert len(subject) <= 200
    assert subject.endswith("(1 decision, 3 actions)")


def test_times_are_local_to_the_meeting():
    assert view().when == "Wed 25 November 2026, 00:30–01:11 (Europe/Berlin, 41 min)"
    assert view(timezone="Nowhere").when == "Tue 24 November 2026, 23:30–00:11 (UTC, 41 min)"


def test_facts_without_a_value_are_left_out():
    facts = dict(view().facts)

    assert "Absent" not in facts
    assert facts["Other note-takers"] == "Note Taker"
    assert facts["Source"] == "Google Meet transcript"


@pytest.mark.parametrize("source", ["meet", "captions", "recording", "none"])
def test_every_source_has_a_name(source):
    assert dict(view(source=source).facts)["Source"]


def test_a_meeting_without_transcript_says_why():
    shown = view(summary=None, source="none", why=Why.NOT_TRANSCRIBED)

    assert shown.notice == (
        "There is no transcript of this meeting. Transcription was never turned on in this meeting."
    )
    assert shown.preheader == shown.notice
    assert shown.sections == ()


def test_notes_tell_how_it_was_made_from_which_words_and_what_changed():
    assert view(why=Why.MEET_PARTIAL, changes=Changes(1, added=2, reworded=1), version=2).notes == (
        "This summary was made without the language model, which did not answer in time.",
        "Google Meet’s transcript covers only part of the meeting.",
        "Changed since version 1: 2 added, 1 reworded.",
    )
    assert view(changes=Changes(3)).notes[-1] == "Changed since version 3: nothing."


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (ConsentTold(), "Nobody’s consent is on record."),
        (ConsentTold("announced"), "Meetbot announced that it takes notes, and nobody objected."),
        (LETTER.consent, "Host Person agreed to notes at 00:31: “Yes, go ahead”"),
        (replace(LETTER.consent, who=""), "Somebody agreed to notes at 00:31: “Yes, go ahead”"),
        (
            replace(LETTER.consent, outcome="withdrawn"),
            "Host Person said stop at 00:31; what was said before is kept.",
        ),
    ],
)
def test_consent_is_told_in_the_meetings_own_time(told, sentence):
    assert dict(view(consent=told).facts)["Consent"] == sentence


ENGLISH = re.compile(
    r"\b(?:the|this|were|is|of|and|by|at|meeting|transcript|sent|kept|since|nobody|your|not)\b",
    re.IGNORECASE,
)
EVERYTHING = Summary(
    title="X1",
    tldr=(Statement(text="X2", verified=False),),
    topics=(Topic(title="X3"),),
    decisions=(Decision(text="X4", agreed_by=("Y1",)),),
    action_items=(ActionItem(text="X5", owner="Y1", due="X6"), ActionItem(text="X7", owner="Y2")),
    open_questions=(Question(text="X8"),),
    notes=tuple(Note(kind=kind, text="the English of it", count=2) for kind in NoteKind),
)


WRITER = LetterWriter("bot@example.com", "Bot", "https://bot.example.com", lambda: LETTER.ended_at)


def texts(shown):
    """Every word that a reader sees, in both forms of the mail."""
    mail = message_from_bytes(shown.raw, policy=policy.default)
    parts = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    return mail["Subject"] + re.sub(
        r"<style.*?</style>|<[^>]+>|https?://\S+", " ", " ".join(parts), flags=re.DOTALL
    )


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {"en"}))
@pytest.mark.parametrize("why", Why)
def test_no_english_sentence_is_left_in_another_language(language, why):
    consents = [
        replace(LETTER.consent, outcome=one, who="", words="X9")
        for one in ("granted", "withdrawn", "announced", "none")
    ]
    letter = replace(
        LETTER, title="X0", language=language, why=why, recipient_name="Y1", attended=("Y1", "Y2")
    )
    letter = replace(
        letter, absent=("Y3",), rivals=("Y4",), inviter="Y1", retention_days=30, carried_over=("X10",)
    )
    letter = replace(letter, recipients=("y@example.com",), changes=Changes(1, 2, 3, 4), version=2, quotes={})
    links = {
        name: f"https://bot.example.com/{name}"
        for name in ("delete_url", "unsubscribe_url", "transcript_url")
    }
    for consent in consents:
        for summary in (EVERYTHING.model_copy(update={"language": language}), None):
            told = texts(
                WRITER.recap(
                    replace(letter, consent=consent, summary=summary, cut_at=letter.ended_at, **links)
                )
            )
            assert not ENGLISH.findall(told), told


def test_a_reader_who_may_not_delete_is_told_who_may():
    link = "https://meetbot.example.com/recap/delete/x"

    assert view().delete_by == "To have this meeting’s data deleted, ask Host Person."
    assert (view(delete_url=link).delete_url, view(delete_url=link).delete_by) == (link, "")
    assert view(inviter="").delete_by == ""


def test_a_reader_who_left_is_told_where_the_recap_ends():
    assert (
        view(cut_at=datetime(2026, 11, 24, 23, 50, tzinfo=UTC)).notice
        == "You left at 00:50. This recap ends there."
    )


def test_the_summarys_language_chooses_the_words():
    german = view(summary=SUMMARY.model_copy(update={"language": "de-DE"}))

    assert german.sections[0].heading == "Ihre Aufgaben"
    assert view(language="ja").sections[0].heading == "あなたのタスク"


def test_a_long_quote_is_cut_at_a_word():
    quote = sections(quotes={2: (1.0, "Host Person", "many words " * 40)})["mine"].items[0].quote

    assert len(quote) <= 161
    assert quote.endswith("words…") or quote.endswith("many…")
    assert len(sections(quotes={2: (1.0, "x", "字" * 400)})["mine"].items[0].quote) == 161


@pytest.mark.parametrize(
    ("owner", "mine"),
    [
        ("Host Person", True),
        ("host person", True),
        ("Person, Host", True),
        ("Host", True),
        ("Test Lead", False),
        ("Lead", False),
        (None, False),
        ("", False),
        ("!!", False),
    ],
)
def test_an_action_is_mine_by_name(owner, mine):
    assert is_mine(owner, "Host Person", ("Host Person", "Test Lead")) is mine


def test_a_first_name_that_two_bear_is_nobodys():
    assert not is_mine("Host", "Host Person", ("Host Person", "Host Other"))


def test_a_reader_without_a_name_owns_nothing():
    assert not is_mine("Host", "", ())


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a b",
        'https://a"b',
        "https://a<b",
        "https://a\nb",
        "//x",
    ],
)
def test_only_plain_web_urls_are_linked(url):
    assert web_url(url) == ""
