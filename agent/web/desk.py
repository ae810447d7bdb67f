"""What the routes are handed, and how they get at it."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from agent.lifecycle.accounts import Accounts
from agent.lifecycle.billing import Billing
from agent.lifecycle.commands import Commands
from agent.lifecycle.devices import Devices
from agent.lifecycle.house import House
from agent.lifecycle.ingest import Ingest
from agent.lifecycle.intake import Intake
from agent.lifecycle.kept_answers import KeptAnswers
from agent.lifecycle.machine import HostReport
from agent.lifecycle.queries import Queries
from agent.lifecycle.request_book import RequestBook
from agent.web.quota import Quotas


@dataclass(frozen=True, slots=True)
class Choices:
    """The operator's choices that concern the HTTP surface, as plain values."""

    version: str
    public_url: str = "http://127.0.0.1:8080"
    meet_url: str = "https://meet.google.com"
    cors_origins: tuple[str, ...] = ()
    requests_per_minute: int = 60
    requests_per_hour: int = 1000


@dataclass(frozen=True, slots=True)
class Desk:
    """The product behind the routes."""

    choices: Choices
    billing: Billing
    commands: Commands
    host_report: HostReport
    ingest: Ingest
    queries: Queries
    accounts: Accounts
    devices: Devices
    intake: Intake
    kept_answers: KeptAnswers
    request_book: RequestBook
    quotas: Quotas


def furnish(house: House, choices: Choices) -> Desk:
    """Put what the routes need on a desk."""
    accounts = Accounts(house)
    return Desk(
        choices=choices,
        billing=Billing(house),
        commands=Commands(house),
        host_report=HostReport(house),
        ingest=Ingest(house),
        queries=Queries(house),
        accounts=accounts,
        devices=Devices(house, accounts),
        intake=Intake(house),
        kept_answers=KeptAnswers(house),
        request_book=RequestBook(house),
        quotas=Quotas(choices.requests_per_minute, choices.requests_per_hour),
    )


def desk_of(connection: HTTPConnection) -> Desk:
    """Return the desk of the application that serves this request."""
    return cast(Desk, connection.app.state.desk)


TheDesk = Annotated[Desk, Depends(desk_of)]
