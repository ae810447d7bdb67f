"""API keys: `mb_live_` or `mb_test_`, 32 random characters, and a checksum that lets scanners skip the database."""

import hashlib
from urllib.parse import urlsplit
from zlib import crc32

from agent.errors import Denied

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
PREFIXES = ("mb_live_", "mb_test_")
REAL_WORLD = "meet.google.com"


def build(secret: bytes, *, test: bool = False) -> str:
    """Make a key from at least 32 random bytes; each byte gives one character."""
    body = "".join(ALPHABET[byte % len(ALPHABET)] for byte in secret[:SECRET_LENGTH])
    prefix = PREFIXES[1] if test else PREFIXES[0]
    return prefix + body + _checksum(prefix + body)


def looks_valid(key: str) -> bool:
    """Whether a text has the form and the checksum of a key."""
    length = len(PREFIXES[0]) + SECRET_LENGTH + CHECKSUM_LENGTH
    if not key.startswith(PREFIXES) or len(key) != length or not key.isascii():
        return False
    return key[-CHECKSUM_LENGTH:] == _checksum(key[:-CHECKSUM_LENGTH])


def digest(key: str) -> str:
    """Return what is stored instead of the key. 190 bits of chance need no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()


def _checksum(text: str) -> str:
    number, letters = crc32(text.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, rest = divmod(number, len(ALPHABET))
        letters += ALPHABET[rest]
    return letters


def check_world(test: bool, meet_url: str) -> None:
    """Raise `Denied` when a test key would send a bot into a real meeting."""
    if test and urlsplit(meet_url).hostname == REAL_WORLD:
        raise Denied(
            "A test key's bots run only against a sandbox world, and this server goes to Google Meet itself. "
            "Use an mb_live_ key, or a server whose meet.url is a sandbox."
        )
