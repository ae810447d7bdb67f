"""The fixed words of letters, and how their language spells dates, spans and counts."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language. `words["topics"]` is a fixed word; the methods fill in what varies."""

    language: str
    entries: Mapping[str, str | list[str]]

    def __getitem__(self, name: str) -> str:
        return str(self.entries[name])

    def filled(self, name: str, /, **values: str) -> str:
        """Fill the named places of a word."""
        return self[name].format(**values)

    def count(self, name: str, n: int) -> str:
        """Say how many, in singular or plural."""
        forms = self.entries[name]
        return forms[0 if n == 1 else 1].format(n=n)

    def has_plural(self, name: str) -> bool:
        """Whether a word is counted."""
        return isinstance(self.entries[name], list)

    def listed(self, items: Sequence[str]) -> str:
        """Join short phrases as this language does."""
        return self["comma"].join(items)

    def listed_briefly(self, items: Sequence[str], most: int) -> str:
        """Join the first of many phrases, and say how many more there are."""
        left = len(items) - most
        return self.listed([*items[:most], self.count("more_n", left)] if left > 0 else items)

    def labelled(self, label: str, value: str) -> str:
        """Put a value after its label."""
        return f"{label}{self['colon']}{value}"

    def quoted(self, text: str) -> str:
        """Put quotation marks around what somebody said."""
        return self.filled("quoted", text=text)

    def date(self, at: datetime) -> str:
        """Spell the day of a local time."""
        month, weekday = self.entries["months"][at.month - 1], self.entries["weekdays"][at.weekday()]
        return self.filled("date", a=weekday, d=str(at.day), b=month, m=str(at.month), y=str(at.year))

    def span(self, seconds: float) -> str:
        """Spell a duration in hours and minutes, at least one minute."""
        hours, minutes = divmod(max(1, round(seconds / 60)), 60)
        name = ("hours" if minutes else "whole_hours") if hours else "minutes"
        return self.filled(name, h=str(hours), n=str(minutes))


def _load() -> dict[str, Words]:
    table = tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
    return {language: Words(language, entries) for language, entries in table.items()}


LANGUAGES = _load()


def words_for(language: str) -> Words:
    """Return the words for a BCP-47 code by its primary language, English where there are none."""
    return LANGUAGES.get(language.replace("_", "-").partition("-")[0].lower(), LANGUAGES[FALLBACK])


def zone(name: str) -> tzinfo:
    """Return the time zone of an IANA name, UTC for one that is not known."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def clock(at: datetime) -> str:
    """Spell a local time of day."""
    return f"{at:%H:%M}"


def offset(seconds: float) -> str:
    """Spell a place in the meeting: 4:07, 1:02:09."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
