"""Ranges of a file of 41 bytes, as players, resuming downloads and unfriendly clients ask for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules.byte_ranges import MOST_RANGES, satisfiable

SIZE = 41


@pytest.mark.parametrize(
    ("header", "ranges"),
    [
        ("bytes=0-3", [(0, 3)]),
        ("bytes=5-", [(5, 40)]),
        ("bytes=-3", [(38, 40)]),
        ("bytes=-99", [(0, 40)]),
        ("bytes=0-99", [(0, 40)]),
        ("Bytes = 0-0 , 4-5", [(0, 0), (4, 5)]),
        ("bytes=0-0,99-", [(0, 0)]),
    ],
)
def test_what_the_file_has_is_given(header, ranges):
    assert list(satisfiable(header, SIZE)) == ranges


@pytest.mark.parametrize("header", ["bytes=41-", "bytes=-0", "bytes=99-100,200-"])
def test_what_the_file_has_nothing_of_cannot_be_satisfied(header):
    assert satisfiable(header, SIZE) == ()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-2",
        "bytes=0-1,x",
        "items=0-1",
        "bytes=--1",
        "bytes=٣-٤",
        "bytes=" + "9" * 5000 + "-",
        "bytes=" + ",".join(["0-0"] * (MOST_RANGES + 1)),
    ],
)
def test_what_is_malformed_is_ignored(header):
    assert satisfiable(header, SIZE) is None


@given(st.text(alphabet="bytes=0123456789-, x", max_size=30), st.integers(0, 50))
def test_whatever_comes_no_range_leaves_the_file(header, size):
    for begin, end in satisfiable(header, size) or ():
        assert 0 <= begin <= end < size
