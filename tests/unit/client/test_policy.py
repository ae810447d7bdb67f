"""What the client refuses before anything is sent."""

import pytest

from agent.client import Meetbot, NotFound, Unauthorized, jobs


@pytest.mark.parametrize("key", ["mb_live_…", "mb_live_a\nb", "mb_live_é"])
def test_what_can_be_no_key_is_told_in_a_sentence(key: str) -> None:
    with pytest.raises(Unauthorized, match="begins with mb_live_"):
        Meetbot("https://meetbot.example.com", key)


@pytest.mark.parametrize("job_id", ["", ".", ".."])
def test_an_empty_id_names_nothing_rather_than_the_list_above_it(job_id: str) -> None:
    with (
        Meetbot("http://127.0.0.1:1", "mb_live_x") as meetbot,
        pytest.raises(NotFound, match="without an id"),
    ):
        meetbot.send(jobs.cancel(job_id))
