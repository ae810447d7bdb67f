"""What an invitation is answered, as a whole and for single occurrences."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.model.invite import Component, Slot
from agent.rules.reconcile import Cancel, Create, Decision, Ignore, Keep, Move, Refuse, Retitle
from agent.rules.replies import MAX_ANSWERS, answers, verdict

START = datetime(2030, 3, 11, 9, 0, tzinfo=UTC)
LINK = "https://meet.google.com/abc-defg-hij"
NAMES = tuple(f"2030-03-{day}T09:00:00Z" for day in range(11, 31))


def component(*names: str, apart: tuple[str, ...] = (), only_instances: bool = False) -> Component:
    slots = tuple(Slot(slot=name, starts_at=START, ends_at=START + timedelta(hours=1)) for name in names)
    return Component(
        uid="one",
        method="REQUEST",
        title="Review",
        slots=slots,
        recurrence_ids=apart,
        only_instances=only_instances,
    )


def create(slot: str = "") -> Create:
    return Create(slot, START, START, LINK, "Review")


@pytest.mark.parametrize(
    ("decision", "partstat", "reason"),
    [
        (create(), "ACCEPTED", ""),
        (Move("", "", START, START, LINK, ""), "ACCEPTED", ""),
        (Retitle("", "New"), "ACCEPTED", ""),
        (Keep(""), "ACCEPTED", ""),
        (Keep("", "same_meeting"), "ACCEPTED", ""),
        (Cancel("", "same_meeting", "another bot goes"), "ACCEPTED", ""),
        (Refuse(("",), "past", "it is over"), "DECLINED", "it is over"),
        (Cancel("", "no_meet_link", "no link"), "DECLINED", "no link"),
        (Keep("", "switched_off"), "DECLINED", "somebody switched the bot off for this meeting"),
    ],
)
def test_one_event_is_answered_once(decision: Decision, partstat: str, reason: str) -> None:
    (answer,) = answers(component(""), [decision])
    assert (answer.partstat, answer.reason, answer.recurrence_id) == (partstat, reason, None)
    assert verdict([decision])[0] == {"ACCEPTED": "accepted", "DECLINED": "declined"}[partstat]


@pytest.mark.parametrize(
    ("decision", "outcome"),
    [
        (Cancel("", "cancelled", "the meeting was cancelled"), "cancelled"),
        (Cancel("", "no_longer_in_series", "moved"), "cancelled"),
        (Keep("", "already_held"), "ignored"),
        (Ignore("stale", "a newer version is known"), "ignored"),
    ],
)
def test_what_the_organizer_knows_is_not_answered(decision: Decision, outcome: str) -> None:
    assert answers(component(""), [decision]) == ()
    assert verdict([decision])[0] == outcome


def test_a_series_is_accepted_when_the_bot_goes_to_any_of_it() -> None:
    decisions = [Refuse((NAMES[0],), "past", "over"), create(NAMES[1])]
    (answer,) = answers(component(*NAMES[:2]), decisions)
    assert (answer.slot, answer.partstat) == ("", "ACCEPTED")


def test_an_exception_that_differs_is_answered_by_itself() -> None:
    decisions = [create(NAMES[0]), create(NAMES[1]), Refuse((NAMES[2],), "no_meet_link", "no link")]
    whole, apart = answers(component(*NAMES[:3], apart=NAMES[1:3]), decisions)
    assert (whole.slot, whole.partstat) == ("", "ACCEPTED")
    assert (apart.partstat, apart.reason) == ("DECLINED", "no link")
    assert apart.recurrence_id == datetime(2030, 3, 13, 9, 0, tzinfo=UTC)


def test_occurrences_that_came_alone_are_answered_alone() -> None:
    decisions = [create(NAMES[0]), Cancel(NAMES[1], "no_meet_link", "no link"), Keep(NAMES[5])]
    found = answers(component(*NAMES[:2], only_instances=True), decisions)
    assert [(one.slot, one.partstat) for one in found] == [(NAMES[0], "ACCEPTED"), (NAMES[1], "DECLINED")]


def test_one_message_makes_few_answers() -> None:
    decisions = [create(name) for name in NAMES]
    assert len(answers(component(*NAMES, only_instances=True), decisions)) == MAX_ANSWERS


def test_nothing_decided_is_nothing_to_do() -> None:
    assert verdict([]) == ("ignored", "nothing to do")
