from datetime import UTC, datetime

from agent.okoro.retries import retry_after_seconds


def test_a_retry_after_of_no_time_that_there_is_says_nothing() -> None:
    now = datetime(2026, 11, 24, 14, tzinfo=UTC)
    assert retry_after_seconds("Tue, 24 Nov 2026 14:00:00 +99999999999999", now) is None
