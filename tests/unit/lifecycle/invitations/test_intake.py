"""Mail on its way into the calendar: who may say what, what is held, and what the sender hears back."""

from datetime import timedelta
from pathlib import Path

import pytest

from agent.errors import Missing
from agent.model.authenticity import Authenticity
from agent.model.states import EndReason, State
from tests.intake_stage import (
    BOT,
    HOST,
    MONDAY,
    NOON,
    IntakeStage,
    event,
    mail,
)

STRANGER = "stranger@elsewhere.example"
PROVED = Authenticity(from_domain="example.com", dmarc="pass", aligned="example.com")


def strange(**changes: object) -> bytes:
    return mail(event(uid="strange@elsewhere.example", organizer=STRANGER, **changes), sender=STRANGER)


async def test_an_allowed_invitation_becomes_a_job_and_is_accepted(stage: IntakeStage) -> None:
    row = await stage.receive(mail(event()))
    assert row.verdict == "read"
    assert stage.starts() == [MONDAY]
    (text,) = stage.replies()
    assert "METHOD:REPLY" in text
    assert "PARTSTAT=ACCEPTED:mailto:bot@example.com" in text


async def test_the_same_mail_again_is_one_mail_one_job_and_one_reply(stage: IntakeStage) -> None:
    raw = mail(event())
    first, second = await stage.receive(raw), await stage.receive(raw)
    assert first.id == second.id
    await stage.receive(mail(event()))
    assert len(stage.jobs()) == len(stage.replies()) == 1


async def test_a_mail_is_taken_whole_or_held_whole(stage: IntakeStage) -> None:
    await stage.receive(mail(event(uid="mine@example.com", organizer=HOST)))
    both = mail(
        event(uid="new@example.com"),
        event(uid="mine@example.com", organizer=STRANGER, sequence=9, start=MONDAY + timedelta(days=2)),
    )
    assert (await stage.receive(both)).verdict == "held"
    assert stage.starts() == [MONDAY]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"link": ""}, "no Google Meet link"),
        ({"link": "https://zoom.us/j/123456789"}, "for Zoom"),
        ({"start": NOON - timedelta(hours=5)}, "already over"),
    ],
)
async def test_a_declined_invitation_says_why(
    stage: IntakeStage, changes: dict[str, object], reason: str
) -> None:
    await stage.receive(mail(event(**changes)))
    (text,) = stage.replies()
    assert "PARTSTAT=DECLINED" in text
    assert reason in text
    assert not stage.jobs()


