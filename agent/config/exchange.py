"""Sections about what comes in and goes out: invitations, transcripts, summaries, mail, webhooks."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, SecretStr

from agent.config.values import (
    Address,
    BaseUrl,
    Count,
    Fault,
    FilePath,
    HttpUrl,
    Interval,
    Port,
    Seconds,
    Section,
    Senders,
    Version,
)

LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


class SmtpIntakeSection(Section):
    """Invitations by mail: a small SMTP server for the bot's address."""

    enabled: bool = Field(True, description="Receive mail.")
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: Port = Field(
        2525,
        description="Port to listen on; 0 takes a free one. A socket handed over by systemd comes first.",
    )
    tls_cert_file: FilePath | None = Field(
        None, description="Certificate chain (PEM); with the key, STARTTLS."
    )
    tls_key_file: FilePath | None = Field(None, description="Private key (PEM).")

    def faults(self) -> Iterator[Fault]:
        """A certificate needs its key."""
        if self.tls_cert_file and not self.tls_key_file:
            yield Fault("tls_key_file", "is missing beside tls_cert_file; set both or none")
        if self.tls_key_file and not self.tls_cert_file:
            yield Fault("tls_cert_file", "is missing beside tls_key_file; set both or none")


class GoogleCalendarSection(Section):
    """Invitations by polling the bot's Google Calendar."""

    enabled: bool = Field(False, description="Poll the calendar.")
    calendar_id: str = Field("primary", min_length=1, description="Calendar to read.")
    credentials_file: FilePath | None = Field(
        None, description="JSON of a service account, or of OAuth user credentials."
    )
    subject: str = Field("", description="User a service account acts for (domain-wide delegation).")
    more_calendars: tuple[str, ...] = Field((), description="Further calendars to read, by their ids.")
    poll_seconds: Interval = Field(30.0, description="Seconds between two looks.")
    push: bool = Field(
        False,
        description="Have Google tell of changes at once. Needs an http.public_url with https that Google can reach.",
    )
    api_endpoint: HttpUrl = Field("https://www.googleapis.com/calendar/v3/", description="Base of the API.")

    def faults(self) -> Iterator[Fault]:
        """Without credentials Google answers nothing."""
        if self.enabled and self.credentials_file is None:
            yield Fault("credentials_file", "is missing; set the path of the credentials, or enabled = false")


class InvitesSection(Section):
    """Who may invite the bot. Registered users always may."""

    allow: tuple[Senders, ...] = Field(
        (),
        description='Further inviters: addresses, domains, or "*" for anyone. Others are held for an operator.',
    )
    verify: Literal["report", "enforce", "off"] = Field(
        "report",
        description="What becomes of DKIM, SPF and DMARC verdicts: written down, obeyed, not computed.",
    )
    reply: bool = Field(True, description="Answer invitations: accepted or declined.")
    exclude_keywords: tuple[str, ...] = Field(
        (), description="Words in a title that keep the bot away, without regard to case."
    )
    joins_per_day: int = Field(
        20, ge=0, description="Meetings a day that one inviter may have the bot in; 0 means any number."
    )
    concurrent: int = Field(
        3, ge=0, description="Meetings at the same time that one inviter may have it in; 0 means any number."
    )


class OkoroSection(Section):
    """The proxy to Google Meet's records."""

    proxy_url: BaseUrl = Field("https://okoro.ai/p/google-meet", description="Base of the proxied Meet API.")
    token_url: BaseUrl = Field("https://okoro.ai/t/tokens", description="Where operation tokens are had.")
    service_token: SecretStr = Field(
        SecretStr(""), description="Service token; never sent to the proxy. Empty means no Meet transcripts."
    )
    service_token_file: FilePath | None = Field(None, description="File that holds okoro.service_token.")


class TranscriptSection(Section):
    """Where the words come from after the call."""

    sources: tuple[Literal["meet", "captions", "recording"], ...] = Field(
        ("meet", "captions"),
        description="Sources in order of preference; recording needs summary.transcription_model.",
    )
    request_automatic: bool = Field(
        False,
        description="Ask Meet before each meeting to transcribe it by itself; needs okoro's scope write.",
    )
    wait_hours: Seconds = Field(
        6.0, description="How long to wait for Meet's transcript before the next source."
    )
    poll_seconds: tuple[Interval, ...] = Field(
        (60.0, 120.0, 300.0, 600.0), min_length=1, description="Seconds between looks; the last repeats."
    )


