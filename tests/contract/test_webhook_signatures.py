"""What we sign, receivers' own libraries verify."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from agent.delivery import payloads, signature
from agent.model.letter import Notice
from agent.sandbox.hook_signatures import verify_all
from tests.node import node

NEW, OLD = "whsec_bmV3LXNlY3JldC0wMTIzNDU2Nzg5MDEyMzQ1", "whsec_b2xkLXNlY3JldC0wMTIzNDU2Nzg5MDEyMzQ1"
STRANGE = "whsec_c3RyYW5nZS1zZWNyZXQtMDEyMzQ1Njc4OTAx"

NODE_RECEIVER = """
const crypto = require("node:crypto");
const { secret, headers, body } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const key = Buffer.from(secret.slice("whsec_".length), "base64");
const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
const right = crypto.createHmac("sha256", key).update(signed, "utf8").digest("base64");
const own = headers["x-meetbot-signature"].slice("sha256=".length);
const rightOwn = crypto.createHmac("sha256", secret).update(body, "utf8").digest("hex");
console.log(headers["webhook-signature"].split(" ").includes(`v1,${right}`) && own === rightOwn);
"""


def signed(family="jobs", secrets=(NEW,), age=timedelta(0)):
    now = datetime.now(UTC) - age
    data = {"jobId": "job_01", "title": "Wöchentlich 会議 שלום"}
    notice = Notice(
        "dlv_01", family, "job.finalized", data, now, now, 1, "https://hooks.example.com", secrets, bot_id=3
    )
    body = payloads.body(notice)
    return body, signature.headers(notice, body)


@pytest.mark.parametrize("family", ["jobs", "bots"])
def test_the_stock_library_verifies_both_families(family):
    body, headers = signed(family)

    assert Webhook(NEW).verify(body, headers)["data"]["jobId"] == "job_01"


@pytest.mark.parametrize("known", [NEW, OLD])
def test_either_secret_verifies_while_a_rotation_lasts(known):
    body, headers = signed(secrets=(NEW, OLD))

    assert Webhook(known).verify(body, headers)


@pytest.mark.parametrize(
    ("known", "tampered", "age"),
    [
        (STRANGE, b"", timedelta(0)),
        (NEW, b" ", timedelta(0)),
        (NEW, b"", timedelta(minutes=6)),
        (NEW, b"", timedelta(minutes=-6)),
    ],
    ids=["another secret", "another body", "too old", "from the future"],
)
def test_the_stock_library_refuses_what_is_not_ours(known, tampered, age):
    body, headers = signed(age=age)

    with pytest.raises(WebhookVerificationError):
        Webhook(known).verify(body + tampered, headers)


@pytest.mark.parametrize("family", ["jobs", "bots"])
def test_the_familys_own_header_holds_beside_the_standard_one(family):
    body, headers = signed(family, secrets=(NEW, OLD))
    verdicts = verify_all(headers, body, [NEW], datetime.now(UTC))

    assert {scheme: held for scheme, held in verdicts.items() if held is not None} == {
        family: True,
        "standard": True,
    }
    assert verify_all(headers, body + b" ", [NEW], datetime.now(UTC))[family] is False


def test_a_receiver_written_in_another_language_agrees():
    body, headers = signed()
    asked = json.dumps({"secret": NEW, "headers": headers, "body": body.decode()})

    answer = subprocess.run(
        [node(), "-e", NODE_RECEIVER], input=asked, capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == "true", answer.stderr
