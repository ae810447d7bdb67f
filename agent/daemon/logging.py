"""The log: one line per event on standard error, as JSON or text, with nothing in it that must not leave.

Secrets are masked twice, by the name of their key and by their looks; characters that command a terminal are spelled
out. Unless the level is debug, an e-mail address is replaced by a short hash that stays the same, so that lines about one
person can be told to belong together. Meeting codes stay: they are what an operator searches for.
"""

import hashlib
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.types import Processor

from agent.errors import MeetbotError
from agent.rules.visible import visible

MASK = "••••••"
SECRET_KEY = re.compile(r"token|secret|passw|authori[sz]ation|cookie|api_?key|private_?key|credential", re.I)
SECRET_LOOKS = (
    (re.compile(r"\b(mb_(?:live|test)_)[\w-]+"), rf"\1{MASK}"),
    (re.compile(r"\b(whsec_|svc_)[\w+/=-]+"), rf"\1{MASK}"),
    (re.compile(r"\beyJ[\w-]{1,400}+\.[\w-]++\.[\w-]*"), MASK),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.I), rf"\1 {MASK}"),
    (re.compile(r"(://[^\s/:@]*):[^\s/@]+@"), rf"\1:{MASK}@"),
)
# Begun only where a word begins and never taken back: hostile text of any length is read once.
ADDRESS = re.compile(r"(?<![\w.+%-])[\w.+%-]++@([\w-]+(?:\.[\w-]+)*)")
CHATTY = ("apscheduler", "dbos", "httpx2", "httpcore2", "openai", "googleapiclient", "uvicorn.access")


class Redactor:
    """A structlog processor that masks secrets, and addresses where asked to."""

    def __init__(self, *, hide_addresses: bool) -> None:
        self.hide_addresses = hide_addresses

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """Return the event with every value cleaned, however deep."""
        return {key: self._clean(value, key) for key, value in event.items()}

    def _clean(self, value: Any, key: str = "") -> Any:
        if SECRET_KEY.search(key) and value and not isinstance(value, bool | int | float):
            return MASK
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {str(inner): self._clean(item, str(inner)) for inner, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean(item) for item in value]
        return value if isinstance(value, bool | int | float | None) else self.text(str(value))

    def text(self, text: str) -> str:
        """Return the text without what looks like a secret or an address, or could command a terminal."""
        text = visible(text)
        for looks, instead in SECRET_LOOKS:
            text = looks.sub(instead, text)
        return ADDRESS.sub(_hashed, text) if self.hide_addresses else text


def configure(level: str, form: str, stream: TextIO = sys.stderr) -> None:
    """Send everything logged in this process to `stream`: `form` is json or text, `level` the least severe shown."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                Redactor(hide_addresses=level != "debug"),
                *_renderers(form, colors=stream.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else logging.WARNING)


def full_text(error: BaseException) -> str:
    """Return what the log says of an error."""
    return error.full if isinstance(error, MeetbotError) else repr(error)


def _renderers(form: str, *, colors: bool) -> Sequence[Processor]:
    if form == "json":
        return (structlog.processors.JSONRenderer(ensure_ascii=False),)
    return _on_one_line, structlog.dev.ConsoleRenderer(colors=colors)


def _on_one_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Keep a message from beginning a second line, which would read as an entry of its own."""
    return {**event, "event": str(event.get("event", "")).replace("\n", "\\n")}


def _hashed(found: re.Match[str]) -> str:
    digest = hashlib.sha256(found[0].lower().encode()).hexdigest()
    return f"{digest[:8]}@{found[1]}"