async def test_a_change_is_answered_anew_and_a_lost_link_is_declined(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    await stage.receive(mail(event(sequence=1, start=MONDAY + timedelta(hours=1))))
    await stage.receive(mail(event(sequence=2, start=MONDAY + timedelta(hours=1), link="")))
    assert ["ACCEPTED" in text for text in stage.replies()] == [True, True, False]
    assert "SEQUENCE:2" in stage.replies()[-1]
    assert not stage.jobs()


async def test_a_cancellation_is_not_answered(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    await stage.receive(mail(event(sequence=1), method="CANCEL"))
    assert not stage.jobs()
    assert len(stage.replies()) == 1


async def test_single_occurrences_are_answered_each_by_its_recurrence_id(stage: IntakeStage) -> None:
    weekly = event(extra=["RRULE:FREQ=WEEKLY;COUNT=3"])
    await stage.receive(mail(weekly))
    second, third = MONDAY + timedelta(weeks=1), MONDAY + timedelta(weeks=2)
    moved = event(
        start=second + timedelta(hours=1), sequence=1, extra=[f"RECURRENCE-ID:{second:%Y%m%dT%H%M%SZ}"]
    )
    other = event(
        start=third,
        sequence=1,
        link="https://zoom.us/j/123456789",
        extra=[f"RECURRENCE-ID:{third:%Y%m%dT%H%M%SZ}"],
    )
    await stage.receive(mail(moved, other))
    whole, accepted, declined = stage.replies()
    assert "RECURRENCE-ID" not in whole
    assert f"RECURRENCE-ID:{second:%Y%m%dT%H%M%SZ}" in accepted
    assert "ACCEPTED" in accepted
    assert f"RECURRENCE-ID:{third:%Y%m%dT%H%M%SZ}" in declined
    assert "DECLINED" in declined
    assert stage.starts() == [MONDAY, second + timedelta(hours=1)]


async def test_each_alias_answers_for_itself_and_the_job_is_one(stage: IntakeStage) -> None:
    tagged = "bot+silent@example.com"
    both = event(attendees=(BOT, tagged))
    await stage.receive(mail(both))
    await stage.receive(mail(both, to=tagged), to=(tagged,))
    (job,) = stage.jobs()
    assert job.options == {"recap": False}
    first, second = stage.replies()
    assert f"ACCEPTED:mailto:{BOT}" in first
    assert f"ACCEPTED:mailto:{tagged}" in second


@pytest.mark.parametrize(
    ("tag", "options"),
    [
        ("audio", {"recording": "audio"}),
        ("private", {"recipients": "inviter"}),
        ("de+everyone", {"summary_language": "de", "recipients": "invited"}),
        ("nonsense", {}),
    ],
)
async def test_plus_tags_are_options_of_the_job(
    stage: IntakeStage, tag: str, options: dict[str, object]
) -> None:
    await stage.receive(mail(event()), to=(f"bot+{tag}@example.com",))
    assert stage.jobs()[0].options == options


@pytest.mark.parametrize(
    "headers",
    [
        ["Auto-Submitted: auto-replied"],
        ["Content-Type: multipart/report; report-type=delivery-status"],
    ],
)
async def test_automata_are_not_answered(stage: IntakeStage, headers: list[str]) -> None:
    raw = mail(event())
    if "multipart/report" in headers[0]:
        raw = mail(body="The mail could not be delivered.")
        raw = raw.replace(b"text/plain; charset=utf-8", headers[0].partition(": ")[2].encode())
    else:
        raw = mail(event(), headers=headers)
    await stage.receive(raw)
    assert not stage.mails_out()
    assert not stage.mails_out("notice")


async def test_the_null_sender_and_the_bot_itself_are_not_answered(stage: IntakeStage) -> None:
    await stage.receive(mail(event()), sender="")
    await stage.receive(mail(event(uid="own@example.com", organizer=BOT), sender=BOT), sender=BOT)
    assert not stage.mails_out()
    assert [note.outcome for note in stage.notes()] == ["accepted", "ignored"]


@pytest.mark.parametrize("method", ["REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH"])
async def test_what_is_meant_for_organizers_changes_nothing(stage: IntakeStage, method: str) -> None:
    await stage.receive(mail(event()))
    await stage.receive(mail(event(sequence=3, start=MONDAY + timedelta(days=1)), method=method))
    assert stage.starts() == [MONDAY]
    assert len(stage.replies()) == 1
    assert stage.notes()[-1].outcome == "ignored"


async def test_a_published_event_is_joined_and_never_answered(stage: IntakeStage) -> None:
    await stage.receive(mail(event(), method="PUBLISH"))
    assert len(stage.jobs()) == 1
    assert not stage.replies()


async def test_added_occurrences_join_a_known_series_only(stage: IntakeStage) -> None:
    extra = event(start=MONDAY + timedelta(days=2), sequence=1, extra=[])
    await stage.receive(mail(extra, method="ADD"))
    assert not stage.jobs()
    await stage.receive(mail(event(extra=["RRULE:FREQ=WEEKLY;COUNT=2"])))
    assert stage.starts() == [MONDAY, MONDAY + timedelta(days=2), MONDAY + timedelta(weeks=1)]


async def test_a_forwarded_invitation_is_joined_for_an_allowed_sender_and_not_answered(
    stage: IntakeStage,
) -> None:
    inner = mail(event(organizer=STRANGER, attendees=("guest@example.com",)), sender=STRANGER)
    outer = (
        b"From: host@example.com\r\nTo: bot@example.com\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nsee below\r\n"
        b"--x\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--x--\r\n"
    )
    await stage.receive(outer)
    assert len(stage.jobs()) == 1
    assert not stage.replies()


async def test_an_outlook_attachment_is_answered_with_what_to_do_once_a_day(stage: IntakeStage) -> None:
    raw = (
        b"From: host@example.com\r\nTo: bot@example.com\r\nSubject: Review\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgAA\r\n"
    )
    row = await stage.receive(raw)
    await stage.receive(raw.replace(b"Review", b"Again"))
    assert row.verdict == "unreadable"
    (notice,) = stage.mails_out("notice")
    assert b"iCalendar" in (notice.raw or b"")


async def test_no_more_than_so_many_meetings_a_day_for_one_inviter(tmp_path: Path) -> None:
    async with IntakeStage(tmp_path, invites_joins_per_day=2, invites_concurrent=0) as stage:
        for number in range(3):
            start = MONDAY + timedelta(hours=number)
            await stage.receive(
                mail(
                    event(
                        f"u{number}", start=start, link=f"https://meet.google.com/abc-defg-hi{'jkl'[number]}"
                    )
                )
            )
        assert len(stage.jobs()) == 2
        assert "at most 2 meetings a day" in stage.replies()[-1]


async def test_no_more_than_so_many_meetings_at_once_for_one_inviter(tmp_path: Path) -> None:
    async with IntakeStage(tmp_path, invites_concurrent=1) as stage:
        await stage.receive(mail(event("a")))
        await stage.receive(
            mail(
                event("b", start=MONDAY + timedelta(minutes=10), link="https://meet.google.com/xyz-defg-hij")
            )
        )
        await stage.receive(
            mail(
                event("c", start=MONDAY + timedelta(minutes=30), link="https://meet.google.com/xyz-defg-hij")
            )
        )
        assert stage.starts() == [MONDAY, MONDAY + timedelta(minutes=30)]
        assert "at the same time" in stage.replies()[1]


async def test_every_rule_that_decided_can_be_read_afterwards(stage: IntakeStage) -> None:
    stage.reader.proof = PROVED
    await stage.receive(mail(event()))
    await stage.receive(strange(), sender=STRANGER)
    told = stage.explain.about("one@example.com")
    assert told["bound_domain"] == "example.com"
    assert told["meetings"][0]["state"] == "scheduled"
    rules = [line.get("rule") for line in told["messages"][0]["rules"]]
    assert rules == ["dkim", "spf", "dmarc", "allowed", "new", "reply: once_per_change"]
    held = stage.explain.about("m2")
    assert held["verdict"] == "held"
    assert {"rule": "stranger", "result": "hold"}.items() <= held["explanation"][-2].items()
    job = stage.explain.about(stage.jobs()[0].public_id)
    assert job["events"][0]["uid"] == "one@example.com"
    assert [line["outcome"] for line in stage.explain.newest()] == ["accepted"]
    with pytest.raises(Missing):
        stage.explain.about("nothing")


async def test_a_person_s_no_outlasts_later_messages(stage: IntakeStage) -> None:
    await stage.receive(mail(event()))
    with stage.house.database.write() as session:
        job = session.merge(stage.jobs()[0])
        job.state, job.end_reason = State.CANCELLED.value, EndReason.REQUESTED.value
        session.add(job)
    await stage.receive(mail(event(sequence=1, title="Renamed")))
    assert not stage.jobs()
    assert "somebody switched the bot off" in stage.replies()[-1].lower()


async def test_a_bot_that_was_turned_away_is_not_sent_again_by_the_same_invitation(
    stage: IntakeStage,
) -> None:
    await stage.receive(mail(event()))
    with stage.house.database.write() as session:
        job = session.merge(stage.jobs()[0])
        job.state, job.end_reason = State.CANCELLED.value, EndReason.NOT_ADMITTED.value
        session.add(job)
    stage.clock.at = MONDAY + timedelta(minutes=5)
    await stage.receive(mail(event(sequence=1, title="Renamed")))
    assert not stage.jobs()


async def test_knows_its_own_address_with_any_tag(stage: IntakeStage) -> None:
    assert stage.intake.knows(" Bot+Notes+x@Example.com")
    assert not stage.intake.knows("bots@example.com")
