from hypothesis import given
from hypothesis import strategies as st

from agent.meet.seating import VISITS_PER_BROWSER, Seats, choose

some_seats = st.builds(
    lambda bots, left: Seats(bots, bots + left), st.integers(1, 8), st.integers(0, VISITS_PER_BROWSER + 5)
)


def test_the_first_bot_gets_a_fresh_browser() -> None:
    assert choose([], 8, 40) is None


def test_the_fullest_browser_with_a_seat_is_taken() -> None:
    assert choose([Seats(1, 1), Seats(7, 7), Seats(8, 8)], 8, 40) == 1


def test_a_browser_that_served_its_visits_takes_no_bot_even_with_seats_free() -> None:
    assert choose([Seats(5, 40)], 8, 40) is None
    assert choose([Seats(5, 40), Seats(1, 9)], 8, 40) == 1
    assert choose([Seats(5, 39)], 8, 40) == 0


def test_a_browser_that_may_hold_more_bots_than_visits_is_filled_once() -> None:
    assert choose([Seats(59, 59)], 60, 40) == 0
    assert choose([Seats(59, 60)], 60, 40) is None


@given(st.lists(some_seats, max_size=6), st.integers(1, 8))
def test_nobody_is_put_where_there_is_no_seat_or_the_visits_are_served(
    browsers: list[Seats], bots_per_browser: int
) -> None:
    chosen = choose(browsers, bots_per_browser, VISITS_PER_BROWSER)
    fit = [one for one in browsers if one.bots < bots_per_browser and one.visits < VISITS_PER_BROWSER]
    assert (chosen is None) == (not fit)
    if chosen is not None:
        assert browsers[chosen].bots == max(one.bots for one in fit)
