import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from agent.delivery.signature import headers, standard, standard_key
from agent.model.letter import Notice

AT = datetime(2026, 11, 24, 14, 0, 1, 900_000, tzinfo=UTC)
STAMP = "1795528801"
NEW, OLD = "whsec_bmV3LXNlY3JldC0wMTIzNDU2Nzg5MDEyMzQ1", "whsec_b2xkLXNlY3JldC0wMTIzNDU2Nzg5MDEyMzQ1"
BODY = b'{"test": 2432232314}'


def notice(family="jobs", secrets=(NEW,), version=2):
    return Notice(
        "whdel_01", family, "bot.joined", {}, AT, AT, 1, "https://hooks.example.com", secrets, version
    )


def mac(secret, signed):
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def test_the_jobs_family_signs_the_raw_body():
    sent = headers(notice(), BODY)

    assert sent["x-meetbot-signature"] == mac(NEW, BODY)
    assert sent["x-meetbot-webhook-version"] == "2"
    assert headers(notice(version=1), BODY)["x-meetbot-webhook-version"] == "1"


def test_the_bots_family_signs_time_and_body_and_names_id_and_event():
    sent = headers(notice("bots"), BODY)

    assert sent["x-webhook-signature"] == mac(NEW, f"{STAMP}.".encode() + BODY)
    assert (sent["x-webhook-timestamp"], sent["x-webhook-id"], sent["x-webhook-event"]) == (
        STAMP,
        "whdel_01",
        "bot.joined",
    )
    assert "x-meetbot-signature" not in sent


def test_the_published_vector_of_standard_webhooks():
    signature = standard(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY
    )

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("family", "own"), [("jobs", "x-meetbot-signature"), ("bots", "x-webhook-signature")]
)
def test_two_live_secrets_give_two_signatures(family, own):
    sent = headers(notice(family, (NEW, OLD)), BODY)
    signed = BODY if family == "jobs" else f"{STAMP}.".encode() + BODY

    assert sent["webhook-signature"] == " ".join(
        standard(one, "whdel_01", int(STAMP), BODY) for one in (NEW, OLD)
    )
    assert (sent[own], sent[f"{own}-previous"]) == (mac(NEW, signed), mac(OLD, signed))


def test_without_a_secret_nothing_pretends_to_be_signed():
    assert not [name for name in headers(notice(secrets=()), BODY) if "signature" in name]


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_c2VjcmV0LWtleQ==", b"secret-key"),
        ("whsec_c2VjcmV0LWtleQ", b"secret-key"),
        ("c2VjcmV0LWtleQ==", b"secret-key"),
        ("no base64 at all!", b"no base64 at all!"),
    ],
)
def test_the_key_is_what_stock_libraries_take_it_for(secret, key):
    assert standard_key(secret) == key
