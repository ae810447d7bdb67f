"""When to try again, and when to stop: webhooks, mails, looks at the platform for a transcript, places for bots.

Times are offsets in seconds; jitter comes in as a fraction in [0, 1) so that a decision can be repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

# The waits of the Standard Webhooks specification after attempt 1, 2, …: ten attempts within some 75 hours.
HOOK_WAITS_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
HOOK_JITTER = 0.1
HOOK_LONGEST_WAIT_SECONDS = 86_400.0
ENDPOINT_PATIENCE = timedelta(days=5)
PLACE_LONGEST_WAIT_SECONDS = 30.0

# Twelve attempts within a day: quick at first, since most refusals of mail are greylisting.
MAIL_WAITS_SECONDS = (60, 300, 900, 1_800, 3_600, 7_200, 14_400, 14_400, 14_400, 14_400, 14_400)
MAIL_JITTER = 0.1


class Verdict(StrEnum):
    """What becomes of a delivery after an attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GIVEN_UP = "given_up"
    ENDPOINT_GONE = "endpoint_gone"


@dataclass(frozen=True, slots=True)
class Next:
    """The verdict, and how long to wait where it is RETRY."""

    verdict: Verdict
    wait_seconds: float = 0.0


def after_hook(attempt: int, status: int, fraction: float, retry_after_seconds: float | None = None) -> Next:
    """Decide on a webhook after its `attempt` (1 is the first) was answered by `status` (0: no answer).

    Only 2xx is success: a redirect is a failure. 410 says that the endpoint is gone for good.
    """
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Next(Verdict.DELIVERED)
    if status == HTTPStatus.GONE:
        return Next(Verdict.ENDPOINT_GONE)
    return _retry(HOOK_WAITS_SECONDS, HOOK_JITTER, attempt, fraction, retry_after_seconds)


def after_mail(
    attempt: int, temporary: bool, fraction: float, retry_after_seconds: float | None = None
) -> Next:
    """Decide on a mail after its failed `attempt` (1 is the first): only a temporary refusal is retried."""
    if not temporary:
        return Next(Verdict.GIVEN_UP)
    return _retry(MAIL_WAITS_SECONDS, MAIL_JITTER, attempt, fraction, retry_after_seconds)


def endpoint_is_dead(failing_since: datetime | None, now: datetime) -> bool:
    """Whether an endpoint had no success for five days; `failing_since` is its first failure after the last success."""
    return failing_since is not None and now - failing_since >= ENDPOINT_PATIENCE


def next_look(
    poll_seconds: Sequence[float],
    looks: int,
    waited_seconds: float,
    wait_hours: float,
    asked_seconds: float = 0.0,
) -> float | None:
    """Return the seconds until the next look for a transcript, or None when the wait is over.

    `looks` were taken so far and `waited_seconds` have passed since the meeting ended. The last of `poll_seconds`
    repeats, and none falls within `asked_seconds`, which the platform asked for. The last look falls on the end of the
    wait, so that nothing that arrived in time is missed.
    """
    left_seconds = wait_hours * 3_600 - waited_seconds
    if left_seconds <= 0:
        return None
    wait = poll_seconds[min(looks, len(poll_seconds) - 1)]
    return min(max(wait, asked_seconds), left_seconds)


def next_place(waited_seconds: float, first_seconds: float) -> float:
    """Return the seconds until a bot that has waited so long for a place asks again.

    As long as it has waited, so that its waits double; the one who leaves a place wakes who is next in any case.
    """
    return min(max(waited_seconds, first_seconds), PLACE_LONGEST_WAIT_SECONDS)


def _retry(
    waits: Sequence[float], jitter: float, attempt: int, fraction: float, retry_after_seconds: float | None
) -> Next:
    if attempt > len(waits):
        return Next(Verdict.GIVEN_UP)
    wait = waits[attempt - 1] * (1 + jitter * (2 * fraction - 1))
    asked = min(retry_after_seconds or 0.0, HOOK_LONGEST_WAIT_SECONDS)
    return Next(Verdict.RETRY, max(wait, asked))
