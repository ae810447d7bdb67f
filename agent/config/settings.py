"""Everything an operator can set, as one frozen value: read once by `load`, handed down in parts."""

from pydantic import Field

from agent.config.exchange import (
    GoogleCalendarSection,
    InvitesSection,
    MailSection,
    OkoroSection,
    RecapSection,
    SmtpIntakeSection,
    SummarySection,
    TranscriptSection,
    WebhookSection,
)
from agent.config.meeting import (
    AutoLeaveSection,
    BrowserSection,
    CaptionsSection,
    ConsentSection,
    MeetSection,
    RecordingSection,
    RivalsSection,
)
from agent.config.service import (
    ApiSection,
    BotSection,
    DatabaseSection,
    HttpSection,
    LoggingSection,
    MetricsSection,
    RetentionSection,
    StripeSection,
)
from agent.config.values import Section


class Settings(Section):
    """All sections. Durations carry their unit in the name and take fractions."""

    bot: BotSection = Field(default_factory=BotSection)
    database: DatabaseSection = Field(default_factory=DatabaseSection)
    http: HttpSection = Field(default_factory=HttpSection)
    smtp_intake: SmtpIntakeSection = Field(default_factory=SmtpIntakeSection)
    google_calendar: GoogleCalendarSection = Field(default_factory=GoogleCalendarSection)
    invites: InvitesSection = Field(default_factory=InvitesSection)
    meet: MeetSection = Field(default_factory=MeetSection)
    browser: BrowserSection = Field(default_factory=BrowserSection)
    consent: ConsentSection = Field(default_factory=ConsentSection)
    rivals: RivalsSection = Field(default_factory=RivalsSection)
    auto_leave: AutoLeaveSection = Field(default_factory=AutoLeaveSection)
    captions: CaptionsSection = Field(default_factory=CaptionsSection)
    recording: RecordingSection = Field(default_factory=RecordingSection)
    okoro: OkoroSection = Field(default_factory=OkoroSection)
    transcript: TranscriptSection = Field(default_factory=TranscriptSection)
    summary: SummarySection = Field(default_factory=SummarySection)
    mail: MailSection = Field(default_factory=MailSection)
    recap: RecapSection = Field(default_factory=RecapSection)
    webhooks: tuple[WebhookSection, ...] = ()
    api: ApiSection = Field(default_factory=ApiSection)
    stripe: StripeSection = Field(default_factory=StripeSection)
    retention: RetentionSection = Field(default_factory=RetentionSection)
    logging: LoggingSection = Field(default_factory=LoggingSection)
    metrics: MetricsSection = Field(default_factory=MetricsSection)

    @property
    def database_url(self) -> str:
        """The database's URL, SQLite in the data directory when none is set."""
        path = self.bot.data_dir.absolute() / "meetbot.db"
        return self.database.url.get_secret_value() or f"sqlite:///{path}"

    @property
    def public_url(self) -> str:
        """Where people reach the pages, without a slash at the end."""
        return self.http.public_url or f"http://{self.http.host}:{self.http.port}"

    @property
    def mail_sender(self) -> str:
        """The From address of what the bot sends."""
        return self.mail.sender or self.bot.email

    @property
    def lobby_seconds(self) -> float:
        """How long one knock waits for an answer."""
        return min(self.meet.lobby_seconds, self.auto_leave.lobby_seconds)
