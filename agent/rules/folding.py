"""Makes texts comparable that people, pages and impostors write in different ways."""

import re
import tomllib
import unicodedata
from importlib.resources import files

_QUOTES = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "‛": "'", "`": "'", "´": "'", "＇": "'", "“": '"', "”": '"', "„": '"'}
)
_KEPT_CONTROLS = frozenset("\n\t")
_JOINERS = frozenset("\u200c\u200d")  # part of the spelling in several scripts
_LETTERED_ZERO = re.compile(r"(?<=[a-z])0|0(?=[a-z])")
_SPACED_OUT = re.compile(r"(?:\w[ .]){4,}\w(?!\w)")
_TABLE: dict[str, str] = tomllib.loads(
    files(__package__).joinpath("data/confusables.toml").read_text("utf-8")
)["latin"]
_LOOKALIKES = str.maketrans({odd: latin for latin, odds in _TABLE.items() for odd in odds})


def clean(text: str) -> str:
    """Return one line without control characters and direction marks, safe to show to people."""
    spaced = "".join(" " if character.isspace() else character for character in text)
    visible = (
        character
        for character in spaced
        if character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    return " ".join("".join(visible).split())


def plain(text: str) -> str:
    """Return the text in NFKC without invisible characters, quotes straight, spaces single; case is kept."""
    composed = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    seen = (
        character if not character.isspace() else (character if character in _KEPT_CONTROLS else " ")
        for character in composed
        if character in _KEPT_CONTROLS or not unicodedata.category(character).startswith("C")
    )
    return re.sub(r"[ \t]+", " ", "".join(seen)).strip()


def same(name: str) -> str:
    """Return what two spellings of one person's name have in common: case, width and spacing do not count."""
    return " ".join(plain(name).casefold().split())


def fold(text: str) -> str:
    """Return the text as a reader takes it: lower case, accents off, look-alike letters as the Latin ones they imitate."""
    decomposed = unicodedata.normalize("NFKD", plain(text).casefold().translate(_LOOKALIKES))
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    latin = _LETTERED_ZERO.sub("o", bare.translate(_LOOKALIKES))
    return _SPACED_OUT.sub(lambda match: re.sub(r"[ .]", "", match[0]), unicodedata.normalize("NFKC", latin))
