"""API keys: their form, their checksum, their digest."""

from hypothesis import given
from hypothesis import strategies as st

from agent.rules.keys import PREFIXES, build, digest, looks_valid

secrets = st.binary(min_size=32, max_size=32)


@given(secrets, st.booleans())
def test_every_key_we_make_looks_valid_and_tells_its_kind(secret: bytes, test: bool) -> None:
    key = build(secret, test=test)
    assert looks_valid(key)
    assert key.startswith(PREFIXES[1] if test else PREFIXES[0])


@given(secrets, st.integers(min_value=8, max_value=45))
def test_a_mistyped_key_is_told_by_its_checksum(secret: bytes, place: int) -> None:
    key = build(secret)
    other = "A" if key[place] != "A" else "B"
    assert not looks_valid(key[:place] + other + key[place + 1 :])


@given(st.text())
def test_anything_else_is_refused_without_an_error(text: str) -> None:
    assert not looks_valid(text)


def test_what_is_stored_does_not_show_the_key() -> None:
    key = build(bytes(32))
    assert key not in digest(key)
    assert len(digest(key)) == 64
