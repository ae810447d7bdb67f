"""The HTTP server: routes of every family on one application."""

from fastapi import FastAPI
from pydantic import BaseModel

from agent.web import health, problems
from agent.web.desk import Desk
from agent.web.jobs import routes as jobs_routes


class Problem(BaseModel):
    """What went wrong, in words for the caller."""

    detail: str


def create(desk: Desk) -> FastAPI:
    """Assemble the application."""
    app = FastAPI(
        title="Meetbot", version=desk.version, summary="A self-hosted meeting agent for Google Meet."
    )
    app.state.desk = desk
    problems.install(app)
    app.include_router(health.router)
    app.include_router(jobs_routes.router)
    return app
