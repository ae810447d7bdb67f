from hypothesis import given
from hypothesis import strategies as st

from agent.rules.webm import CLUSTER, duration_seconds

UNKNOWN = bytes.fromhex("01ffffffffffffff")


def cluster(at_ms, *blocks_ms, size=UNKNOWN):
    time = bytes([0xE7, 0x84]) + at_ms.to_bytes(4, "big")
    blocks = b"".join(
        bytes([0xA3, 0x86, 0x81]) + ms.to_bytes(2, "big", signed=True) + b"\x80\x00\x00" for ms in blocks_ms
    )
    return CLUSTER + size + time + blocks


def test_the_last_block_of_the_last_cluster_tells_the_length():
    assert duration_seconds(b"head" + cluster(0, 0, 500) + cluster(61_000, 0, 20, 480)) == 61.48


def test_a_cluster_without_blocks_still_tells_its_time():
    assert duration_seconds(cluster(2_500)) == 2.5


def test_bytes_that_look_like_a_cluster_are_passed_over():
    assert duration_seconds(cluster(3_000, 40) + CLUSTER) == 3.04


def test_what_is_no_recording_has_no_length():
    assert duration_seconds(b"") == duration_seconds(b"\x00" * 100) == 0.0


@given(st.binary(max_size=300), st.integers(0, 300))
def test_no_bytes_break_it(noise, place):
    text = cluster(1_000, 20)
    assert duration_seconds(text[:place] + noise) >= -33
