"""Who asks: a Bearer credential, looked up at every request so that a revoked one is refused at once.

What the text is (an API key, an access token) is for `accounts.who_has` to tell.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from agent.errors import Denied
from agent.model.account import Principal, Scope
from agent.web.desk import desk_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SESSION_COOKIES = ("__Host-meetbot", "meetbot")  # the second where the pages are not served over TLS
bearer = HTTPBearer(
    auto_error=False,
    scheme_name="bearerAuth",
    description="An API key (`mb_live_…`, `mb_test_…`) or an access token.",
)


class Unauthenticated(Denied):
    """No valid credentials came with the request; the answer is 401, not 403."""


async def identify(connection: HTTPConnection) -> Principal:
    """Return who sends this request; looked up, and counted on the caller's quota, once.

    Raises `Unauthenticated`, counted on the sender's address, and `TooMany`.
    """
    known = getattr(connection.state, "principal", None)
    if isinstance(known, Principal):
        return known
    desk = desk_of(connection)
    scheme, _, text = connection.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer" or not text.strip():
            raise Unauthenticated("Send a credential: Authorization: Bearer mb_live_…")
        principal = await asyncio.to_thread(desk.accounts.who_has, text.strip())
    except Denied as error:
        desk.quotas.spend_as_stranger(connection)
        raise Unauthenticated(error.safe, full=error.full) from error
    connection.state.principal = principal
    desk.quotas.spend_as(connection, principal)
    return principal


async def signed_in(request: Request) -> Principal | None:
    """Return who looks at a page: by the session's cookie, or None."""
    desk = desk_of(request)
    for name in SESSION_COOKIES:
        if text := request.cookies.get(name):
            try:
                return await asyncio.to_thread(desk.accounts.who_has, text)
            except Denied:
                return None
    return None


async def _asker(
    request: Request,
    _documented: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
) -> Principal:
    return await identify(request)


async def _everyday(request: Request, principal: Annotated[Principal, Depends(_asker)]) -> Principal:
    scope = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
    return _allowed(principal, scope)


async def admit(request: Request) -> Principal:
    """Return who asks, as `TheAsker` does, for a route that has another way in too."""
    return await _everyday(request, await identify(request))


async def _operator(principal: Annotated[Principal, Depends(_everyday)]) -> Principal:
    if not principal.is_operator:
        raise Denied("Only operators may do this.")
    return principal


def asker_with(scope: Scope) -> Callable[..., Awaitable[Principal]]:
    """Return a dependency that demands an operator's key with one scope by name: machines speak for everybody."""

    async def demand(principal: Annotated[Principal, Depends(_asker)]) -> Principal:
        if not principal.is_operator:
            raise Denied("Only an operator's key may do this.")
        return _allowed(principal, scope)

    return demand


def _allowed(principal: Principal, scope: Scope) -> Principal:
    if not principal.may(scope):
        raise Denied(f"This key has not the scope {scope}.")
    return principal


TheAsker = Annotated[Principal, Depends(_everyday)]
TheOperator = Annotated[Principal, Depends(_operator)]
