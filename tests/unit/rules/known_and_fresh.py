"""Messages about a meeting, and what is known of it after them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent.model.invite import Component, Slot
from agent.rules.reconcile import (
    Cancel,
    Create,
    Known,
    Move,
    Occurrence,
    Retitle,
    decide,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
LINK = "https://meet.google.com/abc-defg-hij"


def stamp(minutes):
    return NOW - timedelta(days=2) + timedelta(minutes=minutes)


def slot(name, starts_at=NINE, *, links=(LINK,), title="Standup", sequence=0, stamped=0, **more):
    return Slot(
        slot=name,
        starts_at=starts_at,
        ends_at=starts_at + HOUR,
        title=title,
        links=links,
        sequence=sequence,
        stamped_at=stamp(stamped),
        **more,
    )


def single(starts_at=NINE, *, method="REQUEST", sequence=0, stamped=0, **more):
    return Component(
        uid="u",
        method=method,
        sequence=sequence,
        stamped_at=stamp(stamped),
        slots=()
        if method == "CANCEL"
        else (slot("", starts_at, sequence=sequence, stamped=stamped, **more),),
        cancelled=method == "CANCEL",
    )


def name_of(instant):
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def weekly(count=4, first=NINE, *, sequence=0, stamped=0, without=(), **more):
    starts = [first + week * WEEK for week in range(count)]
    return Component(
        uid="u",
        method="REQUEST",
        sequence=sequence,
        stamped_at=stamp(stamped),
        recurring=True,
        timezone="UTC",
        links=(LINK,),
        slots=tuple(
            slot(name_of(start), start, sequence=sequence, stamped=stamped)
            for start in starts
            if start not in without
        ),
        **more,
    )


def one(instant, to=None, *, method="REQUEST", sequence=0, stamped=0, **more):
    moved = slot(
        name_of(instant),
        to or instant,
        sequence=sequence,
        stamped=stamped,
        cancelled=method == "CANCEL",
        **more,
    )
    return Component(
        uid="u",
        method=method,
        sequence=sequence,
        stamped_at=stamp(stamped),
        recurring=True,
        only_instances=True,
        slots=(moved,),
        recurrence_ids=(moved.slot,),
    )


def apply(known, outcome):
    """Carry decisions out on a list of jobs, as the life of a job does with rows."""
    jobs = list(known.occurrences)

    def index(name):
        return next(i for i, job in enumerate(jobs) if job.slot == name and job.live)

    for decision in outcome.decisions:
        match decision:
            case Create(name, starts, ends, link, title):
                assert not any(job.live and job.slot == name for job in jobs), "two live jobs for one slot"
                jobs.append(Occurrence(name, starts, ends, link, title))
            case Move(name, to, starts, ends, link, title):
                at = index(name)
                jobs[at] = replace(jobs[at], slot=to, starts_at=starts, ends_at=ends, link=link, title=title)
            case Retitle(name, title):
                jobs[index(name)] = replace(jobs[index(name)], title=title)
            case Cancel(name):
                jobs[index(name)] = replace(jobs[index(name)], state="cancelled")
    return Known(outcome.series, tuple(jobs), known.elsewhere)


def after(*messages, known=None, now=NOW):
    known = known or Known()
    for message in messages:
        known = apply(known, decide(known, message, now))
    return known


def live(known):
    return sorted(
        (job.slot, job.starts_at, job.ends_at, job.link, job.title) for job in known.occurrences if job.live
    )


def the_decision(known, message, now=NOW, policy=None):
    decisions = decide(known, message, now, policy).decisions
    assert len(decisions) == 1, decisions
    return decisions[0]
