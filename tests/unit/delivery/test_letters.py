import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.delivery.letters import LetterWriter
from agent.model.invite import Attendee
from agent.model.letter import (
    ConsentTold,
    HeldLetter,
    NoNotesLetter,
    NoticeLetter,
    RecapLetter,
    ReplyLetter,
    Thread,
)
from agent.model.summary import ActionItem, Decision, Note, NoteKind, Question, Statement, Summary, Topic
from agent.model.transcript import Why

NOW = datetime(2026, 11, 24, 14, 52, tzinfo=UTC)
START = NOW - timedelta(hours=1)
WRITER = LetterWriter("meetbot@example.com", "Meetbot", "https://meetbot.example.com", lambda: NOW)


def recap(text="Ship on the third.", **changes):
    summary = Summary(
        title=text[:200],
        tldr=(Statement(text=text, cites=(1,)),),
        topics=(Topic(title=text[:200], points=(text,), start_seconds=1, end_seconds=9, cites=(1,)),),
        decisions=(Decision(text=text, agreed_by=(text,), cites=(1,)),),
        action_items=(ActionItem(text=text, owner="Host Person", due=text[:120], cites=(1,)),),
        open_questions=(Question(text=text, verified=False),),
        notes=(Note(kind=NoteKind.MODEL_BUSY, text=text),),
    )
    values = {
        "message_id": "<recap.1@example.com>",
        "recipient": "host@example.com",
        "recipient_name": "Host Person",
        "title": text,
        "starts_at": START,
        "ended_at": NOW,
        "timezone": "Europe/Berlin",
        "attended": ("Host Person", text),
        "absent": (text,),
        "rivals": (text,),
        "inviter": text,
        "consent": ConsentTold("granted", text, NOW, text),
        "source": "captions",
        "summary": summary,
        "quotes": {1: (1.0, text, text)},
        "recipients": ("host@example.com",),
        "transcript_url": "https://meetbot.example.com/s/1?a=1&b=2",
        "delete_url": "https://meetbot.example.com/d/1",
        "unsubscribe_url": "https://meetbot.example.com/u/1?token=" + "x" * 120,
        "retention_days": 30,
        "thread": Thread("<invite@example.com>"),
        "carried_over": (text,),
    }
    return RecapLetter(**(values | changes))


def read(mail):
    return message_from_bytes(mail.raw, policy=policy.default)


def parts(mail):
    message = read(mail)
    return message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content()


