"""How often, and to whom, senders are answered."""

from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from agent.model.authenticity import Authenticity
from agent.rules.trust import REPLIES_PER_SENDER_AND_HOUR
from tests.intake_stage import MONDAY, IntakeStage, event, mail, stamp

WEEK = timedelta(weeks=1)
FORGED = Authenticity(from_domain="example.com", dmarc="fail")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[IntakeStage]:
    async with IntakeStage(tmp_path, invites_joins_per_day=0, invites_concurrent=0) as stage:
        yield stage


async def test_one_sender_is_answered_so_often_an_hour_and_every_job_is_made(stage: IntakeStage) -> None:
    for number in range(REPLIES_PER_SENDER_AND_HOUR + 2):
        await stage.receive(mail(event(f"u{number}", start=MONDAY + number * timedelta(hours=1))))
    assert len(stage.jobs()) == REPLIES_PER_SENDER_AND_HOUR + 2
    assert len(stage.replies()) == REPLIES_PER_SENDER_AND_HOUR
    assert stage.notes()[-1].rules[-1]["rule"] == "reply: sender_rate"
    stage.clock.at += timedelta(hours=1, seconds=1)
    await stage.receive(mail(event("later", start=MONDAY - timedelta(hours=1))))
    assert len(stage.replies()) == REPLIES_PER_SENDER_AND_HOUR + 1


async def test_a_mail_that_fails_dmarc_is_not_answered(stage: IntakeStage) -> None:
    stage.reader.proof = FORGED
    await stage.receive(mail(event()))
    await stage.receive(mail(body="Please join."))
    assert not stage.mails_out()
    assert not stage.mails_out("notice")
    assert stage.notes()[0].rules[-1]["rule"] == "reply: forged"


async def test_a_mail_without_an_invitation_is_explained_to_who_may_invite_once_a_day(
    stage: IntakeStage,
) -> None:
    for text in ("Please join.", "Please join at last."):
        await stage.receive(mail(body=text))
    (notice,) = stage.mails_out("notice")
    assert notice.target == "host@example.com"
    assert b"Auto-Submitted: auto-replied" in (notice.raw or b"")
    stage.clock.at += timedelta(days=1)
    await stage.receive(mail(body="Please!"))
    assert len(stage.mails_out("notice")) == 2


@pytest.mark.parametrize(
    "header", ["Auto-Submitted: auto-generated", "Precedence: bulk", "List-Id: <all.example.com>"]
)
async def test_a_machine_is_not_told_what_an_invitation_is(stage: IntakeStage, header: str) -> None:
    await stage.receive(mail(body="Newsletter", headers=[header]))
    assert not stage.mails_out("notice")


async def test_google_s_own_marking_does_not_keep_an_invitation_from_being_answered(
    stage: IntakeStage,
) -> None:
    await stage.receive(mail(event(), headers=["Auto-Submitted: auto-generated"]))
    assert len(stage.replies()) == 1


LONE = event(extra=[f"RECURRENCE-ID:{stamp(MONDAY)}"])


@pytest.mark.parametrize("method", ["REQUEST", "ADD", "CANCEL"])
async def test_the_series_of_a_lone_occurrence_is_asked_for_once(stage: IntakeStage, method: str) -> None:
    for sequence in (0, 1):
        text = event(sequence=sequence, extra=[f"RECURRENCE-ID:{stamp(MONDAY)}"])
        await stage.receive(mail(text, method=method))
    (asked,) = stage.mails_out("itip_refresh")
    raw = (asked.raw or b"").decode()
    assert asked.target == "host@example.com"
    assert "METHOD:REFRESH" in raw
    assert len(stage.jobs()) == (method == "REQUEST"), "nothing waits for the answer"


async def test_what_was_added_to_an_unknown_series_waits_for_it_and_says_so(stage: IntakeStage) -> None:
    await stage.receive(mail(LONE, method="ADD"))
    (note,) = stage.notes()
    assert (note.outcome, "waits for it" in note.reason) == ("ignored", True)
    await stage.receive(mail(event(start=MONDAY - WEEK, extra=["RRULE:FREQ=WEEKLY;COUNT=2"])))
    assert MONDAY in stage.starts()
    assert len(stage.mails_out("itip_refresh")) == 1


@pytest.mark.parametrize(
    ("headers", "proof"),
    [
        (["Auto-Submitted: auto-replied"], Authenticity()),
        (["List-Id: <all.example.com>"], Authenticity(dmarc="fail")),
        ([], Authenticity(google=True)),
    ],
)
async def test_no_series_is_asked_for_of_automata_forgers_or_google(
    stage: IntakeStage, headers: list[str], proof: Authenticity
) -> None:
    stage.reader.proof = proof
    await stage.receive(mail(LONE, headers=headers))
    assert len(stage.jobs()) == 1
    assert not stage.mails_out("itip_refresh")


@pytest.mark.parametrize("method", ["REPLY", "COUNTER", "PUBLISH"])
async def test_only_what_organizers_send_has_a_series_to_ask_for(stage: IntakeStage, method: str) -> None:
    await stage.receive(mail(LONE, method=method))
    assert not stage.mails_out("itip_refresh")


async def test_an_organizer_who_cannot_be_written_to_loses_no_meeting(stage: IntakeStage) -> None:
    await stage.receive(mail(event(organizer="höst person@example.com")))
    assert stage.starts() == [MONDAY]
    assert not stage.mails_out()


async def test_whoever_sends_no_invitation_is_told_once_how_to_invite(stage: IntakeStage) -> None:
    await stage.receive(mail(body="Please join."))
    (notice,) = stage.mails_out("notice")
    text = message_from_bytes(notice.raw or b"", policy=policy.default).get_body(("plain",))
    assert text is not None
    assert text.get_content().split().count("invite") == 1


async def test_replies_can_be_turned_off(tmp_path: Path) -> None:
    async with IntakeStage(tmp_path, invites_reply=False) as stage:
        await stage.receive(mail(event()))
        assert len(stage.jobs()) == 1
        assert not stage.replies()


async def test_an_occurrence_that_is_cancelled_before_its_series_is_known_is_no_broken_mail(
    stage: IntakeStage,
) -> None:
    row = await stage.receive(mail(event(extra=[f"RECURRENCE-ID:{stamp(MONDAY)}"]), method="CANCEL"))
    assert row.verdict == "read"
    assert stage.notes()[-1].reason == "a cancellation of nothing that is planned"
    assert stage.mails_out("notice") == []
