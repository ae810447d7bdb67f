"""Routes that look into what was said: a question about one meeting, words in all of them."""

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints

from agent.lifecycle.aftermath import asking, search
from agent.lifecycle.aftermath.search import Hit
from agent.web.auth import AskedFirst, TheAsker
from agent.web.desk import Desk, TheDesk
from agent.web.jobs import views
from agent.web.jobs.reading import Entry
from agent.web.jobs.routes import JobId
from agent.web.paging import Page, ThePage
from agent.web.problems import answers
from agent.web.wire import Asked, Paged, Told

router = APIRouter(prefix="/api/v1", tags=["recordings"], route_class=AskedFirst)
Question = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=asking.QUESTION_MAX, pattern=r"^[^\x00]*$"
    ),
]
Words = Annotated[str, Query(alias="q", min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class QuestionAsked(Asked):
    """A question about one meeting."""

    question: Question


class StatementShown(BaseModel):
    """A statement and the ordinals of the entries it rests on."""

    text: str
    cites: list[int]


class AnswerShown(BaseModel):
    """An answer. Without statements the meeting does not say. `cited` are the entries they rest on."""

    question: str
    engine: str
    statements: list[StatementShown]
    cited: list[Entry]


class HitShown(Told):
    """One place where the words stand. `kind`: transcript, with the entry's ordinal, or summary."""

    job_id: str
    title: str
    kind: str
    excerpt: str
    ordinal: int | None
    speaker: str
    at: datetime | None


class HitPage(Paged):
    """One page of places, best first."""

    hits: list[HitShown]


@router.post("/jobs/{job_id}/ask", summary="Ask about a meeting", responses=answers(404))
async def ask(job_id: JobId, body: QuestionAsked, desk: TheDesk, asker: TheAsker) -> AnswerShown:
    """Answer from the transcript alone; every statement cites the entries it rests on."""
    found = await asking.ask(desk.queries.house, asker, job_id, body.question)
    return AnswerShown(
        question=found.question,
        engine=found.answer.engine,
        statements=[
            StatementShown(text=statement.text, cites=list(statement.cites))
            for statement in found.answer.statements
        ],
        cited=[views.entry(row) for row in found.cited],
    )


@router.get("/search", summary="Search your meetings", responses=answers())
async def find(words: Words, desk: TheDesk, asker: TheAsker, page: ThePage) -> HitPage:
    """Find words in transcripts and summaries of your own meetings."""
    hits, total = await asyncio.to_thread(_find, desk, asker, words, page)
    return HitPage(hits=[_shown(hit) for hit in hits], total=total, page=page.page, page_size=page.page_size)


def _find(desk: Desk, asker: TheAsker, words: str, page: Page) -> tuple[list[Hit], int]:
    with desk.queries.house.database.read() as session:
        hits, total = search.find(session, asker, words, page=page.page, page_size=page.page_size)
        return list(hits), total


def _shown(hit: Hit) -> HitShown:
    return HitShown(
        job_id=hit.job.public_id,
        title=hit.job.title,
        kind=hit.kind,
        excerpt=hit.excerpt,
        ordinal=hit.ordinal,
        speaker=hit.speaker,
        at=hit.at,
    )