class Page(HTMLParser):
    """What a mail reader would see: tags, attributes, visible text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.urls, self.words, self.handlers = [], [], [], []
        self._hidden = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._hidden = tag in ("style", "title")
        self.urls += [value for name, value in attrs if name in ("src", "href", "background", "srcset")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag):
        self._hidden = False

    def handle_data(self, data):
        if not self._hidden:
            self.words.append(data)


OWN_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td"),
    *("p", "h1", "h2", "ul", "li", "a", "span"),
}


def test_a_recap_is_text_and_html_threaded_on_the_invitation():
    mail = WRITER.recap(recap())
    message = read(mail)

    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert (mail.message_id, mail.recipients, mail.envelope_from) == (
        "<recap.1@example.com>",
        ("host@example.com",),
        "meetbot@example.com",
    )
    assert message["In-Reply-To"] == message["References"] == "<invite@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"] == "Meetbot <meetbot@example.com>"
    assert message["Date"].datetime == NOW


def test_unsubscribing_takes_one_click_and_is_offered_only_where_it_works():
    raw = WRITER.recap(recap()).raw

    assert f"List-Unsubscribe: <https://meetbot.example.com/u/1?token={'x' * 120}>\r\n".encode() in raw
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert b"List-Unsubscribe" not in WRITER.recap(recap(unsubscribe_url="")).raw


@pytest.mark.parametrize(
    "words",
    [
        "ship on the third.",
        "your actions",
        "live captions",
        "host@example.com",
        "30 days",
        "15:52",
        "not verified",
    ],
)
def test_both_parts_tell_the_same(words):
    text, html = parts(WRITER.recap(recap()))

    assert words in text.lower()
    assert words in " ".join(Page(html).words).lower()


def test_both_parts_lead_to_the_same_pages():
    text, html = parts(WRITER.recap(recap()))

    for page in ("s/1?a=1&b=2", "d/1", "u/1?token="):
        assert f"https://meetbot.example.com/{page}" in text
        assert any(url.startswith(f"https://meetbot.example.com/{page}") for url in Page(html).urls)


def test_nothing_in_the_mail_is_fetched():
    _, html = parts(WRITER.recap(recap()))
    page = Page(html)

    assert set(page.tags) <= OWN_TAGS
    assert not [word for word in ("@import", "url(", "src=") if word in html]
    assert "prefers-color-scheme: dark" in html


ATTACKS = [
    "<img src=http://evil.example/x.png>", "</title><script>alert(1)</script>", '"><a href="http://evil.example">',
    "<style>@import 'http://evil.example'</style>", "![x](http://evil.example/x.png)", "{{ 7*7 }}", "{% raw %}",
    "]]><svg onload=alert(1)>", "<!--", "&lt;img src=x onerror=1&gt;", "\r\nBcc: x@evil.example\r\n\r\n<b>",
    "=?utf-8?q?Bcc:_x@evil.example?=", "‮evil", "a\x00\x1b[31mb", "<base href=http://evil.example>",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_words_from_the_meeting_stay_words(attack):
    mail = WRITER.recap(recap(attack, recipient_name=attack))
    message, (_, html) = read(mail), parts(mail)
    page = Page(html)

    assert set(page.tags) <= OWN_TAGS
    assert page.handlers == []
    assert all(url.startswith("https://meetbot.example.com") for url in page.urls)
    assert message["Bcc"] is None
    assert [address.addr_spec for address in message["To"].addresses] == ["host@example.com"]


@given(st.text(min_size=1, max_size=200))
def test_any_words_make_a_sound_mail(text):
    mail = WRITER.recap(recap(text))

    assert mail.raw.isascii()
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
    assert set(Page(parts(mail)[1]).tags) <= OWN_TAGS


@pytest.mark.parametrize("words", ["שלום לכולם", "مرحبا بالجميع", "会議の要約です", "회의 요약"])
def test_every_script_is_shown_in_its_own_direction(words):
    text, html = parts(WRITER.recap(recap(words)))

    assert words in text
    assert '<h1 dir="auto" class="title"' in html
    assert words in "".join(Page(html).words)


def test_a_recap_without_transcript_is_short_and_says_why():
    text, html = parts(WRITER.recap(recap(summary=None, source="none", why=Why.NOT_TRANSCRIBED)))

    assert "! There is no transcript of this meeting. Transcription was never turned on" in text
    assert "Your actions" not in html


@pytest.mark.parametrize("language", ["de", "ja", "pt-BR"])
def test_notices_in_place_of_a_recap_are_written_in_its_language(language):
    facts = {"message_id": "<n@example.com>", "recipient": "host@example.com", "language": language}
    held = HeldLetter(
        title="",
        until=NOW,
        timezone="Europe/Berlin",
        readers=("a@example.com",),
        stop_url="https://x.example.com/s",
        **facts,
    )
    for mail in (WRITER.no_notes(NoNotesLetter(title="", **facts)), WRITER.held(held)):
        text, html = parts(mail)
        assert not re.search(r"\b(the|your|meeting|notes|link|send)\b", read(mail)["Subject"] + text)
        assert f'lang="{language[:2]}"' in html


def test_a_held_recap_names_its_readers_and_the_hour_where_the_meeting_was():
    letter = HeldLetter(
        "<h@example.com>",
        "host@example.com",
        "Weekly",
        NOW,
        "Europe/Berlin",
        ("a@example.com", "b@example.com"),
        "https://x.example.com/s",
    )
    text, _ = parts(WRITER.held(letter))

    told = " ".join(text.split())
    assert "The recap of “Weekly” goes out at 15:52 (Europe/Berlin) to: a@example.com, b@example.com." in told
    assert "Do not send it: https://x.example.com/s" in told
    assert read(WRITER.held(letter))["Subject"] == "On hold until 15:52: the recap of Weekly"


NOTICE = NoticeLetter(
    message_id="<notice.1@example.com>",
    recipient="host@example.com",
    subject="Meetbot waits at the door",
    paragraphs=("Please let Meetbot in.", "<b>It waits</b> since 15:00."),
    links=(("Cancel", "https://meetbot.example.com/c/1"),),
)


def test_a_notice_is_plain_and_short():
    text, html = parts(WRITER.notice(NOTICE))

    assert text.replace("\r\n", "\n") == (
        "Please let Meetbot in.\n\n<b>It waits</b> since 15:00.\n\nCancel:\nhttps://meetbot.example.com/c/1\n\n"
    )
    assert "b" not in Page(html).tags
    assert Page(html).urls == ["https://meetbot.example.com/c/1"]


def test_an_answer_to_somebodys_mail_asks_for_no_answer():
    answer = WRITER.notice(replace(NOTICE, auto_submitted="auto-replied"))

    assert answer.envelope_from == ""
    assert read(answer)["Auto-Submitted"] == "auto-replied"
    assert WRITER.notice(NOTICE).envelope_from == "meetbot@example.com"


REPLY = ReplyLetter(
    message_id="<reply.1@example.com>",
    uid="abc123@google.com",
    sequence=0,
    partstat="ACCEPTED",
    attendee=Attendee(email="notes+team@example.com", raw="mailto:Notes+Team@example.com"),
    organizer=Attendee(email="host@example.com", raw="mailto:host@example.com", name="Host Person"),
    stamped_at=NOW,
    starts_at=START,
    ends_at=NOW,
    title="Weekly 会議",
    thread=Thread("<invite@example.com>"),
)


def test_a_reply_ends_in_the_calendar_part_with_its_method():
    mail = WRITER.reply(REPLY)
    plain, calendar = read(mail).iter_parts()

    assert plain.get_content_type() == "text/plain"
    assert plain.get_content().strip() == "Meetbot answered: accepted."
    assert calendar.get_content_type() == "text/calendar"
    assert (calendar.get_param("method"), calendar.get_param("charset").upper()) == ("REPLY", "UTF-8")
    assert "SUMMARY:Weekly 会議\r\n" in calendar.get_content()


def test_a_reply_comes_from_the_very_address_that_was_invited():
    mail = WRITER.reply(REPLY)

    assert mail.envelope_from == "Notes+Team@example.com"
    assert read(mail)["From"] == "Meetbot <Notes+Team@example.com>"
    assert (mail.recipients, read(mail)["In-Reply-To"]) == (("host@example.com",), "<invite@example.com>")


@pytest.mark.parametrize(
    ("partstat", "subject"),
    [
        ("ACCEPTED", "Accepted: Weekly 会議"),
        ("DECLINED", "Declined: Weekly 会議"),
        ("TENTATIVE", "Tentative: Weekly 会議"),
    ],
)
def test_the_subject_gives_the_answer(partstat, subject):
    assert read(WRITER.reply(replace(REPLY, partstat=partstat)))["Subject"] == subject


def test_a_declined_invitation_is_told_why_in_words_and_in_the_calendar():
    plain, calendar = read(
        WRITER.reply(replace(REPLY, partstat="DECLINED", comment="Google Meet only."))
    ).iter_parts()

    assert "Google Meet only." in plain.get_content()
    assert "COMMENT:Google Meet only." in calendar.get_content()
