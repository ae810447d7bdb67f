"""Who is believed: strangers held for an operator, addresses proved or forged, who may change what."""

import email
from datetime import timedelta
from pathlib import Path

import pytest

from agent.errors import Conflict, Denied, Missing, Temporary
from agent.lifecycle.invitations import gate
from agent.model.authenticity import Authenticity
from agent.model.tables import Mail, User
from tests.intake_stage import (
    MONDAY,
    NOON,
    OPERATOR,
    IntakeStage,
    event,
    mail,
)

STRANGER = "stranger@elsewhere.example"
PROVED = Authenticity(from_domain="example.com", dmarc="pass", aligned="example.com")
FORGED = Authenticity(from_domain="example.com", dmarc="fail")
SILENT = Authenticity(from_domain="example.com", dmarc="temperror")


def strange(**changes: object) -> bytes:
    return mail(event(uid="strange@elsewhere.example", organizer=STRANGER, **changes), sender=STRANGER)


async def test_a_stranger_is_held_and_operators_hear_of_it_once_a_day(stage: IntakeStage) -> None:
    row = await stage.receive(strange(), sender=STRANGER)
    await stage.receive(strange(sequence=1, title="Again"), sender=STRANGER)
    assert row.verdict == "held"
    assert not stage.jobs()
    assert not stage.replies()
    (notice,) = stage.mails_out("held")
    assert notice.target == OPERATOR
    assert [hold.rule for hold in stage.holds()] == ["stranger", "stranger"]
    stage.clock.at += timedelta(days=1)
    await stage.receive(strange(sequence=2), sender=STRANGER)
    assert len(stage.mails_out("held")) == 2


async def test_a_flood_of_strangers_does_not_flood_operators(stage: IntakeStage) -> None:
    for number in range(gate.NOTICES_PER_DAY + 3):
        sender = f"stranger{number}@elsewhere.example"
        await stage.receive(mail(event(uid=f"u{number}", organizer=sender), sender=sender), sender=sender)
    assert len(stage.holds()) == gate.NOTICES_PER_DAY + 3
    assert len(stage.mails_out("held")) == gate.NOTICES_PER_DAY


async def test_a_stranger_without_an_invitation_is_nobody_s_business(stage: IntakeStage) -> None:
    row = await stage.receive(mail(body="Buy now!", sender=STRANGER), sender=STRANGER)
    assert row.verdict == "unreadable"
    assert not stage.holds()
    assert not stage.mails_out("notice")


async def test_an_approved_invitation_is_taken_in_and_accepted_and_may_be_changed(stage: IntakeStage) -> None:
    await stage.receive(strange(), sender=STRANGER)
    await stage.receive(strange(sequence=1, start=MONDAY + timedelta(hours=1)), sender=STRANGER)
    decided = await stage.held.decide(1, approve=True, by="a test")
    assert len(decided) == 2  # what one sender said about one event is decided together
    await stage.run("read")
    assert stage.starts() == [MONDAY + timedelta(hours=1)]
    assert "ACCEPTED" in stage.replies()[-1]
    await stage.receive(strange(sequence=2, start=MONDAY + timedelta(hours=2)), sender=STRANGER)
    assert stage.starts() == [MONDAY + timedelta(hours=2)]
    with pytest.raises(Conflict, match="approved already"):
        await stage.held.decide(1, approve=False, by="a test")


async def test_approval_is_for_one_event_not_for_its_sender(stage: IntakeStage) -> None:
    await stage.receive(strange(), sender=STRANGER)
    await stage.held.decide(1, approve=True, by="a test")
    await stage.run("read")
    other = mail(event(uid="other@elsewhere.example", organizer=STRANGER), sender=STRANGER)
    assert (await stage.receive(other, sender=STRANGER)).verdict == "held"


async def test_a_refused_invitation_is_declined_with_the_reason_and_asked_about_no_more(
    stage: IntakeStage,
) -> None:
    await stage.receive(strange(), sender=STRANGER)
    await stage.held.decide(1, approve=False, by="a test")
    await stage.run("read")
    (text,) = stage.replies()
    assert "PARTSTAT=DECLINED" in text
    assert "COMMENT:The people who run this bot did not allow it." in text
    await stage.receive(strange(sequence=1), sender=STRANGER)
    assert [hold.state for hold in stage.holds()] == ["refused"]
    assert not stage.jobs()


async def test_a_refusal_never_answers_a_forged_mail(stage: IntakeStage) -> None:
    stage.reader.proof = FORGED
    await stage.receive(strange(), sender=STRANGER)
    await stage.held.decide(1, approve=False, by="a test")
    await stage.run("read")
    assert not stage.replies()


