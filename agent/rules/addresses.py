"""Web addresses that people hand in, judged by their form alone; what they resolve to is judged when they are called."""

from urllib.parse import urlsplit

MOST_HOST_CHARACTERS = 253


def web_address(text: str) -> str:
    """Return the address as it was given. Raises `ValueError` unless it is https or http with a plain host."""
    if not text.isprintable() or any(letter.isspace() for letter in text):
        raise ValueError("is not a web address: it contains blanks or control characters")
    parts = urlsplit(text)
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or not 0 < len(host) <= MOST_HOST_CHARACTERS:
        raise ValueError("is not a web address; write it as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError("carries a user name; send credentials another way")
    if parts.port == 0:
        raise ValueError("has no port 0")
    return text
