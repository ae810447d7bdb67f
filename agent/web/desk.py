"""What the routes are handed, and how they get at it."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from agent.lifecycle.aftermath.mail_desk import MailDesk
from agent.lifecycle.aftermath.productions import Productions
from agent.lifecycle.aftermath.recordings import Recordings
from agent.lifecycle.aftermath.sharing import Sharing
from agent.lifecycle.attendance.consent_desk import ConsentDesk
from agent.lifecycle.bots import Bots
from agent.lifecycle.commands import Commands
from agent.lifecycle.hooks_desk import HooksDesk
from agent.lifecycle.house import House
from agent.lifecycle.invitations.channels import Channels
from agent.lifecycle.invitations.handed_in import HandedInvitations
from agent.lifecycle.invitations.held import HeldInvitations
from agent.lifecycle.invitations.intake import Intake
from agent.lifecycle.people.accounts import Accounts
from agent.lifecycle.people.api_keys import ApiKeys
from agent.lifecycle.people.billing import Billing
from agent.lifecycle.people.devices import Devices
from agent.lifecycle.people.enrolment import Enrolment
from agent.lifecycle.people.hashing import Hashing
from agent.lifecycle.people.identity import Identity
from agent.lifecycle.people.kept_answers import KeptAnswers
from agent.lifecycle.people.request_book import RequestBook
from agent.lifecycle.people.usage import Usage
from agent.lifecycle.queries import Queries
from agent.lifecycle.remote.ingest import Ingest
from agent.lifecycle.remote.loans import Loans
from agent.lifecycle.upkeep.machine import HostReport
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
    consent: ConsentDesk
    host_report: HostReport
    ingest: Ingest
    loans: Loans
    queries: Queries
    accounts: Accounts
    devices: Devices
    handed_in: HandedInvitations
    held: HeldInvitations
    channels: Channels
    mails: MailDesk
    kept_answers: KeptAnswers
    request_book: RequestBook
    quotas: Quotas
    bots: Bots
    recordings: Recordings
    productions: Productions
    sharing: Sharing
    hooks: HooksDesk
    identity: Identity
    enrolment: Enrolment
    api_keys: ApiKeys
    usage: Usage


def furnish(house: House, choices: Choices) -> Desk:
    """Put what the routes need on a desk."""
    accounts = Accounts(house)
    hashing, commands, book = Hashing(), Commands(house), RequestBook(house)
    identity, api_keys = Identity(house, hashing), ApiKeys(house, accounts)
    return Desk(
        choices=choices,
        billing=Billing(house),
        commands=commands,
        consent=ConsentDesk(house, commands),
        host_report=HostReport(house),
        ingest=Ingest(house),
        loans=Loans(house),
        queries=Queries(house),
        accounts=accounts,
        devices=Devices(house, accounts),
        handed_in=HandedInvitations(house, Intake(house)),
        held=HeldInvitations(house),
        channels=Channels(house),
        mails=MailDesk(house),
        kept_answers=KeptAnswers(house),
        request_book=book,
        quotas=Quotas(choices.requests_per_minute, choices.requests_per_hour),
        bots=Bots(house, commands),
        recordings=Recordings(house),
        productions=Productions(house),
        sharing=Sharing(house, hashing),
        hooks=HooksDesk(house),
        identity=identity,
        enrolment=Enrolment(house, hashing, identity),
        api_keys=api_keys,
        usage=Usage(house, api_keys, book),
    )


def desk_of(connection: HTTPConnection) -> Desk:
    """Return the desk of the application that serves this request."""
    return cast(Desk, connection.app.state.desk)


async def _desk(request: Request) -> Desk:
    """Hand the desk to a route; a plain function would be run in a thread of its own."""
    return desk_of(request)


TheDesk = Annotated[Desk, Depends(_desk)]
