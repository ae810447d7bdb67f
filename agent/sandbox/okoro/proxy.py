"""The okoro proxy: exchanges service tokens for operation tokens and forwards what their scope allows."""

import base64
import hashlib
import hmac
import json
import math
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from agent.sandbox.clock import Clock, stamp, utc_now
from agent.sandbox.google_errors import GoogleError
from agent.sandbox.okoro.conferences import OrderedConference
from agent.sandbox.okoro.google_meet import NOT_FOUND_PAGE, GoogleMeet, NoSuchMethod

Scope = Literal["read", "write", "update", "delete", "all"]
SCOPES = ("read", "write", "update", "delete", "all")
PROVIDER = "google-meet"
DEFAULT_SERVICE_TOKEN = "svc_sandbox_0123456789abcdef"  # noqa: S105 - opens nothing but the fake

_READ = [
    "/spaces",
    "/spaces/*",
    "/conferenceRecords",
    "/conferenceRecords/*",
    "/conferenceRecords/*/participants",
    "/conferenceRecords/*/participants/*",
    "/conferenceRecords/*/participants/*/participantSessions",
    "/conferenceRecords/*/recordings",
    "/conferenceRecords/*/transcripts",
    "/conferenceRecords/*/transcripts/*",
    "/conferenceRecords/*/transcripts/*/entries",
]
GRANTED: list[tuple[str, set[str], list[str]]] = [
    ("read", {"GET"}, _READ),
    ("write", {"GET", "POST", "PATCH"}, ["/spaces", "/spaces/*"]),
    ("all", {"GET", "POST", "PATCH"}, ["/**"]),
]


class ServiceTokenOrder(BaseModel):
    """What the dashboard would set; fields left out keep their value."""

    model_config = ConfigDict(extra="forbid")

    service_token: str = DEFAULT_SERVICE_TOKEN
    max_scope: Scope | None = None
    lifetime_seconds: float | None = Field(default=None, gt=0)
    revoked: bool | None = None
    expire_after_calls: int | None = Field(default=None, ge=0)


class ErrorShapeOrder(BaseModel):
    shape: Literal["flat", "nested"]


@dataclass
class ServiceToken:
    """Long-lived; an operation token dies early after `expire_after_calls` calls, when that is set."""

    max_scope: str = "all"
    lifetime_seconds: float = 300.0
    revoked: bool = False
    expire_after_calls: int | None = None


@dataclass
class OperationToken:
    parent: ServiceToken
    scope: str
    intent: str
    expires_at: datetime
    calls_left: int | None


