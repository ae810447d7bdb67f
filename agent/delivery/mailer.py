"""The outgoing mail server, by SMTP.

Until the server has looked at the mail itself nothing is final: no connection, no TLS, a refused password are all
temporary for the mail, so that it waits while the operator mends what `check` names.
"""

import ssl
from contextlib import suppress
from typing import Literal

import aiosmtplib

from agent.errors import Invalid, Misconfigured, Temporary
from agent.model.letter import Mail
from agent.rules.mailboxes import is_address

Security = Literal["none", "starttls", "tls"]
PERMANENT = 500
GOODBYE_SECONDS = 2.0


class SmtpMailer:
    """Sends each mail over a connection of its own, as `ports.Mailer` says."""

    def __init__(
        self,
        host: str,
        port: int,
        security: Security,
        username: str = "",
        password: str = "",
        timeout_seconds: float = 30.0,
        *,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port, self._security = host, port, security
        self._username, self._password = username, password
        self._timeout_seconds = timeout_seconds
        self._trust = trust

    async def send(self, mail: Mail) -> str:
        """Hand the mail over and return the server's answer, which names recipients it refused beside accepted ones.

        Raises `Temporary` when another try may help, `Invalid` when the server refused the mail or all recipients
        for good.
        """
        if not all(is_address(one) for one in mail.recipients):
            raise Invalid("This mail has an address that cannot be written to.", full=repr(mail.recipients))
        server = self._server()
        try:
            await server.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Temporary("The mail server cannot be used now.", full=self._at(error)) from error
        try:
            refused, answer = await server.sendmail(mail.envelope_from, mail.recipients, mail.raw)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._refusal(error) from error
        finally:
            await _hang_up(server)
        return "; ".join(
            (answer, *(f"{who} refused: {code} {text}" for who, (code, text) in refused.items()))
        )

    async def check(self) -> str:
        """Sign in without sending and return what was found. Raises `Misconfigured`, which says what to do."""
        server = self._server()
        try:
            await server.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Misconfigured(self._advice(error), full=self._at(error)) from error
        await _hang_up(server)
        signed_in = f", signed in as {self._username}" if self._username else ""
        return f"{self._host}:{self._port} answers (security {self._security}{signed_in})"

    def _server(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            use_tls=self._security == "tls",
            start_tls=self._security == "starttls",
            username=self._username or None,
            password=self._password or None,
            timeout=self._timeout_seconds,
            tls_context=self._trust,
        )

    def _refusal(self, error: Exception) -> Invalid | Temporary:
        full = self._at(error)
        codes = _codes(error)
        if codes and min(codes) >= PERMANENT:
            return Invalid(f"The mail server refused the mail for good ({codes[0]}).", full=full)
        return Temporary("The mail server did not take the mail now.", full=full)

    def _advice(self, error: Exception) -> str:
        where = f"{self._host}:{self._port}"
        if isinstance(error, aiosmtplib.SMTPAuthenticationError):
            return f"{where} refused the user name or password. Correct mail.username and mail.password."
        if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
            return f"TLS with {where} failed ({error}). Correct mail.security or the server's certificate."
        if isinstance(error, aiosmtplib.SMTPConnectError | aiosmtplib.SMTPTimeoutError | OSError):
            return (
                f"No mail server answers at {where} ({error}). Correct mail.host and mail.port, or start it."
            )
        return f"{where} cannot be used ({error}). Correct mail.security, mail.username and mail.password."

    def _at(self, error: Exception) -> str:
        return f"{self._host}:{self._port}: {type(error).__name__}: {error}"


async def _hang_up(server: aiosmtplib.SMTP) -> None:
    """Say goodbye; what was accepted stays accepted whatever becomes of the goodbye."""
    with suppress(aiosmtplib.SMTPException, OSError):
        await server.quit(timeout=GOODBYE_SECONDS)
    server.close()


def _codes(error: Exception) -> list[int]:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return [refusal.code for refusal in error.recipients]
    return [error.code] if isinstance(error, aiosmtplib.SMTPResponseException) else []
