"""Google's OAuth token endpoint: refresh tokens and service-account assertions in, access tokens out."""

import base64
import json
import secrets
from datetime import datetime, timedelta
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from agent.sandbox.clock import Clock
from agent.sandbox.google_errors import GoogleError

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SERVICE_ACCOUNT = "meetbot@sandbox.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/calendar"
KEY_BITS = 2048


class TokenOrder(BaseModel):
    """`error` is answered to every exchange until it is null again; access tokens live `lifetime_seconds`."""

    model_config = ConfigDict(extra="forbid")

    error: Literal["invalid_grant", "invalid_client", "unauthorized_client", "deleted_client"] | None = None
    lifetime_seconds: float = Field(default=3599, gt=0)


class GoogleTokens:
    """Issues access tokens at POST /calendar/token and recognises them afterwards."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key: rsa.RSAPrivateKey | None = None
        self.reset()
        self.wire = APIRouter()
        self.wire.add_api_route("/token", self._exchange, methods=["POST"])
        self.control = APIRouter()
        self.control.add_api_route("/token", self._set, methods=["POST"])

    def reset(self) -> None:
        self._order = TokenOrder()
        self._expiry: dict[str, datetime] = {}

    def service_account(self, token_uri: str) -> str:
        """A service account's key file whose assertions this endpoint verifies."""
        if self._key is None:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        key_file = {
            "type": "service_account",
            "project_id": "sandbox",
            "private_key_id": "sandbox",
            "private_key": pem.decode(),
            "client_email": SERVICE_ACCOUNT,
            "client_id": "100000000000000000000",
            "token_uri": token_uri,
        }
        return json.dumps(key_file, indent=2)

    def check(self, authorization: str | None) -> None:
        """GoogleError 401 unless the header carries an access token that is still good."""
        token = (authorization or "").removeprefix("Bearer ")
        expiry = self._expiry.get(token)
        if expiry is None or expiry <= self._clock():
            raise GoogleError(401, "Invalid Credentials", reason="authError", location="Authorization")

    async def _exchange(self, request: Request) -> Response:
        form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
        wrong = self._wrong_with(form)
        if wrong is not None:
            error, description = wrong
            return JSONResponse({"error": error, "error_description": description}, 400)
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self._expiry[token] = self._clock() + timedelta(seconds=self._order.lifetime_seconds)
        lifetime = int(self._order.lifetime_seconds)
        answer = {"access_token": token, "expires_in": lifetime, "scope": SCOPE, "token_type": "Bearer"}
        return JSONResponse(answer)

    def _wrong_with(self, form: dict[str, str]) -> tuple[str, str] | None:
        """The OAuth error and its description, when the grant is refused."""
        if self._order.error is not None:
            return self._order.error, "Token has been expired or revoked."
        if form.get("grant_type") == "refresh_token":
            missing = [k for k in ("refresh_token", "client_id", "client_secret") if not form.get(k)]
            return ("invalid_request", f"Missing required parameter: {missing[0]}") if missing else None
        if form.get("grant_type") == JWT_BEARER:
            return self._wrong_with_assertion(form.get("assertion", ""))
        return "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}"

    def _wrong_with_assertion(self, assertion: str) -> tuple[str, str] | None:
        try:
            header, payload, signature = assertion.split(".")
            claims: dict[str, Any] = json.loads(_unbase64url(payload))
            expiry = float(claims["exp"])
            issuer = claims["iss"]
            self._verify(issuer, f"{header}.{payload}".encode(), _unbase64url(signature))
        except (ValueError, KeyError, TypeError):
            return "invalid_grant", "Invalid JWT"
        except InvalidSignature:
            return "invalid_grant", "Invalid JWT Signature."
        if expiry < self._clock().timestamp():
            return "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes)"
        return None

    def _verify(self, issuer: str, signed: bytes, signature: bytes) -> None:
        """Only the account whose key was handed out here can be checked; others are taken at their word."""
        if self._key is not None and issuer == SERVICE_ACCOUNT:
            self._key.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())

    async def _set(self, order: TokenOrder) -> TokenOrder:
        self._order = order
        if order.error is not None:
            self._expiry.clear()
        return order


def _unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
