"""Sections about the service itself: who the bot is, where it keeps things, what it listens on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from agent.config.values import (
    Address,
    BaseUrl,
    Count,
    Fault,
    FilePath,
    HttpUrl,
    Port,
    Seconds,
    Section,
    TimeZone,
)


class BotSection(Section):
    """Who the bot is."""

    name: str = Field("Meetbot", min_length=1, max_length=60, description="Name shown in the meeting.")
    email: Address = Field("", description="Address that people invite. Required.")
    data_dir: FilePath = Field(
        Path("var"), description="Directory for the database, evidence, recordings and browser profile."
    )
    timezone: TimeZone = Field("UTC", description="IANA time zone for times in mails and on pages.")
    language: str = Field("en", min_length=2, description="Language the bot speaks first, as in en or de.")

    def faults(self) -> Iterator[Fault]:
        """The address is the one thing nobody can guess."""
        if not self.email:
            yield Fault("email", "is missing; set the e-mail address that people will invite")


class DatabaseSection(Section):
    """Where everything is kept."""

    url: SecretStr = Field(
        SecretStr(""),
        description="sqlite:///path/to/file.db or postgresql+psycopg://user:password@host/name. "
        "Empty means SQLite in bot.data_dir.",
    )
    url_file: FilePath | None = Field(None, description="File that holds database.url.")

    def faults(self) -> Iterator[Fault]:
        """Only the two databases that are tested."""
        url = self.url.get_secret_value()
        if url and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            yield Fault("url", "must begin with sqlite:/// or postgresql+psycopg://; write one of these")


class HttpSection(Section):
    """The API and the pages."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: Port = Field(8080, description="Port to listen on; 0 takes a free one.")
    public_url: BaseUrl = Field(
        "", description="Address under which people reach the pages. Empty means http://host:port."
    )


class ApiSection(Section):
    """Who may use the API, and how much."""

    registration: Literal["open", "invite", "closed"] = Field(
        "closed", description="Who may register: anyone, people with an invite, or nobody but by the CLI."
    )
    requests_per_minute: Count = Field(60, description="Requests per minute for each API key.")
    requests_per_hour: Count = Field(1000, description="Requests per hour for each API key.")
    cors_origins: tuple[HttpUrl, ...] = Field(
        (), description="Origins whose pages may call the API from a browser, as in https://app.example.com."
    )
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses or networks of reverse proxies whose X-Forwarded-For is believed."
    )
    operator_emails: tuple[Address, ...] = Field(
        (), description="Users who see everybody's meetings and the host's metrics."
    )
    allow_private_webhooks: bool = Field(
        False,
        description="Let webhooks reach loopback and private addresses. Only for tests and closed networks.",
    )
    signing_secret: SecretStr = Field(
        SecretStr(""),
        description="Key that signs access tokens, at least 32 characters, the same on every machine. "
        "Empty means one is made in bot.data_dir.",
    )
    signing_secret_file: FilePath | None = Field(None, description="File that holds api.signing_secret.")

    def faults(self) -> Iterator[Fault]:
        """A short key can be guessed."""
        if 0 < len(self.signing_secret.get_secret_value()) < 32:
            yield Fault(
                "signing_secret", "is shorter than 32 characters; make one with: openssl rand -hex 32"
            )


class StripeSection(Section):
    """Payments; leave the secret empty when there are none."""

    webhook_secret: SecretStr = Field(SecretStr(""), description="Signing secret of the Stripe webhook.")
    webhook_secret_file: FilePath | None = Field(None, description="File that holds stripe.webhook_secret.")
    prices: dict[str, str] = Field(
        default_factory=dict, description="Stripe price id → name of the plan it buys."
    )
    requests_per_minute: dict[str, Count] = Field(
        default_factory=dict, description="Plan → requests per minute for each key, instead of the API's own."
    )
    requests_per_hour: dict[str, Count] = Field(
        default_factory=dict, description="Plan → requests per hour for each key, instead of the API's own."
    )
    meetings_per_month: dict[str, Count] = Field(
        default_factory=dict, description="Plan → meetings a month; a plan that is not named has no limit."
    )

    def plans(self) -> frozenset[str]:
        """Return the names of all plans."""
        limits = (self.requests_per_minute, self.requests_per_hour, self.meetings_per_month)
        return frozenset(self.prices.values()).union(*limits)


class RetentionSection(Section):
    """How long things are kept, in days; 0 deletes at the next nightly purge."""

    raw_mail_days: Seconds = Field(14, description="Invitation mails as received.")
    invitation_days: Seconds = Field(
        365,
        description="What invitations said and what was decided about them; never less than raw_mail_days or a week.",
    )
    transcript_days: Seconds = Field(30, description="Transcripts and captions.")
    recording_days: Seconds = Field(14, description="Recordings and evidence of failed joins.")
    summary_days: Seconds = Field(365, description="Summaries.")
    delivery_days: Seconds = Field(30, description="Bodies and attempts of mails and webhooks.")


class LoggingSection(Section):
    """What goes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level written. At debug, e-mail addresses stand in clear."
    )
    format: Literal["json", "text"] = Field("json", description="One JSON object per line, or text to read.")


class MetricsSection(Section):
    """Prometheus metrics, on a port of their own."""

    enabled: bool = Field(False, description="Serve /metrics.")
    host: str = Field(
        "127.0.0.1", min_length=1, description="Address to listen on; keep it off the internet."
    )
    port: Port = Field(9464, description="Port to listen on; 0 takes a free one.")
