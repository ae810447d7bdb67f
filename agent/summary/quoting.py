"""Questions about one meeting answered by what was said, word for word: needs no model."""

import asyncio
from collections.abc import Sequence

from agent.model.answer import Answer
from agent.model.summary import Brief
from agent.model.transcript import Entry
from agent.summary.answering import quoted


class QuotingAnswerer:
    """Fits `ports.Answerer`."""

    async def aclose(self) -> None:
        """Do nothing: no connection is open."""

    async def answer(self, question: str, brief: Brief, entries: Sequence[Entry]) -> Answer:
        """Return the lines that speak of what is asked; none where none do."""
        return await asyncio.to_thread(quoted, question, brief, entries)
