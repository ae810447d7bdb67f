"""The HTTP server: route families that do not know each other, on one application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import APIRoute

from agent.web import (
    accounts,
    admin,
    bot_reports,
    bots_v1,
    calendar_invites,
    docs_pages,
    events,
    health,
    methods,
    payments,
    problems,
    spec,
)
from agent.web.bases import OneBase
from agent.web.cli_auth import device as cli_auth
from agent.web.cli_auth import page as cli_auth_page
from agent.web.desk import Desk
from agent.web.envelope import BodyLimit, Envelope
from agent.web.etag import ETag
from agent.web.idempotency import Idempotency
from agent.web.jobs import asking as job_asking
from agent.web.jobs import reads as job_reads
from agent.web.jobs import routes as job_routes
from agent.web.public import calendar_pings
from agent.web.public import held as held_page
from agent.web.public import mails as mail_pages
from agent.web.quota import ShowQuota

FAMILIES = (
    *bots_v1.ROUTERS,
    *accounts.ROUTERS,
    job_routes.router,
    job_reads.router,
    job_asking.router,
    calendar_invites.router,
    bot_reports.router,
    cli_auth.router,
    cli_auth_page.router,
    admin.router,
    payments.router,
    health.router,
    docs_pages.router,
    held_page.router,
    mail_pages.router,
    calendar_pings.router,
)
ASKED_HEADERS = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "If-Range",
    "Range",
    "X-Request-ID",
    "X-Share-Password",
]
OWN_HEADERS = ["Content-Range", "ETag", "Idempotency-Replayed", "Retry-After", "X-Request-ID"]
QUOTA_HEADERS = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]


def create(desk: Desk) -> FastAPI:
    """Assemble the application that serves."""
    app = described(desk.choices.version)
    app.state.desk = desk
    _surround(app, desk)
    return app


def described(version: str) -> FastAPI:
    """Assemble the routes alone: enough to describe the API."""
    app = FastAPI(
        title="Meetbot",
        version=version,
        summary="A self-hosted meeting agent for Google Meet.",
        generate_unique_id_function=_operation_id,
        lifespan=_lifespan,
        openapi_url=None,  # the framework would make it while everybody waits
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would send credentials where the Host header says
    )
    problems.install(app)
    spec.install(app)
    for router in FAMILIES:
        app.include_router(router)
    events.describe(app.webhooks)
    return app


def _surround(app: FastAPI, desk: Desk) -> None:
    """Put the middleware around the routes; the last one added is the outermost."""
    app.add_middleware(Idempotency, answers=desk.kept_answers)
    app.add_middleware(ETag)
    methods.surround(app)
    app.add_middleware(OneBase)
    app.add_middleware(BodyLimit)
    if desk.choices.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(desk.choices.cors_origins),
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=ASKED_HEADERS,
            expose_headers=OWN_HEADERS + QUOTA_HEADERS,
        )
    app.add_middleware(ShowQuota)
    app.add_middleware(
        Envelope, book=desk.request_book, over_tls=desk.choices.public_url.startswith("https://")
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Write the book of requests while the server runs, and its last lines at the end."""
    book = app.state.desk.request_book
    writing = asyncio.create_task(book.run(), name="web.request_book")
    try:
        yield
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        await book.flush()


def _operation_id(route: APIRoute) -> str:
    """Name an operation after its function and first tag, as clients' generated methods read well."""
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name
