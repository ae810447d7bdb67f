"""The SMTP server: one mail in, durably stored, then `250`. It parses nothing but SMTP itself."""

import asyncio
import logging
import re
import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as SmtpEnvelope

from agent.errors import MeetbotError, Misconfigured
from agent.model.invite import Envelope
from agent.ports import Door
from agent.rules.lockout import sender

_TROUBLE = "451 4.3.0 Cannot take the mail now, please try again later"
_COMMANDS = {"NOOP": 30, "RSET": 100, "VRFY": 20, "HELP": 5, "EHLO": 10, "HELO": 10, "STARTTLS": 3, "*": 1000}
_DRAIN_SECONDS = 5.0
_MAX_ANSWER = 500
# The library makes a class and a tree of tokens for each address, a quarter of what the whole door costs.
_PLAIN_ADDRESS = re.compile(
    r"<((?=[^@]{1,64}@)[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)>"
    r"(?: ([\w= -]*))?",
    re.ASCII,
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client, and all of them, may use. Loopback peers (a relay in front) are bound by `connections` only."""

    mail_bytes: int = 10 * 1024 * 1024
    line_bytes: int = 64 * 1024
    unended_line_bytes: int = 1024 * 1024
    recipients: int = 20
    connections: int = 100
    connections_per_peer: int = 10
    connections_per_peer_and_minute: int = 30
    mails_per_connection: int = 20
    session_seconds: float = 600.0
    idle_seconds: float = 300.0
    trust_loopback: bool = True


class SmtpIntake:
    """Takes mail for `door` on host:port, or on sockets that systemd handed over.

    `tls_cert_file` and `tls_key_file` (PEM) switch STARTTLS on. `hostname` is what the banner says.
    """

    def __init__(
        self,
        host: str,
        port: int,
        door: Door,
        *,
        tls_cert_file: str = "",
        tls_key_file: str = "",
        sockets: Sequence[socket.socket] | None = None,
        hostname: str = "localhost",
        limits: Limits | None = None,
    ) -> None:
        self._host = host
        self._wanted_port = port
        self._door = door
        self._tls_files = (tls_cert_file, tls_key_file)
        self._sockets = tuple(sockets or ())
        self._hostname = hostname
        self._limits = limits or Limits()
        self._gate = _Gate(self._limits)
        self._servers: list[asyncio.Server] = []

    @property
    def port(self) -> int:
        """The port listened on; the real one when 0 was asked for."""
        for server in self._servers:
            for listener in server.sockets:
                return int(listener.getsockname()[1])
        return self._wanted_port

    async def start(self) -> None:
        """Listen. Raises `Misconfigured` when the address is taken or the certificate cannot be used."""
        logging.getLogger("mail.log").setLevel(
            logging.WARNING
        )  # the library logs every command with its addresses
        tls = self._tls_context()
        loop = asyncio.get_running_loop()

        def session() -> asyncio.BaseProtocol:
            return cast(
                asyncio.BaseProtocol,
                _Session(self._door, self._gate, self._limits, self._hostname, tls, loop),
            )

        try:
            if self._sockets:
                self._servers = [await loop.create_server(session, sock=one) for one in self._sockets]
            else:
                self._servers = [
                    await loop.create_server(session, self._host, self._wanted_port, backlog=128)
                ]
        except OSError as fault:
            raise Misconfigured(
                f"Cannot listen for mail on {self._host}:{self._wanted_port} ({fault.strerror or fault}). "
                "Stop the other program on that port, or set smtp_intake.port to a free one."
            ) from fault

    async def stop(self) -> None:
        """Stop listening, give sessions a few seconds to end, close the rest. What was answered 250 stays stored."""
        for server in self._servers:
            server.close()
        self._servers = []
        await self._gate.drain(_DRAIN_SECONDS)

    def _tls_context(self) -> ssl.SSLContext | None:
        certificate, key = self._tls_files
        if not certificate:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(certificate, key or None)
        except (OSError, ssl.SSLError) as fault:
            raise Misconfigured(
                f"The mail certificate {certificate} cannot be used ({fault}). "
                "Set smtp_intake.tls_cert_file and tls_key_file to a readable PEM pair, or leave both empty."
            ) from fault
        return context


class _Gate:
    """Counts who is connected and says who may."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: dict[str, set[_Session]] = defaultdict(set)
        self._recent: dict[str, deque[float]] = defaultdict(deque)
        self._idle = asyncio.Event()
        self._idle.set()

    def trusts(self, peer: str) -> bool:
        """Tell whether `peer` is this machine, hence a relay that has limits of its own."""
        with suppress(ValueError):
            address = ip_address(peer)
            return (
                self._limits.trust_loopback and (getattr(address, "ipv4_mapped", None) or address).is_loopback
            )
        return False

    def admit(self, session: "_Session", now: float) -> bool:
        """Count the session in and return True, or return False. `now` is monotonic."""
        peer = sender(session.peer_host)
        if sum(map(len, self._open.values())) >= self._limits.connections:
            return False
        if not self.trusts(session.peer_host) and not self._in_measure(peer, now):
            return False
        self._open[peer].add(session)
        self._idle.clear()
        return True

    def leave(self, session: "_Session") -> None:
        """Count the session out. Safe to call more than once."""
        peer = sender(session.peer_host)
        sessions = self._open.get(peer, set())
        sessions.discard(session)
        if not sessions:
            self._open.pop(peer, None)
        if not self._open:
            self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Wait until every mail under way is stored, then close all sessions."""
        for session in [one for sessions in self._open.values() for one in sessions]:
            session.close_when_idle()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        for session in [one for sessions in self._open.values() for one in sessions]:
            session.abort()

    def _in_measure(self, peer: str, now: float) -> bool:
        for other, times in list(self._recent.items()):
            while times and times[0] < now - 60:
                times.popleft()
            if not times:
                del self._recent[other]
        recent = self._recent[peer]
        if len(recent) >= self._limits.connections_per_peer_and_minute:
            return False
        recent.append(now)
        return len(self._open.get(peer, ())) < self._limits.connections_per_peer


class _Session(SMTP):
    """One connection. Adds to the library's protocol what bounds its memory and time, and our answers."""

    def __init__(
        self,
        door: Door,
        gate: _Gate,
        limits: Limits,
        hostname: str,
        tls: ssl.SSLContext | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.line_length_limit = limits.line_bytes
        super().__init__(
            _Answers(door, gate, limits),
            data_size_limit=limits.mail_bytes,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="ESMTP",
            tls_context=tls,
            timeout=limits.idle_seconds,
            command_call_limit=dict(_COMMANDS),
            loop=loop,
        )
        self._gate = gate
        self._limits = limits
        self._admitted = False
        self._in_mail = 0
        self._in_line = 0
        self._end: asyncio.TimerHandle | None = None
        self.peer_host = ""
        self.storing = False
        self.closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or turn it away before anything is allocated for it."""
        if self._admitted:  # the same connection, now encrypted
            super().connection_made(transport)
            return
        peer = transport.get_extra_info("peername")
        self.peer_host = str(peer[0]) if isinstance(peer, tuple) else "local"
        if not self._gate.admit(self, self.loop.time()):
            stream = cast(asyncio.Transport, transport)
            stream.write(b"421 4.7.0 Too many connections, please try again later\r\n")
            stream.close()
            return
        self._admitted = True
        self._end = self.loop.call_later(self._limits.session_seconds, self.abort)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        self._gate.leave(self)
        if self._end is not None:
            self._end.cancel()
        if self._admitted and self.transport is not None:
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Pass the end of the client's stream on, unless it was turned away."""
        return super().eof_received() if self._admitted else False

    def data_received(self, data: bytes) -> None:
        """Count before buffering: the library itself would keep a line without an end, however long."""
        if not self._admitted:
            return
        cut = data.rfind(b"\n")
        self._in_line = self._in_line + len(data) if cut < 0 else len(data) - cut - 1
        self._in_mail += len(data)
        if self._in_line > self._limits.unended_line_bytes:
            self._refuse(b"500 5.2.3 Line too long\r\n")
        elif self._in_mail > 2 * self._limits.mail_bytes + self._limits.line_bytes:
            self._refuse(b"552 5.3.4 Mail too large\r\n")
        else:
            super().data_received(data)

    async def push(self, status: str | bytes) -> None:
        """Answer. The library repeats what the client said; controls and broken text in it are not sent back."""
        text = status.decode("utf-8", "replace") if isinstance(status, bytes) else status
        await super().push(_UNPRINTABLE.sub("?", text)[:_MAX_ANSWER].encode("utf-8", "replace"))

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read an address and what follows it; the library reads what is written in any but the usual way."""
        plain = _PLAIN_ADDRESS.fullmatch(arg) if len(arg) <= _MAX_ANSWER else None
        return (plain[1], plain[2] or "") if plain else super()._getaddr(arg)

    def mail_over(self) -> None:
        """Start counting anew: a mail was begun, taken or refused."""
        self._in_mail = 0

    def close_when_idle(self) -> None:
        """Close now, or once the mail being stored is answered."""
        self.closing = True
        if not self.storing:
            self.abort()

    def abort(self) -> None:
        """Close the connection as it is."""
        if self.transport is not None:
            self.transport.close()

    def _refuse(self, answer: bytes) -> None:
        stream = cast("asyncio.Transport | None", self.transport)
        if stream is not None and not stream.is_closing():
            stream.write(answer)
            stream.close()


class _Answers:
    """What we say to each command of one connection; hooks of the library, named by it."""

    def __init__(self, door: Door, gate: _Gate, limits: Limits) -> None:
        self._door = door
        self._gate = gate
        self._limits = limits
        self._mails = 0

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, server: _Session, session: Session, envelope: SmtpEnvelope, address: str, options: list[str]
    ) -> str:
        """Take the sender; the null sender is one."""
        if self._mails >= self._limits.mails_per_connection and not self._gate.trusts(server.peer_host):
            return "421 4.7.0 Too many mails on one connection, please connect again"
        if not _is_storable(address):
            return "553 5.1.7 Malformed sender address"
        server.mail_over()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: _Session, session: Session, envelope: SmtpEnvelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient that is ours."""
        if len(envelope.rcpt_tos) >= self._limits.recipients:
            return "452 4.5.3 Too many recipients"
        if not _is_storable(address) or not self._door.knows(address):
            return "550 5.1.1 No such recipient here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: _Session, session: Session, envelope: SmtpEnvelope
    ) -> str:
        """Store the mail; 250 only once it is durable."""
        self._mails += 1
        server.mail_over()
        mail = Envelope(
            mail_from="" if envelope.mail_from == "<>" else envelope.mail_from or "",
            rcpt_to=tuple(dict.fromkeys(envelope.rcpt_tos)),
            peer=server.peer_host,
            helo=(session.host_name or "").encode("utf-8", "replace").decode()[:255],
            tls=session.ssl is not None,
        )
        server.storing = True
        try:
            # A client that hangs up now must not interrupt the commit half-way.
            queue_id = await asyncio.shield(self._door.accept(mail, bytes(envelope.original_content or b"")))
        except MeetbotError as fault:
            log.warning("mail not stored: %s", fault.full)
            return _TROUBLE
        except Exception:  # any failure of ours must make the sender keep the mail
            log.exception("mail not stored")
            return _TROUBLE
        finally:
            server.storing = False
            if server.closing:
                server.loop.call_soon(server.abort)
        return f"250 2.0.0 queued as {queue_id}"

    async def handle_exception(self, error: Exception) -> str:
        """Answer a fault of the protocol itself without its text."""
        log.warning("SMTP session failed: %s", type(error).__name__)
        return _TROUBLE

    async def handle_VRFY(  # noqa: N802 - the library's name
        self, server: _Session, session: Session, envelope: SmtpEnvelope, address: Any
    ) -> str:
        """Tell nothing about who is known."""
        return "252 2.1.5 Cannot verify, but will take mail for known recipients"


def _is_storable(address: str) -> bool:
    """Tell whether an address is valid Unicode without controls; undecodable bytes arrive as surrogates."""
    return (len(address) <= 320 and address.isprintable()) or address == "<>"
