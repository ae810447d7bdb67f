"""The outside mail world: an SMTP server that keeps what it accepts in Maildirs and refuses by name."""

import asyncio
import email
import email.policy
import mailbox
import re
import socket
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, Field

from agent.sandbox.bell import Bell
from agent.sandbox.clock import Clock, stamp, utc_now
from agent.sandbox.faults import Fault, FaultBoard

LONGEST_LINE = 65_536
LONGEST_HANG_SECONDS = 600.0
SAFE_DOMAIN = re.compile(r"[a-z0-9][a-z0-9.-]*")
REFUSALS = {
    "temperror": "451 4.3.0 Temporary failure, please try again later",
    "permerror": "550 5.1.1 The email account that you tried to reach does not exist",
}
GREYLISTED = "450 4.2.0 Greylisted, please try again in a moment"
CLOSING = "421 4.3.2 The service is not available, closing transmission channel"


class DownOrder(BaseModel):
    seconds: float = Field(ge=0)


@dataclass(frozen=True)
class KeptMail:
    """An accepted mail; `paths` are its files, one for each recipient domain."""

    id: int
    at: str
    mail_from: str
    rcpt_tos: list[str]
    peer: str
    raw: bytes
    paths: list[str]

    def headers(self) -> list[tuple[str, str]]:
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        return [(name, str(value)) for name, value in parsed.items()]

    def shown(self) -> dict[str, Any]:
        headers = self.headers()
        return {
            "id": self.id,
            "at": self.at,
            "mail_from": self.mail_from,
            "rcpt_tos": self.rcpt_tos,
            "peer": self.peer,
            "subject": next((value for name, value in headers if name.lower() == "subject"), ""),
            "headers": headers,
            "path": self.paths[0],
            "paths": self.paths,
            "bytes": len(self.raw),
        }


class ClosedDoor(asyncio.Protocol):
    """What a connection meets while the server is down."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(f"{CLOSING}\r\n".encode())
        transport.close()


class MailSink:
    """The SMTP side listens between `start` and `stop`; the control side tells what arrived."""

    def __init__(self, directory: Path, faults: FaultBoard, clock: Clock = utc_now) -> None:
        self.directory = directory
        self._faults = faults
        self._clock = clock
        self._mails: list[KeptMail] = []
        self._greylist: set[tuple[str, str]] = set()
        self._arrived = Bell()
        self._released = Bell()
        self._down_until = clock()
        self._server: asyncio.Server | None = None
        self.control = APIRouter(prefix="/control/mail", tags=["mail"])
        self.control.add_api_route("", self._list, methods=["GET"])
        self.control.add_api_route("/down", self._go_down, methods=["POST"])
        self.control.add_api_route("/wait", self._wait, methods=["GET"])
        self.control.add_api_route("/{number}", self._raw, methods=["GET"])

    async def start(self, listener: socket.socket) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._protocol, sock=listener)

    async def stop(self) -> None:
        self._released.ring()
        if self._server is not None:
            self._server.close()

    def reset(self) -> None:
        """Forgets what arrived (the files stay), ends every hang and every outage."""
        self._mails.clear()
        self._greylist.clear()
        self._down_until = self._clock()
        self._released.ring()

    def _protocol(self) -> asyncio.Protocol:
        if self._clock() < self._down_until:
            return ClosedDoor()
        server = SMTP(
            self,
            hostname="mx.sandbox.invalid",
            ident="sandbox",
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=lambda *_: AuthResult(success=True),
        )
        server.line_length_limit = LONGEST_LINE
        return server

    async def handle_RCPT(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Says no to recipients whose name asks for it; a plus tag does not hide the name."""
        fault = self._faults.take("mail", [f"RCPT {address}"])
        refusal = await self._suffer(fault, server) if fault else await self._refusal(envelope, address)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Answers 250 only when every copy is on disk."""
        fault = self._faults.take("mail", [f"DATA {envelope.mail_from}"])
        if fault is not None and fault.fault == "drop":
            return "250 2.0.0 OK accepted"
        if fault is not None and (refusal := await self._suffer(fault, server)):
            return refusal
        kept = [rcpt for rcpt in envelope.rcpt_tos if _name(rcpt) != "blackhole"]
        if kept:
            self._keep(session, envelope, kept)
        return "250 2.0.0 OK accepted"

    async def _refusal(self, envelope: Envelope, address: str) -> str | None:
        name = _name(address)
        if name == "timeout":
            await self._released.pause(LONGEST_HANG_SECONDS)
            return REFUSALS["temperror"]
        key = (envelope.mail_from or "", address)
        if name == "greylist" and key not in self._greylist:
            self._greylist.add(key)
            return GREYLISTED
        return REFUSALS.get(name)

    async def _suffer(self, fault: Fault, server: SMTP) -> str | None:
        if fault.fault == "delay":
            await self._released.pause(fault.delay_seconds)
        elif fault.fault == "reset":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return CLOSING
        elif fault.fault == "status":
            return fault.body or f"{fault.status} The sandbox was told to answer {fault.status}"
        return None

    def _keep(self, session: Session, envelope: Envelope, recipients: list[str]) -> None:
        raw = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        paths = [
            str(self._delivered(raw, domain)) for domain in sorted({_domain(rcpt) for rcpt in recipients})
        ]
        peer = f"{session.peer[0]}:{session.peer[1]}" if session.peer else ""
        self._mails.append(
            KeptMail(
                id=len(self._mails) + 1,
                at=stamp(self._clock()),
                mail_from=envelope.mail_from or "",
                rcpt_tos=recipients,
                peer=peer,
                raw=raw,
                paths=paths,
            )
        )
        self._arrived.ring()

    def _delivered(self, raw: bytes, domain: str) -> Path:
        """The file of the mail in the Maildir of its domain, synced to disk."""
        self.directory.mkdir(parents=True, exist_ok=True)
        folder = mailbox.Maildir(self.directory / domain, create=True)
        key = folder.add(raw)
        return self.directory / domain / "new" / key

    async def _list(self) -> list[dict[str, Any]]:
        return [mail.shown() for mail in self._mails]

    async def _go_down(self, order: DownOrder) -> dict[str, str]:
        self._down_until = self._clock() + timedelta(seconds=order.seconds)
        return {"until": stamp(self._down_until)}

    async def _wait(self, to: str = "", subject: str = "", timeout: float = 10.0) -> dict[str, Any]:
        """The first mail to an address with these words in its subject; 404 when none comes in time."""
        found = await self._arrived.until(lambda: self._first(to, subject), timeout)
        if found is None:
            raise HTTPException(404, f"no mail to {to or 'anyone'} about {subject!r} within {timeout:g} s")
        return found

    def _first(self, to: str, subject: str) -> dict[str, Any] | None:
        for mail in self._mails:
            shown = mail.shown()
            addressed = not to or to.lower() in (rcpt.lower() for rcpt in mail.rcpt_tos)
            if addressed and subject.lower() in shown["subject"].lower():
                return shown
        return None

    async def _raw(self, number: int) -> Response:
        for mail in self._mails:
            if mail.id == number:
                return Response(mail.raw, media_type="message/rfc822")
        raise HTTPException(404, f"no mail {number}")


def _name(address: str) -> str:
    return address.rpartition("@")[0].partition("+")[0].lower()


def _domain(address: str) -> str:
    domain = address.rpartition("@")[2].lower()
    return domain if SAFE_DOMAIN.fullmatch(domain) else "unnamed"
