"""Verdicts on who sent a mail, with a name service that is a dictionary."""

import base64
import email.utils
import time
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from agent.invites.authenticity import NoAnswerNow, authenticate, organisation
from agent.invites.reader import LimitedReader
from agent.model.invite import Envelope

PEER = "198.41.0.4"  # any public address


def keypair(bits=2048):
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()


PRIVATE, PUBLIC = keypair()
ZONE = {
    ("s1._domainkey.host.com", "TXT"): [PUBLIC],
    ("s1._domainkey.mail.host.com", "TXT"): [PUBLIC],
    ("s1._domainkey.evil.com", "TXT"): [PUBLIC],
    ("s1._domainkey.google.com", "TXT"): [PUBLIC],
    ("_dmarc.host.com", "TXT"): ["some other text", "v=DMARC1; p=reject"],
    ("_dmarc.strict.com", "TXT"): ["v=DMARC1; p=reject; adkim=s; aspf=s"],
    ("s1._domainkey.mail.strict.com", "TXT"): [PUBLIC],
    ("host.com", "TXT"): [f"v=spf1 ip4:{PEER} -all"],
    ("bounce.host.com", "TXT"): ["v=spf1 include:host.com -all"],
    ("mx.com", "TXT"): ["v=spf1 mx -all"],
    ("mx.com", "MX"): ["10 in.mx.com"],
    ("in.mx.com", "A"): [PEER],
    ("evil.com", "TXT"): ["v=spf1 -all"],
    ("loop.com", "TXT"): ["v=spf1 include:loop.com -all"],
}
FIELDS = {
    "From": "Host Person <host@host.com>",
    "To": "notes@bot.example",
    "Subject": "Standup",
    "Date": email.utils.format_datetime(datetime.now(UTC)),
    "Message-ID": "<1@host.com>",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=utf-8",
}


def zone(name, kind):
    return ZONE.get((name, kind), [])


def mail(body="hello\r\n", extra=(), **changed):
    fields = {**FIELDS, **changed}
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return ("\r\n".join([*extra, *lines]) + "\r\n\r\n" + body).encode()


def signed(raw, domain="host.com", include=None, **options):
    include = include or [b"from", b"to", b"subject", b"date", b"content-type", b"sender"]
    return dkim.sign(raw, b"s1", domain.encode(), PRIVATE, include_headers=include, **options) + raw


def check(raw, *, peer=PEER, helo="out.host.com", mail_from="someone@evil.com", lookup=zone):
    return authenticate(raw, peer=peer, helo=helo, mail_from=mail_from, lookup=lookup)


def test_a_signature_of_the_senders_domain_is_aligned():
    found = check(signed(mail()))
    assert (found.dkim, found.dmarc, found.aligned) == ("pass", "pass", "host.com")
    assert found.faults == ()


def test_a_signature_of_a_subdomain_is_aligned_unless_the_record_is_strict():
    assert check(signed(mail(), "mail.host.com")).aligned == "host.com"
    strict = mail(From="host@strict.com")
    assert check(signed(strict, "mail.strict.com")).aligned == ""
    assert check(signed(strict, "mail.strict.com")).dmarc == "fail"


def test_a_signature_of_another_domain_proves_nothing_about_the_sender():
    found = check(signed(mail(), "evil.com"))
    assert (found.dkim, found.dmarc, found.aligned) == ("pass", "fail", "")


@pytest.mark.parametrize(
    "change", [(b"Standup", b"Party!!"), (b"hello", b"HELLO"), (b"host@host.com", b"boss@host.com")]
)
def test_a_changed_mail_fails(change):
    found = check(signed(mail()).replace(*change))
    assert (found.dkim, found.dmarc, found.aligned) == ("fail", "fail", "")


@pytest.mark.parametrize(
    "field", ["Subject: other", "From: boss@host.com", "Date: x", "Content-Type: text/html"]
)
def test_a_second_field_on_top_voids_everything(field):
    found = check(field.encode() + b"\r\n" + signed(mail()))
    assert found.aligned == ""
    assert found.faults == (f"more than one {field.partition(':')[0]} field",)


def test_a_signature_of_part_of_the_body_does_not_count():
    found = check(signed(mail(), length=True) + b"appended\r\n")
    assert found.signatures[0].verdict == "permerror"
    assert "l=" in found.signatures[0].reason
    assert found.aligned == ""


def test_a_signature_must_cover_what_people_read():
    found = check(signed(mail(), include=[b"from", b"date", b"to"]))
    assert found.signatures[0].reason == "subject, content-type not signed"
    assert found.aligned == ""


COVERED = [b"from", b"to", b"subject", b"date", b"content-type"]


def test_an_expired_signature_fails():
    raw = mail()
    past = int(time.time()) - 10 * 86400
    header = dkim.sign(raw, b"s1", b"host.com", PRIVATE, include_headers=COVERED)
    found = check(header.replace(b"d=host.com;", b"d=host.com; x=%d;" % past) + raw)
    assert found.dkim == "fail"
    assert "past" in found.signatures[0].reason


