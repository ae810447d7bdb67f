"""What one look at the page found, as values."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Sighting:
    """A control on the page: the strategy that found it, and whether it can be used."""

    by: str
    visible: bool
    covered: bool
    enabled: bool

    @property
    def ready(self) -> bool:
        """A click would reach it and do something."""
        return self.visible and self.enabled and not self.covered


@dataclass(frozen=True, slots=True)
class Dialog:
    """An open dialog: the kinds of question its text carries, the text, and whether it keeps the page from being used."""

    kinds: tuple[str, ...]
    text: str
    modal: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """A participant's picture. `id` is the page's own."""

    id: str
    name: str
    is_self: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The page at one moment. `texts` maps a meaning to the page's own words; `count` is None when no sign tells it.

    `hears_chat` tells whether the list of chat lines is open, `hears_captions` is False where captions are wanted and gone.
    """

    url: str
    language: str = ""
    online: bool = True
    controls: dict[str, Sighting] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    dialogs: tuple[Dialog, ...] = ()
    captcha: bool = False
    tiles: tuple[Tile, ...] = ()
    count: int | None = None
    hears_chat: bool = True
    hears_captions: bool = True

    def ready(self, control: str) -> bool:
        """Whether a click on the control would reach it."""
        sighting = self.controls.get(control)
        return sighting is not None and sighting.ready


def read_snapshot(raw: dict[str, Any]) -> Snapshot:
    """The value made of what the script told."""
    return Snapshot(
        url=raw["url"],
        language=raw["language"],
        online=raw["online"],
        controls={name: Sighting(**seen) for name, seen in raw["controls"].items()},
        texts=raw["texts"],
        dialogs=tuple(Dialog(tuple(one["kinds"]), one["text"], one["modal"]) for one in raw["dialogs"]),
        captcha=raw["captcha"],
        tiles=tuple(Tile(one["id"], one["name"], one["self"]) for one in raw["tiles"]),
        count=raw["count"],
        hears_chat=raw["hears_chat"],
        hears_captions=raw["hears_captions"],
    )
