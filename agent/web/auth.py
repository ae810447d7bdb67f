"""Who asks: a Bearer credential, looked up at every request so that a revoked one is refused at once.

What the text is (an API key, an access token) is for `accounts.who_has` to tell.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.openapi.models import HTTPBearer as HTTPBearerScheme
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from agent.errors import Denied
from agent.model.account import Principal, Scope
from agent.web.desk import desk_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SESSION_COOKIES = ("__Host-meetbot", "meetbot")  # the second where the pages are not served over TLS


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


class Asker(SecurityBase):
    """A dependency: who asks, once it is sure that they may. One step a request, where a chain of them would be felt.

    `scope` is what their key needs (by default read or write, as the method wants), `only` says why others than operators
    are refused; None lets everybody in.
    """

    model = HTTPBearerScheme(description="An API key (`mb_live_…`, `mb_test_…`) or an access token.")
    scheme_name = "bearerAuth"

    def __init__(self, scope: Scope | None = None, *, only: str | None = None) -> None:
        self.scope = scope
        self.only = only

    async def __call__(self, request: Request) -> Principal:
        """Return who asks. Raises `Unauthenticated`, `Denied` and `TooMany`."""
        principal = await identify(request)
        if self.only and not principal.is_operator:
            raise Denied(self.only)
        scope = self.scope or (Scope.READ if request.method in SAFE_METHODS else Scope.WRITE)
        if not principal.may(scope):
            raise Denied(f"This key has not the scope {scope}.")
        return principal


admit = Asker()  # called by itself where a route has another way in too
TheAsker = Annotated[Principal, Depends(admit)]
TheOperator = Annotated[Principal, Depends(Asker(only="Only operators may do this."))]


def asker_with(scope: Scope) -> Asker:
    """Return a dependency that demands an operator's key with one scope by name: machines speak for everybody."""
    return Asker(scope, only="Only an operator's key may do this.")


class AskedFirst(APIRoute):
    """A route that makes sure who asks before it reads what they sent; the framework would read, and judge, first."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what serves a request of this route."""
        serve = super().get_route_handler()
        askers = [need.call for need in self.dependant.dependencies if isinstance(need.call, Asker)]

        async def ask_first(request: Request) -> Response:
            for asker in askers:
                await asker(request)
            return await serve(request)

        return ask_first if askers else serve
