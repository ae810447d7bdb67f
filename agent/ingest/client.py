"""The HTTP client of a server's ingest routes."""

from typing import TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from agent.errors import Conflict, Denied, Invalid, MeetbotError, Missing, Temporary
from agent.model.loan import Claim, Lot
from agent.model.news import Receipt, Report

TIMEOUT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 20.0
REFUSALS: dict[int, type[MeetbotError]] = {401: Denied, 403: Denied, 404: Missing, 409: Conflict}
Answer = TypeVar("Answer", bound=BaseModel)


class IngestClient:
    """Implements `ports.Lender`. `token` is an operator's key with the scope ingest; it goes to `server` only."""

    def __init__(self, server: str, token: str) -> None:
        self._http = httpx2.AsyncClient(
            base_url=f"{server.rstrip('/')}/api/v1/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )

    async def claim(self, claim: Claim) -> Lot:
        """Say that the worker lives, and return what is new for it."""
        return await self._post("ingest/claim", claim, Lot, LONGEST_WAIT_SECONDS + TIMEOUT_SECONDS)

    async def report(self, report: Report) -> Receipt:
        """Hand one report in."""
        return await self._post("ingest", report, Receipt, TIMEOUT_SECONDS)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _post(self, path: str, body: BaseModel, shape: type[Answer], seconds: float) -> Answer:
        try:
            answer = await self._http.post(
                path,
                content=body.model_dump_json(by_alias=True),
                headers={"Content-Type": "application/json"},
                timeout=seconds,
            )
        except httpx2.HTTPError as error:
            raise Temporary("The server cannot be reached.", full=f"{path}: {error!r}") from error
        if answer.status_code != httpx2.codes.OK:
            raise _refusal(answer)
        try:
            return shape.model_validate_json(answer.content)
        except ValidationError as error:
            raise Temporary("The server's answer is not understood.", full=f"{path}: {error}") from error


def _refusal(answer: httpx2.Response) -> MeetbotError:
    """Return a refusal as an error of ours; what is not one may pass."""
    said = f"{answer.status_code}: {answer.text[:500]}"
    if answer.status_code in REFUSALS:
        return REFUSALS[answer.status_code](f"The server answered {said}", full=f"{answer.url.path}: {said}")
    if answer.is_client_error and answer.status_code != httpx2.codes.TOO_MANY_REQUESTS:
        return Invalid("The server cannot use what was sent.", full=f"{answer.url.path}: {said}")
    return Temporary("The server cannot take this now.", full=f"{answer.url.path}: {said}")
