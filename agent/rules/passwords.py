"""Which passwords are good enough: long, not among the ones everybody tries, not one's own address. No other rules."""

from functools import cache
from importlib.resources import files

from agent.errors import Invalid

SHORTEST = 8
LONGEST = 256


def check(password: str, *, email: str = "") -> None:
    """Raise `Invalid`, saying what to do, for a password that would be guessed."""
    if len(password) < SHORTEST:
        raise Invalid(f"The password must have at least {SHORTEST} characters; 15 or more are better.")
    if len(password) > LONGEST:
        raise Invalid(f"The password must have at most {LONGEST} characters.")
    folded = password.lower()
    if folded in common() or len(set(folded)) <= 2:
        raise Invalid("This password is among the first that are tried; choose another.")
    if email and folded in {email.lower(), email.lower().partition("@")[0]}:
        raise Invalid("The password must not be the address; choose another.")


@cache
def common() -> frozenset[str]:
    """Return the passwords that are tried first, in lower case."""
    text = files("agent.rules").joinpath("data/common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())
