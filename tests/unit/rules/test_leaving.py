"""When the bot leaves by itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.states import EndReason
from agent.rules.leaving import Limits, Watch, due, next_deadline, verdict

T0 = datetime(2030, 1, 1, 9, tzinfo=UTC)
LIMITS = Limits()


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


JOINED = Watch(joined_at=T0, starts_at=T0, ends_at=at(3600))
EMPTY = replace(JOINED, humans=0, empty_since=T0)
BUSY = replace(JOINED, humans=2, human_seen=True, heard_at=T0)


@pytest.mark.parametrize(
    ("watch", "seconds", "reason"),
    [
        (Watch(lobby_since=T0), 540, EndReason.NOT_ADMITTED),
        (EMPTY, 900, EndReason.NOBODY_JOINED),
        (replace(EMPTY, human_seen=True, empty_since=at(100)), 160, EndReason.EVERYONE_LEFT),
        (replace(EMPTY, rivals=1), 360, EndReason.ONLY_BOTS),
        (replace(EMPTY, rivals=1, human_seen=True, empty_since=at(1000)), 1060, EndReason.ONLY_BOTS),
        (BUSY, 2100, EndReason.SILENCE),
        (replace(BUSY, heard_at=at(1500)), 2400, EndReason.SILENCE),
        (replace(BUSY, heard_at=None), 7200, EndReason.SCHEDULE_OVERRUN),
        (replace(BUSY, heard_at=None, ends_at=None), 14400, EndReason.MAX_DURATION),
        (replace(JOINED, ends_at=at(-9000)), 0, EndReason.SCHEDULE_OVERRUN),
    ],
)
def test_each_rule_falls_due_at_its_instant_and_not_before(watch: Watch, seconds: float, reason: EndReason):
    assert next_deadline(watch, LIMITS) == at(seconds)
    assert verdict(watch, LIMITS, at(seconds - 0.001)) is None
    found = verdict(watch, LIMITS, at(seconds))
    assert found is not None
    assert found.reason is reason


def test_the_wait_for_somebody_begins_at_the_scheduled_start():
    early = replace(EMPTY, starts_at=at(120))
    assert next_deadline(early, LIMITS) == at(120 + 900)
    assert next_deadline(replace(early, rivals=1), LIMITS) == at(120 + 300 + 60)


def test_a_person_in_the_call_stops_every_timer_that_watches_for_people():
    watched = {one.reason for one in due(replace(BUSY, rivals=3), LIMITS)}
    assert watched == {EndReason.SILENCE, EndReason.SCHEDULE_OVERRUN, EndReason.MAX_DURATION}


def test_silence_is_no_reason_while_the_bot_cannot_hear():
    assert EndReason.SILENCE not in {one.reason for one in due(replace(BUSY, heard_at=None), LIMITS)}


@pytest.mark.parametrize("rule", ["silence_seconds", "max_overrun_minutes", "max_seconds"])
def test_zero_turns_a_backstop_off(rule: str):
    assert rule not in {one.rule for one in due(BUSY, replace(LIMITS, **{rule: 0.0}))}


def test_a_zero_for_being_alone_means_at_once():
    alone = replace(EMPTY, human_seen=True, empty_since=at(5))
    assert next_deadline(alone, replace(LIMITS, alone_seconds=0.0)) == at(5)


@given(
    rivals=st.integers(0, 5),
    human_seen=st.booleans(),
    empty=st.none() | st.integers(0, 10_000),
    now=st.integers(0, 7199),
)
def test_an_unknown_roster_never_makes_the_bot_leave(
    rivals: int, human_seen: bool, empty: int | None, now: int
):
    empty_since = None if empty is None else at(empty)
    unknown = replace(JOINED, humans=None, rivals=rivals, human_seen=human_seen, empty_since=empty_since)
    assert verdict(unknown, LIMITS, at(now)) is None
