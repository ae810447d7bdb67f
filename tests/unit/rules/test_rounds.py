"""In which order stored mails are read."""

from hypothesis import given
from hypothesis import strategies as st

from agent.rules.rounds import Rounds, path_of

FLOOD = path_of("192.0.2.1", "flood@flood.example")


def waiting(*mails: tuple[int, tuple[str, ...]]) -> Rounds:
    rounds = Rounds()
    for mail, path in mails:
        rounds.add(mail, path)
    return rounds


def flooded(mails: int = 20_000) -> Rounds:
    rounds = Rounds()
    for mail in range(mails):
        rounds.add(mail, FLOOD)
    for _ in range(10):
        rounds.take()
    return rounds


def turns_until(rounds: Rounds, mail: int) -> int:
    return next(turn for turn in range(1, 100_000) if rounds.take() == mail)


def test_the_mails_of_one_sender_are_read_in_their_order() -> None:
    rounds = waiting((1, FLOOD), (2, FLOOD), (3, FLOOD))
    assert [rounds.take() for _ in range(4)] == [1, 2, 3, None]


def test_a_mail_of_another_peer_is_read_next_though_thousands_wait() -> None:
    rounds = flooded()
    rounds.add(-1, path_of("198.51.100.7", "host@example.com"))
    assert turns_until(rounds, -1) <= 2


def test_a_mail_of_another_domain_by_the_same_relay_is_read_next() -> None:
    rounds = flooded()
    rounds.add(-1, path_of("192.0.2.1", "host@example.com"))
    assert turns_until(rounds, -1) <= 2


def test_a_mail_of_another_address_of_the_same_domain_is_read_next() -> None:
    rounds = flooded()
    rounds.add(-1, path_of("192.0.2.1", "<Host@flood.example>"))
    assert turns_until(rounds, -1) <= 2


def test_every_peer_has_its_turn_within_one_round_also_while_new_ones_come() -> None:
    rounds = waiting((-1, path_of("198.51.100.7", "host@example.com")))
    for number in range(100):
        rounds.add(number, path_of(f"203.0.113.{number}", f"a@{number}.example"))
    for turn in range(1, 3):
        if rounds.take() == -1:
            break
        rounds.add(1000 + turn, path_of(f"10.0.0.{turn}", "new@new.example"))
    else:
        raise AssertionError("whoever waits longest has every second turn")


def test_addresses_of_one_ipv6_network_are_one_peer() -> None:
    assert path_of("2001:db8::1", "a@b.example") == path_of("2001:db8::ffff:1", "a@b.example")
    assert path_of("2001:db8:0:1::1", "")[0] != path_of("2001:db8:0:2::1", "")[0]
    assert path_of("::ffff:192.0.2.1", "") == path_of("192.0.2.1", "<>")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=60))
def test_every_mail_is_read_once(paths: list[tuple[str, str]]) -> None:
    rounds = waiting(*enumerate(paths))
    assert sorted(mail for mail in iter(rounds.take, None)) == list(range(len(paths)))
    assert not rounds
