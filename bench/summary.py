"""Summaries against those that people wrote: ROUGE, citations, grounding and time, on meetings in QMSum's JSON shape.

    python -m bench.summary PATH [--words 110] [--base-url URL --model NAME --api-key KEY] [--json]

PATH is a directory of *.json files (or one file), each with `meeting_transcripts` [{speaker, content}] and
`general_query_list` [{answer}]. Every engine's text is cut to the same number of words before it is scored.
"""

import argparse
import asyncio
import json
import re
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from agent.model.summary import FELL_BACK, Brief, Summary
from agent.model.transcript import Entry
from agent.summary.adapter import ExtractiveSummariser, OpenAISummariser
from agent.summary.language import language
from agent.summary.sentences import sentences
from bench.baselines import lead, textrank
from bench.rouge import rouge_l, rouge_n, tokens

WORDS_PER_SECOND = 2.5
MARKS = re.compile(r"\{\w+\}|<\w+>|\[\w+\]")
BEGINNING = datetime(2026, 3, 2, 10, tzinfo=UTC)


@dataclass
class Meeting:
    """One meeting, and the summary of the whole that a person wrote."""

    name: str
    entries: list[Entry]
    reference: list[str]


@dataclass
class Scores:
    """One value per meeting in each list; grounding only where the engine cites."""

    rouge: list[tuple[float, float, float]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    statements: int = 0
    cited: int = 0
    verified: int = 0
    fell_back: int = 0

    def row(self, name: str) -> dict[str, object]:
        first, second, longest = (100 * statistics.mean(column) for column in zip(*self.rouge, strict=True))
        shares = {
            "citations valid %": _share(self.cited, self.statements),
            "grounded %": _share(self.verified, self.statements),
        }
        return {
            "engine": name,
            "R-1": round(first, 2),
            "R-2": round(second, 2),
            "R-L": round(longest, 2),
            **(shares if self.statements else {}),
            "s/meeting": round(statistics.mean(self.seconds), 3),
            **({"fell back": self.fell_back} if self.fell_back else {}),
        }


def _share(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


Engine = Callable[[Meeting], Awaitable[tuple[list[str], Summary | None]]]


def load(path: Path) -> list[Meeting]:
    """Read the meetings. Times are made from the number of words, since the set has none."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    return [_meeting(file) for file in files]


def _meeting(file: Path) -> Meeting:
    data = json.loads(file.read_text("utf-8"))
    entries, at = [], BEGINNING
    for turn in data["meeting_transcripts"]:
        text = " ".join(MARKS.sub(" ", turn["content"]).split())
        end = at + timedelta(seconds=len(text.split()) / WORDS_PER_SECOND)
        if text:
            entries.append(Entry(turn["speaker"], text, at, end, "en-US"))
        at = end
    return Meeting(file.stem, entries, tokens(data["general_query_list"][0]["answer"]))


def told(summary: Summary) -> list[str]:
    """The sentences of a summary in the order in which a reader meets them."""
    return [
        *(one.text for one in summary.tldr),
        *(point for topic in summary.topics for point in topic.points),
    ]


def cut(texts: Sequence[str], words: int) -> list[str]:
    """The first `words` words."""
    return [word for text in texts for word in tokens(text)][:words]


async def measure(engine: Engine, meetings: Sequence[Meeting], words: int) -> Scores:
    """Run one engine over all meetings."""
    scores = Scores()
    for meeting in meetings:
        began = perf_counter()
        texts, summary = await engine(meeting)
        scores.seconds.append(perf_counter() - began)
        ours, theirs = cut(texts, words), meeting.reference
        scores.rouge.append((rouge_n(ours, theirs, 1), rouge_n(ours, theirs, 2), rouge_l(ours, theirs)))
        if summary:
            statements = summary.statements()
            scores.statements += len(statements)
            scores.cited += sum(
                bool(one.cites) and all(1 <= n <= len(meeting.entries) for n in one.cites)
                for one in statements
            )
            scores.verified += sum(one.verified for one in statements)
            scores.fell_back += any(note.kind in FELL_BACK for note in summary.notes)
    return scores


def brief(meeting: Meeting) -> Brief:
    """What the product would be told of such a meeting."""
    return Brief(meeting_title="", roster=tuple(dict.fromkeys(entry.speaker for entry in meeting.entries)))


async def run(options: argparse.Namespace) -> list[dict[str, object]]:
    """Measure every engine and return the rows of the table."""
    meetings = load(options.path)

    async def first_words(meeting: Meeting) -> tuple[list[str], None]:
        return lead(sentences(meeting.entries, language("en"))), None

    async def ranked(meeting: Meeting) -> tuple[list[str], None]:
        return textrank(sentences(meeting.entries, language("en")), options.words), None

    embedded = ExtractiveSummariser()

    async def extractive(meeting: Meeting) -> tuple[list[str], Summary]:
        summary = await embedded.summarise(brief(meeting), meeting.entries)
        return told(summary), summary

    engines: dict[str, Engine] = {"LEAD": first_words, "TextRank": ranked, "extractive": extractive}
    model = None
    if options.base_url:
        model = OpenAISummariser(
            options.base_url, options.model, options.api_key, timeout_seconds=options.timeout
        )

        async def asked(meeting: Meeting) -> tuple[list[str], Summary]:
            summary = await model.summarise(brief(meeting), meeting.entries)
            return told(summary), summary

        engines[options.model] = asked
    rows = [(await measure(engine, meetings, options.words)).row(name) for name, engine in engines.items()]
    if model:
        await model.aclose()
    return rows


def table(rows: Sequence[dict[str, object]]) -> str:
    """The rows in columns."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    widths = [max(len(name), *(len(str(row.get(name, ""))) for row in rows)) for name in names]
    lines = [
        "  ".join(str(cell).rjust(width) for cell, width in zip(cells, widths, strict=True))
        for cells in (names, *([row.get(name, "") for name in names] for row in rows))
    ]
    return "\n".join(lines)


def main() -> None:
    """Print one table, or one JSON list."""
    parser = argparse.ArgumentParser(description="Summaries against those that people wrote.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--words", type=int, default=110)
    parser.add_argument("--base-url", default="")
    parser.add_argument("--model", default="")
    parser.add_argument("--api-key", default="")
    parser.add_argument("--timeout", type=float, default=300.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = asyncio.run(run(options))
    print(json.dumps(rows) if options.json else table(rows))


if __name__ == "__main__":
    main()
