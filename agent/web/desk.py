"""What the routes are handed, and how they get at it."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from agent.lifecycle.accounts import Accounts
from agent.lifecycle.commands import Commands
from agent.lifecycle.queries import Queries


@dataclass(frozen=True, slots=True)
class Desk:
    """The product behind the routes."""

    commands: Commands
    queries: Queries
    accounts: Accounts
    version: str
    public_url: str


def _desk(request: Request) -> Desk:
    return cast(Desk, request.app.state.desk)


TheDesk = Annotated[Desk, Depends(_desk)]
