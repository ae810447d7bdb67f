"""Who asks: a Bearer key, looked up at every request so that a revoked one is refused at once."""

import asyncio
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from agent.errors import Denied
from agent.model.account import Principal
from agent.web.desk import TheDesk

bearer = HTTPBearer(
    auto_error=False, scheme_name="bearerAuth", description="An API key: `mb_live_…` or `mb_test_…`."
)


class Unauthenticated(Denied):
    """No valid credentials came with the request; the answer is 401, not 403."""


async def _principal(
    desk: TheDesk, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]
) -> Principal:
    if credentials is None:
        raise Unauthenticated("Send an API key: Authorization: Bearer mb_live_…")
    try:
        return await asyncio.to_thread(desk.accounts.who_has, credentials.credentials)
    except Denied as error:
        raise Unauthenticated(error.safe, full=error.full) from error


TheAsker = Annotated[Principal, Depends(_principal)]
