"""Somebody's webhook endpoints: they verify every signature, keep every delivery, and answer as told."""

import json
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from agent.sandbox.bell import Bell
from agent.sandbox.clock import Clock, stamp, utc_now
from agent.sandbox.hook_signatures import verify_all


class HookOrder(BaseModel):
    """The secrets of an endpoint and its answer to the next `times` deliveries (None: to all), 200 after."""

    model_config = ConfigDict(extra="forbid")

    secrets: list[str] = []
    status: int = Field(default=200, ge=200, le=599)
    retry_after: float | None = None
    delay_seconds: float = Field(default=0.0, ge=0)
    body: str = ""
    location: str | None = None
    times: int | None = Field(default=None, ge=0)


class HookSink:
    """Deliveries are kept by endpoint name, in the order they arrived."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._orders: dict[str, HookOrder] = {}
        self._deliveries: dict[str, list[dict[str, Any]]] = {}
        self._arrived = Bell()
        self._released = Bell()
        self.wire = APIRouter(prefix="/hooks")
        self.wire.add_api_route("/{name}", self._receive, methods=["POST", "GET", "PUT"])
        self.control = APIRouter(prefix="/control/hooks", tags=["hooks"])
        self.control.add_api_route("/{name}", self._order, methods=["PUT"])
        self.control.add_api_route("/{name}", self._list, methods=["GET"])
        self.control.add_api_route("/{name}/wait", self._wait, methods=["GET"])

    def reset(self) -> None:
        self._orders.clear()
        self._deliveries.clear()
        self._released.ring()

    def trust(self, name: str, secret: str) -> None:
        """The endpoint verifies with this secret too."""
        order = self._orders.setdefault(name, HookOrder())
        if secret not in order.secrets:
            order.secrets.append(secret)

    async def _receive(self, name: str, request: Request) -> Response:
        order = self._orders.get(name, HookOrder())
        body = await request.body()
        told = order.times is None or order.times > 0
        if order.times:
            self._orders[name] = order.model_copy(update={"times": order.times - 1})
        status = order.status if told else 200
        self._keep(name, request, body, order.secrets, status)
        if not told:
            return Response(status_code=200)
        await self._released.pause(order.delay_seconds)
        headers = {} if order.retry_after is None else {"retry-after": f"{order.retry_after:g}"}
        if order.location is not None:
            headers["location"] = order.location
        return Response(order.body, status, headers)

    def _keep(self, name: str, request: Request, body: bytes, secrets: list[str], status: int) -> None:
        now = self._clock()
        headers = {key.lower(): value for key, value in request.headers.items()}
        deliveries = self._deliveries.setdefault(name, [])
        identity = _identity(headers, body)
        deliveries.append(
            {
                "at": stamp(now),
                "method": request.method,
                "headers": headers,
                "body": body.decode("utf-8", "replace"),
                "event": _event(headers, body),
                "id": identity,
                "seen_before": identity is not None and any(d["id"] == identity for d in deliveries),
                "signatures": verify_all(headers, body, secrets, now),
                "answered": status,
            }
        )
        self._arrived.ring()

    async def _order(self, name: str, order: HookOrder) -> HookOrder:
        self._orders[name] = order
        return order

    async def _list(self, name: str) -> list[dict[str, Any]]:
        return self._deliveries.get(name, [])

    async def _wait(
        self, name: str, event: str = "", count: int = 1, timeout: float = 10.0
    ) -> list[dict[str, Any]]:
        """At least `count` deliveries (of an event); 404 says how many came when the time is over."""
        found = await self._arrived.until(lambda: self._enough(name, event, count), timeout)
        if found is None:
            came = len(self._of(name, event))
            detail = f"{came} of {count} deliveries of {event or 'anything'} within {timeout:g} s"
            raise HTTPException(404, detail)
        return found

    def _enough(self, name: str, event: str, count: int) -> list[dict[str, Any]] | None:
        found = self._of(name, event)
        return found if len(found) >= count else None

    def _of(self, name: str, event: str) -> list[dict[str, Any]]:
        return [d for d in self._deliveries.get(name, []) if not event or d["event"] == event]


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _event(headers: dict[str, str], body: bytes) -> str | None:
    parsed = _json(body)
    event = parsed.get("event") or parsed.get("type") or headers.get("x-webhook-event")
    return event if isinstance(event, str) else None


def _identity(headers: dict[str, str], body: bytes) -> str | None:
    """What a receiver would deduplicate by."""
    identity = headers.get("webhook-id") or headers.get("x-webhook-id") or _json(body).get("deliveryId")
    return identity if isinstance(identity, str) else None