class Refused(Exception):
    """The proxy itself says no, before anything is forwarded."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message


class OkoroProxy:
    """Token exchange, scopes, forwarding, and a log of every request."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._meet = GoogleMeet(clock)
        self._signing_key = secrets.token_bytes(32)
        self._log: list[dict[str, Any]] = []
        self.reset()
        self.wire = APIRouter(prefix="/okoro")
        self.wire.add_api_route("/t/tokens", self._exchange, methods=["POST"])
        forwarded = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        self.wire.add_api_route("/p/{provider}/{path:path}", self._forward, methods=forwarded)
        self.control = APIRouter(prefix="/control/okoro", tags=["okoro"])
        self.control.add_api_route("/conferences", self._hold, methods=["POST"], status_code=201)
        self.control.add_api_route("/tokens", self._set_token, methods=["POST"])
        self.control.add_api_route("/errors", self._set_error_shape, methods=["PUT"])
        self.control.add_api_route("/requests", self._requests, methods=["GET"])

    def reset(self) -> None:
        self._meet.reset()
        self._log.clear()
        self._service_tokens = {DEFAULT_SERVICE_TOKEN: ServiceToken()}
        self._operation_tokens: dict[str, OperationToken] = {}
        self._error_shape = "flat"

    async def _exchange(self, request: Request) -> Response:
        entry = self._logged("token", request)
        try:
            body = _json_object(await request.body())
            entry |= {key: body.get(key) for key in ("provider", "scope", "intent")}
            entry["refresh_token"] = "refresh_token" in body
            token = self._granted(_bearer(request), body)
        except Refused as refusal:
            return self._refusal(entry, refusal)
        entry["status"] = 200
        return JSONResponse({"token": token})

    def _granted(self, bearer: str, body: dict[str, Any]) -> str:
        parent = self._service_tokens.get(bearer)
        if parent is None or parent.revoked:
            raise Refused(401, "unauthorized", "Unknown or revoked service token")
        for key in ("provider", "scope", "intent"):
            if not isinstance(body.get(key), str) or not body[key].strip():
                raise Refused(400, "invalid_request", f"{key} is required")
        if body["provider"] != PROVIDER:
            raise Refused(400, "invalid_request", f"Unknown provider {body['provider']!r}")
        if body["scope"] not in SCOPES:
            raise Refused(400, "invalid_request", f"Unknown scope {body['scope']!r}")
        if SCOPES.index(body["scope"]) > SCOPES.index(parent.max_scope):
            message = f"Scope {body['scope']} exceeds the maximum of this service token, {parent.max_scope}"
            raise Refused(403, "insufficient_scope", message)
        return self._minted(parent, body)

    def _minted(self, parent: ServiceToken, body: dict[str, Any]) -> str:
        now = self._clock()
        expires_at = now + timedelta(seconds=parent.lifetime_seconds)
        claims = {
            "iss": "okoro",
            "jti": secrets.token_hex(8),
            "provider": body["provider"],
            "scope": body["scope"],
            "intent": body["intent"],
            "iat": int(now.timestamp()),
            "exp": math.ceil(expires_at.timestamp()),
        }
        token = _jwt(claims, self._signing_key)
        self._operation_tokens[token] = OperationToken(
            parent, body["scope"], body["intent"], expires_at, parent.expire_after_calls
        )
        return token

    async def _forward(self, provider: str, path: str, request: Request) -> Response:
        path = f"/{path}"
        entry = self._logged("call", request) | {"provider": provider, "path": path}
        self._log[-1] = entry
        try:
            token = self._admitted(_bearer(request), entry)
            entry |= {"scope": token.scope, "intent": token.intent}
            _require_scope(request.method, path, token.scope)
            if provider != PROVIDER:
                raise Refused(404, "not_found", f"Unknown provider {provider!r}")
            body = await request.body()
            payload = _json_object(body) if body else {}
            answer = self._meet.call(request.method, path, request.query_params, payload)
        except Refused as refusal:
            return self._refusal(entry, refusal)
        except GoogleError as error:
            entry["status"] = error.code
            return JSONResponse(error.rpc_body(), error.code)
        except NoSuchMethod:
            entry["status"] = 404
            return HTMLResponse(NOT_FOUND_PAGE, 404)
        entry["status"] = 200
        return JSONResponse(answer)

    def _admitted(self, bearer: str, entry: dict[str, Any]) -> OperationToken:
        if bearer.startswith("svc_"):
            entry["bearer"] = "service"
            raise Refused(401, "unauthorized", "A service token is not accepted here; exchange it first")
        token = self._operation_tokens.get(bearer)
        entry["bearer"] = "operation" if token else "unknown" if bearer else "none"
        if token is None or token.parent.revoked:
            raise Refused(401, "unauthorized", "Unknown or revoked operation token")
        if token.expires_at <= self._clock() or token.calls_left == 0:
            raise Refused(401, "token_expired", "The operation token has expired")
        if token.calls_left is not None:
            token.calls_left -= 1
        return token

    def _refusal(self, entry: dict[str, Any], refusal: Refused) -> Response:
        entry["status"] = refusal.status
        flat: dict[str, Any] = {"error": refusal.error, "message": refusal.message}
        nested = {"error": {"code": refusal.status, "message": refusal.message}}
        return JSONResponse(flat if self._error_shape == "flat" else nested, refusal.status)

    def _logged(self, kind: str, request: Request) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "at": stamp(self._clock()),
            "kind": kind,
            "method": request.method,
            "path": request.url.path,
            "query": dict(request.query_params),
        }
        self._log.append(entry)
        return entry

    async def _hold(self, order: OrderedConference) -> dict[str, Any]:
        return self._meet.hold(order).names()

    async def _set_token(self, order: ServiceTokenOrder) -> dict[str, Any]:
        token = self._service_tokens.setdefault(order.service_token, ServiceToken())
        for name, value in order.model_dump(exclude_unset=True, exclude={"service_token"}).items():
            if value is not None or name == "expire_after_calls":
                setattr(token, name, value)
        return {"service_token": order.service_token, **vars(token)}

    async def _set_error_shape(self, order: ErrorShapeOrder) -> dict[str, str]:
        self._error_shape = order.shape
        return {"shape": order.shape}

    async def _requests(self) -> list[dict[str, Any]]:
        return self._log


def _require_scope(method: str, path: str, held: str) -> None:
    """Scopes are cumulative: the smallest one that opens the path is compared with the one held."""
    for needed, methods, globs in GRANTED:
        if method in methods and any(_matches(path, glob) for glob in globs):
            if SCOPES.index(held) >= SCOPES.index(needed):
                return
            message = f"{method} {path} needs scope {needed}; this token has {held}"
            raise Refused(403, "insufficient_scope", message)
    raise Refused(403, "forbidden", f"No scope allows {method} {path}")


def _matches(path: str, glob: str) -> bool:
    """`*` stands for one segment, `**` for everything."""
    pattern = re.escape(glob).replace(r"\*\*", ".*").replace(r"\*", "[^/]+")
    return re.fullmatch(pattern, path) is not None


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused(400, "invalid_request", "The body must be a JSON object")
    return found


def _jwt(claims: dict[str, Any], key: bytes) -> str:
    parts = [_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signature = hmac.new(key, ".".join(parts).encode(), hashlib.sha256).digest()
    return ".".join([*parts, _base64url(signature)])


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
