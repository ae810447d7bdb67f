"""Long recordings cut into files of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules.webm import duration_seconds
from agent.rules.webm_pieces import pieces

HEAD = bytes.fromhex("1a45dfa3 80 18538067 01ffffffffffffff") + b"info and tracks"
UNKNOWN = bytes.fromhex("01ffffffffffffff")


def block(sound: bytes, at_ms: int = 0) -> bytes:
    body = b"\x81" + at_ms.to_bytes(2, "big") + b"\x80" + sound
    return b"\xa3" + (0x4000 | len(body)).to_bytes(2, "big") + body


def cluster(time_ms: int, sound: bytes = b"", *, sized: bool = False) -> bytes:
    body = b"\xe7\x84" + time_ms.to_bytes(4, "big") + block(sound)
    size = (0x10000000 | len(body)).to_bytes(4, "big") if sized else UNKNOWN
    return bytes.fromhex("1f43b675") + size + body


def film(*times_ms: int, sound: bytes = b"x" * 100, sized: bool = False) -> bytes:
    return HEAD + b"".join(cluster(time, sound, sized=sized) for time in times_ms)


def test_a_short_recording_stays_as_it_is():
    whole = film(0, 1000)
    (only,) = pieces(whole, len(whole))
    assert (only.starts_at_seconds, only.content) == (0.0, whole)


@pytest.mark.parametrize("sized", [True, False])
def test_a_long_one_is_cut_between_clusters_and_each_piece_begins_at_zero(sized):
    whole = film(0, 30_000, 60_000, 90_000, 120_000, sized=sized)
    limit = len(HEAD) + 2 * len(cluster(0, b"x" * 100, sized=sized))
    found = list(pieces(whole, limit))
    assert [piece.starts_at_seconds for piece in found] == [0.0, 60.0, 120.0]
    assert all(len(piece.content) <= limit for piece in found)
    assert found[0].content == film(0, 30_000, sized=sized)
    assert found[1].content == film(0, 30_000, sized=sized)
    assert found[2].content == film(0, sized=sized)
    assert duration_seconds(found[1].content) == 30.0


def test_a_cluster_that_is_too_long_alone_comes_alone():
    found = list(pieces(HEAD + cluster(0, b"x" * 500) + cluster(10, b"y" * 50), 200))
    assert [piece.starts_at_seconds for piece in found] == [0.0, 0.01]


def test_the_mark_of_a_cluster_within_the_sound_does_not_cut_it():
    inner = bytes.fromhex("1f43b675") + b"noise"
    found = list(pieces(HEAD + cluster(0, inner * 9) + cluster(5, inner * 9), 200))
    assert len(found) == 2


@given(st.binary(max_size=400), st.integers(0, 200))
def test_whatever_a_file_holds_no_byte_of_it_is_lost(junk, limit):
    assert sum(len(piece.content) for piece in pieces(junk, limit)) >= len(junk)


@given(st.lists(st.integers(0, 10_000), max_size=12), st.integers(1, 900))
def test_pieces_hold_every_cluster_once(gaps, limit):
    times = [sum(gaps[:n]) for n in range(len(gaps))]
    whole = HEAD + b"".join(cluster(time, f"<{n}>".encode()) for n, time in enumerate(times))
    joined = b"".join(piece.content for piece in pieces(whole, limit))
    assert [joined.count(f"<{n}>".encode()) for n in range(len(times))] == [1] * len(times)
