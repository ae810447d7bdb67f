"""Text from outside, as a terminal and a log may show it: what would command the one or forge the other is spelled out."""

import re

# Control characters but tab and line feed, separators that some readers take for line ends, marks that turn the
# reading order round, halves of characters.
_COMMANDING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """Return the text with such characters written as JSON writes them; tabs and line feeds stay."""
    return _COMMANDING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
