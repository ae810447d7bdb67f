from datetime import UTC, datetime, timedelta

import pytest

from agent.errors import Denied
from agent.rules import tokens

KEY, NOW, ISSUER = b"k" * 32, datetime(2026, 3, 2, 9, 30, tzinfo=UTC), "https://meetbot.example.com"
CLAIMS = tokens.Claims(7, "01SIGNIN")


def signed(now=NOW):
    return tokens.access_token(KEY, CLAIMS, issuer=ISSUER, token_id="t1", now=now)


def test_a_token_says_whose_it_is_until_it_expires():
    text = signed()
    assert tokens.looks_signed(text)
    last = NOW + tokens.ACCESS_LIFE - timedelta(seconds=1)
    assert tokens.read_access_token(KEY, text, issuer=ISSUER, now=last) == CLAIMS
    with pytest.raises(Denied, match="expired"):
        tokens.read_access_token(KEY, text, issuer=ISSUER, now=NOW + tokens.ACCESS_LIFE)


def test_a_changed_letter_anywhere_voids_it():
    text = signed()
    for place in range(0, len(text), 7):
        letter = "A" if text[place] != "A" else "B"
        if text[place] == ".":
            continue
        with pytest.raises(Denied):
            tokens.read_access_token(KEY, text[:place] + letter + text[place + 1 :], issuer=ISSUER, now=NOW)


def test_opaque_tokens_are_long_and_belong_to_their_purpose():
    share, refresh = tokens.derive(KEY, "share", "n"), tokens.derive(KEY, "refresh", "n")
    assert share != refresh
    assert share == tokens.derive(KEY, "share", "n")
    assert len(share) == 43, "256 bits"
    assert share != tokens.derive(b"x" * 32, "share", "n")
