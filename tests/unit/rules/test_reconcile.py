"""Known × fresh → what to do."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from agent.model.invite import Component
from agent.model.series import Series
from agent.rules.reconcile import (
    Cancel,
    Create,
    Ignore,
    Keep,
    Known,
    Move,
    Occurrence,
    Policy,
    Refuse,
    Retitle,
    decide,
    plan,
)
from tests.unit.rules.known_and_fresh import (
    HOUR,
    LINK,
    NINE,
    NOW,
    WEEK,
    after,
    apply,
    live,
    name_of,
    one,
    single,
    the_decision,
    weekly,
)


def test_an_invitation_makes_one_job():
    assert the_decision(Known(), single()) == Create("", NINE, NINE + HOUR, LINK, "Standup")


def test_the_same_mail_again_changes_nothing():
    known = after(single())
    assert the_decision(known, single()) == Keep("")
    assert not decide(known, single(), NOW).changed


def test_a_new_time_moves_the_job():
    decision = the_decision(after(single()), single(NINE + HOUR, sequence=1))
    assert decision == Move("", "", NINE + HOUR, NINE + 2 * HOUR, LINK, "Standup")


def test_an_update_with_the_same_sequence_and_a_newer_stamp_applies():
    assert isinstance(the_decision(after(single()), single(NINE + HOUR, stamped=1)), Move)


def test_an_older_stamp_of_the_same_sequence_is_stale():
    known = after(single(stamped=5))
    assert the_decision(known, single(NINE + HOUR, stamped=4)) == Ignore("stale", "a newer version is known")


def test_a_lower_sequence_is_stale_however_new_its_stamp():
    known = after(single(sequence=2))
    assert the_decision(known, single(NINE + HOUR, sequence=1, stamped=60)).rule == "stale"


def test_only_another_title_retitles():
    assert the_decision(after(single()), single(title="Retro", stamped=1)) == Retitle("", "Retro")


def test_a_changed_link_moves_the_job_to_it():
    other = "https://meet.google.com/zzz-zzzz-zzz"
    assert the_decision(after(single()), single(links=(other,), stamped=1)).link == other


def test_a_cancellation_cancels():
    decision = the_decision(after(single()), single(method="CANCEL", sequence=1))
    assert (decision.slot, decision.rule) == ("", "cancelled")


def test_a_cancellation_of_equal_rank_wins_in_either_order():
    for order in permutations([single(), single(method="CANCEL")]):
        assert live(after(*order)) == []


def test_a_stale_request_does_not_revive_a_cancelled_meeting():
    known = after(single(), single(method="CANCEL", sequence=1))
    assert the_decision(known, single(stamped=30)).rule == "stale"


def test_a_newer_request_revives_a_cancelled_meeting():
    known = after(single(), single(method="CANCEL", sequence=1))
    assert isinstance(the_decision(known, single(sequence=2)), Create)


def test_a_cancellation_of_nothing_is_remembered_and_ignored():
    outcome = decide(Known(), single(method="CANCEL", sequence=1), NOW)
    assert outcome.decisions[0].rule == "nothing_to_cancel"
    assert the_decision(Known(outcome.series), single()).rule == "stale"


def test_a_job_someone_switched_off_stays_off():
    known = after(single())
    off = replace(known, occurrences=(replace(known.occurrences[0], state="cancelled", by_person=True),))
    assert the_decision(off, single(NINE + HOUR, sequence=1)) == Keep("", "switched_off")


def test_a_held_meeting_is_not_touched():
    known = after(single())
    done = replace(known, occurrences=(replace(known.occurrences[0], state="done"),))
    assert the_decision(done, single(title="Minutes", stamped=1), NINE + 2 * HOUR) == Keep("", "already_held")


def test_a_held_meeting_that_is_put_on_another_day_is_held_again():
    known = after(single())
    done = replace(known, occurrences=(replace(known.occurrences[0], state="done"),))
    assert the_decision(done, single(NINE + WEEK, sequence=1), NINE + 2 * HOUR).rule == "rescheduled"


def test_a_past_meeting_is_refused_with_the_reason():
    decision = the_decision(Known(), single(), NINE + 2 * HOUR)
    assert decision == Refuse(("",), "past", "the meeting is already over")


def test_a_meeting_under_way_is_joined():
    assert isinstance(the_decision(Known(), single(), NINE + HOUR / 2), Create)


@pytest.mark.parametrize(
    ("links", "rule", "words"),
    [
        ((), "no_meet_link", "no Google Meet link"),
        (("https://example.zoom.us/j/123456",), "other_platform", "Zoom"),
        (("https://teams.microsoft.com/l/meetup-join/19%3a",), "other_platform", "Microsoft Teams"),
        (("https://meet.google.com/lookup/team",), "nickname", "meet.google.com/abc-defg-hij"),
    ],
)
def test_an_invitation_without_a_usable_link_is_refused_with_the_reason(links, rule, words):
    decision = the_decision(Known(), single(links=links))
    assert isinstance(decision, Refuse)
    assert decision.rule == rule
    assert words in decision.reason


def test_an_update_that_takes_the_link_away_cancels():
    assert the_decision(after(single()), single(links=(), stamped=1)).rule == "no_meet_link"


def test_an_all_day_event_is_refused():
    assert the_decision(Known(), single(all_day=True)).rule == "all_day"


def test_a_word_in_the_title_keeps_the_bot_away():
    decision = the_decision(
        Known(), single(title="Salary CONFIDENTIAL"), policy=Policy(exclude_keywords=("confidential",))
    )
    assert decision.rule == "excluded"


@pytest.mark.parametrize("method", ["REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH"])
def test_what_is_for_organizers_is_ignored(method):
    decision = the_decision(
        after(single()), single(NINE + HOUR, sequence=9).model_copy(update={"method": method})
    )
    assert decision.rule == "method"


def test_a_series_makes_one_job_per_occurrence():
    decisions = decide(Known(), weekly(), NOW).decisions
    assert [type(decision) for decision in decisions] == [Create] * 4


def test_one_instance_moves_alone():
    decisions = decide(after(weekly()), one(NINE + WEEK, NINE + WEEK + HOUR, stamped=1), NOW).decisions
    assert [d.slot for d in decisions if isinstance(d, Move)] == [name_of(NINE + WEEK)]
    assert sum(isinstance(d, Keep) for d in decisions) == 3


def test_one_instance_is_cancelled_alone():
    known = after(weekly(), one(NINE + WEEK, method="CANCEL", sequence=1, stamped=1))
    assert [job[1] for job in live(known)] == [NINE, NINE + 2 * WEEK, NINE + 3 * WEEK]


def test_an_instance_with_a_lower_sequence_than_its_series_applies():
    known = after(weekly(sequence=3), one(NINE + WEEK, NINE + WEEK + HOUR, sequence=0, stamped=1))
    assert (NINE + WEEK + HOUR) in [job[1] for job in live(known)]


def test_a_cancellation_that_names_no_readable_instance_leaves_the_series():
    known = after(weekly())
    broken = Component(
        uid="u", method="CANCEL", sequence=9, only_instances=True, broken=("RECURRENCE-ID cannot be read",)
    )
    assert the_decision(known, broken) == Ignore("unreadable", "RECURRENCE-ID cannot be read")


def test_an_invitation_that_cannot_be_read_is_declined_and_an_unreadable_change_is_not():
    unreadable = Component(
        uid="u", method="REQUEST", sequence=9, only_instances=True, broken=("INTERVAL is 0",)
    )
    assert the_decision(Known(), unreadable) == Refuse((), "unreadable", "INTERVAL is 0")
    assert the_decision(after(single()), unreadable) == Ignore("unreadable", "INTERVAL is 0")


def test_a_minor_update_of_the_series_keeps_an_exception():
    exception = one(NINE + WEEK, NINE + WEEK + HOUR, stamped=1)
    known = after(weekly(), exception, weekly(stamped=5))
    assert (NINE + WEEK + HOUR) in [job[1] for job in live(known)]


def test_a_revision_of_the_series_undoes_an_exception():
    exception = one(NINE + WEEK, NINE + WEEK + HOUR, stamped=1)
    known = after(weekly(), exception, weekly(sequence=1, stamped=5))
    assert [job[1] for job in live(known)] == [NINE + week * WEEK for week in range(4)]


def test_an_exception_without_a_link_has_the_link_of_its_series():
    known = after(weekly(), one(NINE + WEEK, NINE + WEEK + HOUR, stamped=1, links=()))
    assert {job[3] for job in live(known)} == {LINK}
    assert len(live(known)) == 4


def test_an_exception_named_by_its_date_finds_its_occurrence():
    by_date = one(NINE + WEEK, NINE + WEEK + HOUR, stamped=1)
    renamed = by_date.slots[0].model_copy(update={"slot": (NINE + WEEK).date().isoformat()})
    by_date = by_date.model_copy(update={"slots": (renamed,)})
    for order in permutations([weekly(), by_date]):
        assert [job[1] for job in live(after(*order))] == [
            NINE,
            NINE + WEEK + HOUR,
            NINE + 2 * WEEK,
            NINE + 3 * WEEK,
        ]


def test_a_series_put_an_hour_later_carries_its_jobs_along():
    known = after(weekly())
    decisions = decide(known, weekly(first=NINE + HOUR, sequence=1), NOW).decisions
    assert [type(decision) for decision in decisions] == [Move] * 4
    assert decisions[0].to_slot == name_of(NINE + HOUR)


def test_a_series_put_far_away_cancels_and_creates():
    decisions = decide(after(weekly(1)), weekly(1, NINE + 8 * WEEK, sequence=1), NOW).decisions
    assert [type(decision) for decision in decisions] == [Cancel, Create]


def test_an_excluded_date_ends_only_that_job():
    decisions = decide(after(weekly()), weekly(without=(NINE + WEEK,), sequence=1), NOW).decisions
    assert [d.rule for d in decisions if isinstance(d, Cancel)] == ["no_longer_in_series"]


def test_a_job_beyond_what_was_expanded_is_kept():
    known = after(weekly(4))
    shorter = weekly(2, stamped=1, expanded_until=NINE + 2 * WEEK)
    assert {d.rule for d in decide(known, shorter, NOW).decisions} == {"unchanged", "beyond_horizon"}


def test_a_later_expansion_of_the_same_series_adds_occurrences():
    early = weekly(2, expanded_until=NINE + 2 * WEEK)
    later = weekly(4, expanded_until=NINE + 4 * WEEK)
    assert len(live(after(early, later))) == 4
    assert len(live(after(later, early))) == 4


def test_a_running_meeting_survives_a_change_of_plan_but_not_its_cancellation():
    known = after(weekly())
    running = replace(
        known, occurrences=(replace(known.occurrences[0], state="running"), *known.occurrences[1:])
    )
    during = NINE + HOUR / 2
    kept = decide(running, weekly(3, NINE + WEEK, sequence=1), during).decisions
    assert Keep(name_of(NINE), "running") in kept
    ended = decide(running, single(method="CANCEL", sequence=1), during).decisions
    assert [d.running for d in ended if d.slot == name_of(NINE)] == [True]


def test_this_and_future_moves_all_that_follow():
    change = one(NINE + WEEK, NINE + WEEK + HOUR, stamped=1, this_and_future=True)
    known = after(weekly(), change)
    assert [job[1] for job in live(known)] == [NINE, *(NINE + week * WEEK + HOUR for week in (1, 2, 3))]


def test_this_and_future_cancels_all_that_follow():
    known = after(weekly(), one(NINE + WEEK, method="CANCEL", stamped=1, this_and_future=True))
    assert [job[1] for job in live(known)] == [NINE]


def test_an_added_instance_waits_for_its_series():
    added = one(NINE + timedelta(days=2), method="ADD", stamped=1)
    assert live(after(added)) == []
    for order in permutations([weekly(), added]):
        assert len(live(after(*order))) == 5


def test_an_instance_without_its_series_is_joined():
    assert len(live(after(one(NINE)))) == 1


def test_the_same_meeting_under_another_uid_is_not_joined_twice():
    elsewhere = (Occurrence("x", NINE, NINE + HOUR, LINK),)
    decisions = decide(Known(elsewhere=elsewhere), weekly(), NOW).decisions
    assert [d.rule for d in decisions] == ["same_meeting", "new", "new", "new"]


def test_a_meeting_is_taken_over_when_its_twin_goes():
    elsewhere = (Occurrence("x", NINE, NINE + HOUR, LINK),)
    known = apply(Known(elsewhere=elsewhere), decide(Known(elsewhere=elsewhere), weekly(1), NOW))
    assert [type(d) for d in plan(replace(known, elsewhere=()), NOW)] == [Create]


def test_occurrences_that_were_before_are_no_reason_to_decline():
    decisions = decide(Known(), weekly(), NINE + WEEK - HOUR).decisions
    assert all(isinstance(decision, Create) for decision in decisions)


def test_a_series_survives_being_stored():
    known = after(weekly(), one(NINE + WEEK, method="CANCEL", stamped=1))
    assert Series.model_validate_json(known.series.model_dump_json()) == known.series
