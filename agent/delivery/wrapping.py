"""Plain text filled to the width of a mail, by the columns that a terminal gives each letter."""

import re
import unicodedata
from functools import lru_cache

from agent.delivery.mime import prose

TEXT_WIDTH = 76
# Writing without spaces breaks anywhere, but no line begins with what closes, nor ends with what opens.
_CLOSING = "、。，．・：；？！ー」』）］｝〉》】〕’”ゝ々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
_OPENING = "「『（［｛〈《【〔‘“"
_PIECE = re.compile(
    rf" |[{_OPENING}]*[^\x00-\u2e7f][{_CLOSING}]*|[{_OPENING}]*[\x00-\x1f!-\u2e7f]+[{_CLOSING}]*"
)


def wrapped(text: str, first: str = "", rest: str = "") -> str:
    """Fill text to the width of a plain mail; all white space becomes single spaces, so that it stays one paragraph.

    What cannot be broken, such as an address, may stand out.
    """
    lines, line, empty = [], first, True
    for piece in _PIECE.findall(" ".join(prose(text).split())):
        if not empty and columns(line.rstrip()) + columns(piece) + line.endswith(" ") > TEXT_WIDTH:
            lines.append(line.rstrip())
            line, empty = rest, True
        if empty and piece == " ":
            continue
        line, empty = line + piece, False
    return "\n".join([*lines, line.rstrip()])


def columns(text: str) -> int:
    """Return how wide a terminal shows text."""
    return len(text) if text.isascii() else sum(map(_columns, text))


@lru_cache(maxsize=4096)
def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1
