"""A transcript as text, WebVTT and SubRip. Times count from an origin, usually the first word."""

from collections.abc import Sequence
from datetime import datetime

from agent.model.transcript import Entry

MEDIA_TYPES = {
    "text": "text/plain; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
}
SHORTEST_CUE_SECONDS = 0.5


def render(form: str, entries: Sequence[Entry], origin: datetime) -> str:
    """Return the whole transcript in one of `MEDIA_TYPES`."""
    return {"text": as_text, "vtt": as_vtt, "srt": as_srt}[form](entries, origin)


def as_text(entries: Sequence[Entry], origin: datetime) -> str:
    """Return one line an entry: time, speaker, words."""
    lines = [
        f"[{_clock(offset(entry.started_at, origin))}] {_line(entry.speaker)}: {_line(entry.text)}\n"
        for entry in entries
    ]
    return "".join(lines)


def as_vtt(entries: Sequence[Entry], origin: datetime) -> str:
    """Return WebVTT with a voice span for each speaker."""
    cues = [
        f"{_stamp(start, '.')} --> {_stamp(end, '.')}\n<v {_escaped(entry.speaker)}>{_escaped(entry.text)}\n"
        for entry, start, end in _spans(entries, origin)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def as_srt(entries: Sequence[Entry], origin: datetime) -> str:
    """Return SubRip, the speaker before the words."""
    cues = [
        f"{number}\n{_stamp(start, ',')} --> {_stamp(end, ',')}\n{_line(entry.speaker)}: {_line(entry.text)}\n"
        for number, (entry, start, end) in enumerate(_spans(entries, origin), start=1)
    ]
    return "\n".join(cues)


def offset(at: datetime, origin: datetime) -> float:
    """Return the seconds since the origin, never below zero."""
    return max(0.0, (at - origin).total_seconds())


def _spans(entries: Sequence[Entry], origin: datetime) -> list[tuple[Entry, float, float]]:
    """Give each entry a start and an end that lies after it, as players demand."""
    spans = []
    for entry in entries:
        start = offset(entry.started_at, origin)
        spans.append((entry, start, max(offset(entry.ended_at, origin), start + SHORTEST_CUE_SECONDS)))
    return spans


def _stamp(seconds: float, mark: str) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{_clock(whole)}{mark}{thousandths:03d}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest:02d}"


def _line(text: str) -> str:
    """Put words on one line, and keep them from looking like a cue's times."""
    return " ".join(text.split()).replace("-->", "->")


def _escaped(text: str) -> str:
    return _line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