async def test_the_link_opens_one_invitation_for_a_week(stage: IntakeStage) -> None:
    await stage.receive(strange(), sender=STRANGER)
    link = gate.approval_link(stage.house, stage.holds()[0])
    told = email.message_from_bytes(stage.mails_out("held")[0].raw or b"")
    plain = next(part for part in told.walk() if part.get_content_type() == "text/plain")
    assert link in plain.get_payload(decode=True).decode()
    query = dict(part.split("=") for part in link.partition("?")[2].split("&"))
    expires, signature = int(query["expires"]), query["signature"]
    stage.held.check_link(1, expires, signature)
    for number, end in ((2, expires), (1, expires + 1)):
        with pytest.raises(Denied):
            stage.held.check_link(number, end, signature)
    stage.clock.at += timedelta(days=7)
    with pytest.raises(Denied, match="expired"):
        stage.held.check_link(1, expires, signature)
    with pytest.raises(Missing):
        stage.held.look(99)


async def test_registered_users_may_invite_and_the_job_is_theirs(stage: IntakeStage) -> None:
    with stage.house.database.write() as session:
        session.add(User(email=STRANGER, created_at=NOON, verified_at=NOON))
    await stage.receive(strange(), sender=STRANGER)
    (job,) = stage.jobs()
    assert job.user_id == 1


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
async def test_nobody_else_may_change_or_cancel_an_invitation(stage: IntakeStage, method: str) -> None:
    await stage.receive(mail(event()))
    spoof = mail(
        event(sequence=5, start=MONDAY + timedelta(days=1), organizer=STRANGER),
        method=method,
        sender=STRANGER,
    )
    assert (await stage.receive(spoof, sender=STRANGER)).verdict == "held"
    named = mail(event(sequence=5, start=MONDAY + timedelta(days=1)), method=method, sender=STRANGER)
    assert (await stage.receive(named, sender=STRANGER)).verdict == "held"
    assert stage.starts() == [MONDAY]


async def test_a_change_of_a_verified_invitation_must_be_verified_too(stage: IntakeStage) -> None:
    stage.reader.proof = PROVED
    await stage.receive(mail(event()))
    stage.reader.proof = FORGED
    row = await stage.receive(mail(event(sequence=1), method="CANCEL"))
    assert row.verdict == "held"
    assert stage.holds()[0].rule == "less_trust"
    assert stage.starts() == [MONDAY]
    stage.reader.proof = PROVED
    await stage.receive(mail(event(sequence=1), method="CANCEL"))
    assert not stage.jobs()


async def test_trust_rises_with_the_first_verified_message(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    stage.reader.proof = PROVED
    await stage.receive(mail(event(sequence=1)))
    stage.reader.proof = FORGED
    assert (await stage.receive(mail(event(sequence=2), method="CANCEL"))).verdict == "held"


async def test_enforcing_holds_what_nobody_vouches_for(tmp_path: Path) -> None:
    async with IntakeStage(tmp_path, invites_verify="enforce") as stage:
        stage.reader.proof = FORGED
        assert (await stage.receive(mail(event()))).verdict == "held"
        assert stage.holds()[0].rule == "unverified"
        stage.reader.proof = PROVED
        await stage.receive(mail(event(uid="two@example.com")))
        assert len(stage.jobs()) == 1


async def test_enforcing_waits_for_a_silent_name_service_and_then_holds(tmp_path: Path) -> None:
    async with IntakeStage(tmp_path, invites_verify="enforce") as stage:
        stage.reader.proof = SILENT
        with pytest.raises(Temporary):
            await stage.receive(mail(event()))
        assert stage.row(Mail, 1).verdict == "stored"
        stage.clock.at += timedelta(minutes=16)
        await stage.intake.read(1)
        assert stage.row(Mail, 1).verdict == "held"


async def test_without_verification_nothing_is_computed(tmp_path: Path) -> None:
    async with IntakeStage(tmp_path, invites_verify="off") as stage:
        stage.reader.proof = FORGED
        row = await stage.receive(mail(event()))
        assert row.authenticity == Authenticity().model_dump(mode="json")
        assert len(stage.jobs()) == 1


async def test_the_verdicts_of_the_receipt_are_kept_for_a_later_reading(stage: IntakeStage) -> None:
    stage.reader.proof = PROVED
    await stage.receive(strange(), sender=STRANGER)
    stage.reader.proof = FORGED  # the signature has expired when the operator decides
    await stage.held.decide(1, approve=True, by="a test")
    await stage.run("read")
    assert stage.row(Mail, 1).authenticity["dmarc"] == "pass"
