import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from agent.delivery.payloads import body, instant
from agent.model.letter import Notice
from agent.model.states import FailureCode

AT = datetime(2026, 11, 24, 14, 0, 1, 234_567, tzinfo=UTC)
FAILED = {
    "jobId": "job_01",
    "status": "failed",
    "failure_code": FailureCode.LOBBY_TIMEOUT,
    "failure_detail": "nobody opened",
}


def notice(**changes):
    values = {
        "delivery_id": "dlv_01",
        "family": "jobs",
        "event": "job.status_changed",
        "data": {"jobId": "job_01", "status": "joining"},
        "happened_at": AT,
        "sent_at": AT + timedelta(seconds=5),
        "attempt": 2,
        "url": "https://hooks.example.com/x",
        "secrets": (),
    }
    return Notice(**(values | changes))


def test_version_2_of_the_jobs_family():
    assert json.loads(body(notice())) == {
        "deliveryId": "dlv_01",
        "event": "job.status_changed",
        "emittedAt": "2026-11-24T14:00:01.234Z",
        "attempt": 2,
        "version": 2,
        "data": {"jobId": "job_01", "status": "joining"},
    }


def test_a_failure_in_version_2_mirrors_its_detail_for_older_readers():
    data = json.loads(body(notice(event="job.failed", data=FAILED)))["data"]

    assert data == FAILED | {"failure_code": "lobby_timeout", "failure_reason": "nobody opened"}


def test_a_failure_in_version_1_has_the_free_text_only():
    envelope = json.loads(body(notice(event="job.failed", data=FAILED, version=1)))

    assert "version" not in envelope
    assert envelope["data"] == {"jobId": "job_01", "status": "failed", "failure_reason": "nobody opened"}


def test_a_failure_without_detail_gives_its_code_as_reason():
    data = json.loads(body(notice(data=FAILED | {"failure_detail": ""}, version=1)))["data"]

    assert data["failure_reason"] == "lobby_timeout"


def test_the_bots_family_has_its_own_envelope():
    told = notice(
        family="bots", event="bot.joined", bot_id=7, data={"meetingTitle": "Weekly", "platform": "google"}
    )

    assert json.loads(body(told)) == {
        "event": "bot.joined",
        "botId": 7,
        "timestamp": "2026-11-24T14:00:01.234Z",
        "data": {"meetingTitle": "Weekly", "platform": "google"},
    }


def test_a_retry_differs_in_nothing_but_the_attempt():
    first, second = json.loads(body(notice(attempt=1))), json.loads(body(notice(attempt=2)))

    assert first | {"attempt": 2} == second


@pytest.mark.parametrize("text", ["日本語", "שלום", "a\ud800b", "\x00", "</script>"])
def test_any_text_travels_as_valid_utf_8(text):
    told = json.loads(body(notice(data={"text": text})).decode("utf-8"))

    assert told["data"]["text"] == text.replace("\ud800", "?")


def test_instants_in_data_are_spelled_like_the_envelopes():
    local = datetime(2026, 11, 24, 15, 0, tzinfo=timezone(timedelta(hours=1)))

    assert json.loads(body(notice(data={"at": local})))["data"]["at"] == "2026-11-24T14:00:00.000Z"
    assert instant(local) == "2026-11-24T14:00:00.000Z"