def test_a_key_that_is_none_does_not_count():
    broken = {**ZONE, ("s1._domainkey.host.com", "TXT"): ["v=DKIM1; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANbg"]}
    revoked = {**ZONE, ("s1._domainkey.host.com", "TXT"): ["v=DKIM1; p="]}
    for records in (broken, revoked):
        assert (
            check(signed(mail()), lookup=lambda n, k, records=records: records.get((n, k), [])).aligned == ""
        )


def test_the_second_of_two_signatures_may_be_the_one_that_speaks():
    found = check(signed(signed(mail()), "evil.com"))
    assert {one.domain for one in found.signatures} == {"host.com", "evil.com"}
    assert found.aligned == "host.com"


def test_many_signatures_are_not_all_tried():
    asked = []

    def counting(name, kind):
        asked.append(name)
        return zone(name, kind)

    header = signed(mail())[: -len(mail())]
    found = check(header * 50 + mail(), lookup=counting)
    assert len(found.signatures) == 5
    assert len(asked) == len(set(asked))


def test_silence_of_the_name_service_is_no_failure():
    def silent(name, kind):
        raise NoAnswerNow(name)

    found = check(signed(mail()), lookup=silent)
    assert (found.dkim, found.spf, found.dmarc) == ("temperror", "temperror", "temperror")
    assert found.unsettled


@pytest.mark.parametrize(
    ("mail_from", "peer", "verdict"),
    [
        ("host@host.com", PEER, "pass"),
        ("host@host.com", "8.8.8.8", "fail"),
        ("x@bounce.host.com", PEER, "pass"),
        ("x@mx.com", PEER, "pass"),
        ("x@nothing.com", PEER, "none"),
        ("x@loop.com", PEER, "permerror"),
        ("host@host.com", "127.0.0.1", "none"),
        ("host@host.com", "10.0.0.7", "none"),
        ("host@host.com", "local", "none"),
    ],
)
def test_spf_looks_at_the_envelope(mail_from, peer, verdict):
    assert check(mail(), mail_from=mail_from, peer=peer).spf == verdict


def test_spf_aligned_speaks_for_the_sender_and_unaligned_does_not():
    assert check(mail(), mail_from="x@bounce.host.com").aligned == "host.com"
    assert check(mail(), mail_from="x@mx.com").aligned == ""


def test_a_domain_without_a_dmarc_record_has_no_verdict_but_may_be_aligned():
    raw = mail(From="who@mx.com")
    found = check(raw, mail_from="who@mx.com")
    assert (found.dmarc, found.aligned) == ("none", "mx.com")
    assert check(mail(From="who@nothing.com")).dmarc == "none"


def test_googles_calendar_may_speak_for_domains_without_a_key():
    raw = mail(From="host@nokey.com", Sender="Google Calendar <calendar-notification@google.com>")
    found = check(signed(raw, "google.com"))
    assert found.google
    assert found.aligned == ""
    assert not check(signed(mail(From="host@nokey.com", Sender="x@google.com"), "google.com")).google
    assert not check(signed(raw, "evil.com")).google


def test_a_mail_from_this_machine_asks_nobody():
    def asked(name, kind):
        raise AssertionError(name)

    found = check(mail(From="host@host.com"), peer="127.0.0.1", mail_from="host@host.com", lookup=asked)
    assert (found.dkim, found.spf, found.dmarc) == ("none", "none", "none")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header at all",
        b"From: \r\n\r\n",
        b"DKIM-Signature: v=1; d=\xff\xfe; nonsense\r\nFrom: host@host.com\r\n\r\n",
        b"DKIM-Signature: ;;;\r\nFrom: host@host.com\r\n\r\n",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=host.com; s=s1; h=from; bh=x; b=x\r\nFrom: host@host.com\r\n\r\n",
    ],
)
def test_nonsense_is_a_verdict_too(raw):
    assert check(raw).aligned == ""


def test_organisations_end_at_the_public_suffix():
    assert organisation("a.b.host.co.uk") == "host.co.uk"
    assert organisation("host.com") == "host.com"


async def test_verdicts_are_found_in_the_limited_process():
    reader = LimitedReader(cpu_seconds=2)
    envelope = Envelope(mail_from="host@host.com", rcpt_to=("notes@bot.example",), peer="127.0.0.1")
    try:
        found = await reader.authenticate(mail(), envelope, datetime.now(UTC))
        assert found.from_domain == "host.com"
        hostile = mail("x" + " " * 60_000 + "y\r\n" + "\r\n" * 400_000 + "z", extra=["DKIM-Signature: v=1; a=rsa-sha256; "
            "c=relaxed/relaxed; d=host.example; s=s; h=from:to:subject:date:content-type; bh=eA==; b=eA=="])  # fmt: skip
        assert (await reader.authenticate(hostile, envelope, datetime.now(UTC))).aligned == ""
    finally:
        await reader.stop()