class SummarySection(Section):
    """How a transcript becomes a summary."""

    engine: Literal["openai", "extractive"] = Field(
        "extractive",
        description="openai: any OpenAI-compatible server. extractive: built in, needs no model.",
    )
    base_url: BaseUrl = Field("https://api.openai.com/v1", description="Base of the OpenAI-compatible API.")
    model: str = Field("", description="Name of the model; required for the openai engine.")
    api_key: SecretStr = Field(SecretStr(""), description="Key for it; a local server may need none.")
    api_key_file: FilePath | None = Field(None, description="File that holds summary.api_key.")
    template: str = Field(
        "auto", description="Kind of summary; auto chooses by the meeting's title and length."
    )
    templates_dir: FilePath | None = Field(
        None, description="Directory of your own templates, one TOML file for each kind of meeting."
    )
    drop_unverified: bool = Field(
        False,
        description="Leave out statements that the transcript does not bear out, instead of marking them.",
    )
    language: str = Field("", description="Language to write in. Empty means the language of the meeting.")
    timeout_seconds: Interval = Field(120.0, description="Longest wait for one answer of the model.")
    transcription_model: str = Field(
        "",
        description="Model of the audio endpoint at base_url that puts recordings into words, as in whisper-1. "
        "Empty: Meet's transcript or the captions serve.",
    )
    input_price: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="What a million tokens read cost, in any currency, for the cost figures.",
    )
    output_price: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="What a million tokens written cost."
    )
    window_tokens: Count = Field(
        32000, description="What the model can read at once; longer meetings are split."
    )

    def faults(self) -> Iterator[Fault]:
        """A server has many models."""
        if self.engine == "openai" and not self.model:
            yield Fault("model", 'is missing; name the model, or set engine = "extractive"')


class MailSection(Section):
    """The mail server that takes what the bot sends."""

    host: str = Field("127.0.0.1", min_length=1, description="Mail server.")
    port: Port = Field(25, description="Its port: 25, 587 for starttls, 465 for tls.")
    security: Literal["none", "starttls", "tls"] = Field(
        "none", description="How the connection is protected."
    )
    username: str = Field("", description="User name; empty means no sign-in.")
    password: SecretStr = Field(SecretStr(""), description="Password.")
    password_file: FilePath | None = Field(None, description="File that holds mail.password.")
    sender: Address = Field("", alias="from", description="From address. Empty means bot.email.")

    def faults(self) -> Iterator[Fault]:
        """A password goes over no open line."""
        if self.username and self.security == "none" and self.host not in LOCAL_HOSTS:
            yield Fault("security", 'would send the password in clear; set "starttls" or "tls"')


class RecapSection(Section):
    """Who gets the recap, and when."""

    recipients: Literal["inviter", "attended", "internal", "invited"] = Field(
        "inviter",
        description="inviter; attended: invited people who came; internal: those of the inviter's domain; "
        "invited: all. Never those who declined.",
    )
    hold_minutes: Seconds = Field(
        0.0, description="Minutes to hold the recap back, so that it can be stopped."
    )
    domains: tuple[Senders, ...] = Field(
        (), description="Domains that count as inside beside the inviter's own, as in example.com."
    )
    link_days: Seconds = Field(30.0, description="Days for which the links in a recap open the transcript.")


class WebhookSection(Section):
    """One endpoint that hears of events. Repeat the section for more."""

    url: HttpUrl = Field("", description="Where to post. Required.")
    secret: SecretStr = Field(SecretStr(""), description="Signs the deliveries. Required.")
    secret_file: FilePath | None = Field(None, description="File that holds the secret.")
    events: tuple[str, ...] = Field(
        (), description="Events to send. Empty means every event of the jobs family."
    )
    version: Version = Field(2, description="Version of the payload.")

    def faults(self) -> Iterator[Fault]:
        """A receiver must be able to tell our posts from anybody's."""
        if not self.url:
            yield Fault("url", "is missing; set the address to post to, or remove the section")
        if not self.secret.get_secret_value():
            yield Fault(
                "secret", "is missing; set the secret that signs deliveries, at least 24 random characters"
            )
