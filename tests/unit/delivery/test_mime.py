from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.delivery.mime import POLICY, bracketed, compose, mailbox, one_line, prose
from agent.errors import Invalid
from agent.model.letter import Thread

AT = datetime(2026, 11, 24, 14, 52, tzinfo=UTC)
HEADERS = {
    "message-id", "in-reply-to", "references", "mime-version", "content-type", "content-transfer-encoding",
    "from", "to", "subject", "date", "auto-submitted",
}  # fmt: skip


def composed(subject="Hello", name="Host Person", thread=None, message_id="<a.1@example.com>", **options):
    body = EmailMessage(policy=POLICY)
    body.set_content("words\n")
    return compose(
        body,
        message_id=message_id,
        subject=subject,
        sender=mailbox("meetbot@example.com", "Meetbot"),
        recipient=mailbox("host@example.com", name),
        sent_at=AT,
        thread=thread or Thread(),
        auto_submitted="auto-generated",
        **options,
    )


def read(mail):
    return message_from_bytes(mail.raw, policy=policy.default)


NASTY = [
    "a\r\nBcc: x@example.com",
    "a\nb",
    "a\x0bb",
    "a\u2028Bcc: x",
    "a\x85b",
    "\r\n\r\nbody",
    "a\x00b",
    "\ud800",
]


@pytest.mark.parametrize("text", NASTY)
def test_no_text_becomes_a_header_of_its_own(text):
    message = read(composed(subject=text, name=text, thread=Thread(text, (text,), text)))

    assert {name.lower() for name in message} <= HEADERS
    assert message.get_content().strip() == "words"


@given(st.text(max_size=400), st.text(max_size=150))
def test_every_mail_reads_back_as_it_was_meant(subject, name):
    mail = composed(subject=subject, name=name)
    message = read(mail)

    assert {header.lower() for header in message} <= HEADERS
    assert message["To"].addresses[0].addr_spec == "host@example.com"
    assert len(message["To"].addresses) == 1
    assert message["Subject"] == one_line(subject, 200)
    assert mail.raw.isascii()
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
    assert b"\n" not in mail.raw.replace(b"\r\n", b"")


def test_a_subject_in_another_script_keeps_its_spaces():
    subject = "会議の要約: 新製品企画会議 — 2026年11月23日（月） (決定事項1件、タスク1件)"
    assert read(composed(subject=subject))["Subject"] == subject


def test_a_subject_is_at_most_200_characters():
    assert len(read(composed(subject="会議" * 300))["Subject"]) == 200


def test_text_that_would_read_backwards_is_straightened():
    assert one_line("abc\u202egnp.exe\u2066") == "abcgnp.exe"
    assert prose("a\u202eb\tc\r\nd\x07") == "ab\tc\nd"


def test_an_answer_names_the_mail_it_answers_and_its_ancestors():
    message = read(composed(thread=Thread("<c@example.com>", ("<a@example.com>", "<b@example.com>"), "x")))

    assert message["In-Reply-To"] == "<c@example.com>"
    assert message["References"].split() == ["<a@example.com>", "<b@example.com>", "<c@example.com>"]


def test_identifiers_are_never_folded_into_encoded_words():
    long = f"<{'calendar-' * 20}@google.com>"
    raw = composed(thread=Thread(long, (long[:-1] + "x>",)), message_id=long).raw

    assert f"Message-ID: {long}\r\n".encode() in raw
    assert f"In-Reply-To: {long}\r\n".encode() in raw
    assert b"=?" not in raw


def test_of_a_long_thread_the_first_and_the_last_stay():
    chain = tuple(f"<m{n}@example.com>" for n in range(50))
    kept = read(composed(thread=Thread("<last@example.com>", chain)))["References"].split()

    assert (len(kept), kept[0], kept[1], kept[-1]) == (20, chain[0], chain[32], "<last@example.com>")


def test_what_is_no_identifier_stays_out_of_the_thread():
    message = read(composed(thread=Thread("no identifier", ("<a b@example.com>", "<ü@example.com>"))))

    assert message["In-Reply-To"] is None
    assert message["References"] is None


@pytest.mark.parametrize("given_id", ["recap.1@example.com", "<recap.1@example.com>"])
def test_a_message_id_wears_its_brackets(given_id):
    assert composed(message_id=given_id).message_id == "<recap.1@example.com>"


@pytest.mark.parametrize(
    "given_id", ["", "a b@example.com", "a\r\nX: y@example.com", "<a@b>c", "ü@example.com"]
)
def test_a_malformed_message_id_is_refused(given_id):
    with pytest.raises(Invalid):
        bracketed(given_id)


@pytest.mark.parametrize(
    "address", ["", "host", "@example.com", "host@", "a b@example.com", "a@b@c", "host@example.com\r\nBcc: x@y.z",
                "höst@example.com", "host@exa mple.com", "host@-example.com", "<host@example.com>", "a,b@example.com"]
)  # fmt: skip
def test_what_is_no_address_is_refused(address):
    with pytest.raises(Invalid):
        mailbox(address)


def test_a_domain_in_any_script_is_spelled_for_the_wire():
    assert mailbox("host@bücher.example").addr_spec == "host@xn--bcher-kva.example"


def test_the_null_sender_is_for_answers_to_mail():
    assert composed(null_sender=True).envelope_from == ""
    assert composed().envelope_from == "meetbot@example.com"
