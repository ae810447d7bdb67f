"""The one place that chooses adapters and hands them down."""

from dataclasses import dataclass
from importlib import import_module
from socket import gethostname

from agent.config.settings import Settings
from agent.delivery.hooks import GuardedHooks
from agent.delivery.letters import LetterWriter
from agent.delivery.mailer import SmtpMailer
from agent.engine import Engine
from agent.errors import Misconfigured
from agent.ingest.client import IngestClient
from agent.invites.reader import LimitedReader
from agent.lifecycle.aftermath.harvest import SUMMARISE, GetWords
from agent.lifecycle.aftermath.summarise import Summarise
from agent.lifecycle.aftermath.transcribe import TRANSCRIBE, Transcribe
from agent.lifecycle.aftermath.transcription import REQUEST, RequestTranscription
from agent.lifecycle.attendance.attend import Attend
from agent.lifecycle.attendance.ending import HARVEST
from agent.lifecycle.commands import Commands
from agent.lifecycle.house import BOTS_QUEUE, JOBS_QUEUE, MAIL_QUEUE, Habits, House
from agent.lifecycle.invitations.explain import Explain
from agent.lifecycle.invitations.handed_in import TAKE, HandedInvitations
from agent.lifecycle.invitations.held import HeldInvitations
from agent.lifecycle.invitations.horizon import ROLL, Horizon
from agent.lifecycle.invitations.intake import READ, Intake
from agent.lifecycle.invitations.polling import POLL, RESPOND, Polling
from agent.lifecycle.invitations.reading import READ_AT_ONCE
from agent.lifecycle.outbox import DELIVER, Deliver
from agent.lifecycle.people.accounts import Accounts
from agent.lifecycle.plan import ATTEND
from agent.lifecycle.queries import Queries
from agent.lifecycle.remote.house_clock import HouseClock
from agent.lifecycle.remote.worker import Worker
from agent.lifecycle.upkeep.janitor import Janitor
from agent.lifecycle.upkeep.sweep import Sweep
from agent.meet.adapter import BrowserMeet
from agent.model.billing import Plan
from agent.okoro.client import OkoroClient
from agent.okoro.harvest import ProxyTranscripts
from agent.ports import Answerer, CalendarFeed, Clock, Summariser
from agent.rules.rivals import unsafe
from agent.rules.standing import CallHabits
from agent.rules.tallies import Prices
from agent.store.database import Database
from agent.summary.adapter import ExtractiveSummariser, OpenAISummariser
from agent.summary.answering import OpenAIAnswerer
from agent.summary.listening import OpenAITranscriber
from agent.summary.quoting import QuotingAnswerer

SWEEP = "sweep"
PURGE = "purge"
JOBS_AT_ONCE = 20
WAITING_AT_ONCE = 10  # runs that find no place say so and are put back, so they need room of their own


@dataclass(frozen=True, slots=True)
class App:
    """The assembled program: what the daemon starts and stops, and what web and CLI talk to."""

    settings: Settings
    house: House
    accounts: Accounts
    commands: Commands
    queries: Queries
    intake: Intake
    held: HeldInvitations
    explain: Explain
    proxy: OkoroClient
    hooks: GuardedHooks
    reader: LimitedReader


@dataclass(frozen=True, slots=True)
class WorkerApp:
    """A worker without a database: the server it works for, its browsers, and the bots in them."""

    lender: IngestClient
    meet: BrowserMeet
    worker: Worker


def habits(settings: Settings) -> Habits:
    """Return the settings that the life of a job depends on."""
    return Habits(
        bot_name=settings.bot.name,
        bot_email=settings.bot.email.lower(),
        timezone=settings.bot.timezone,
        language=settings.bot.language,
        data_dir=settings.bot.data_dir,
        public_url=settings.public_url,
        meet_url=settings.meet.url,
        join_early_seconds=settings.meet.join_early_seconds,
        join_attempts=settings.meet.join_attempts,
        worker_silence_seconds=settings.browser.worker_silence_seconds,
        invites_allow=settings.invites.allow,
        invites_verify=settings.invites.verify,
        invites_reply=settings.invites.reply,
        invites_joins_per_day=settings.invites.joins_per_day,
        invites_concurrent=settings.invites.concurrent,
        calendar_push=settings.google_calendar.push,
        exclude_keywords=settings.invites.exclude_keywords,
        call=_call_habits(settings),
        transcript_sources=settings.transcript.sources,
        meet_records=bool(settings.okoro.service_token.get_secret_value()),
        transcript_wait_hours=settings.transcript.wait_hours,
        transcript_poll_seconds=settings.transcript.poll_seconds,
        request_transcription=settings.transcript.request_automatic,
        summary_template=settings.summary.template,
        summary_language=settings.summary.language,
        recap_recipients=settings.recap.recipients,
        recap_hold_minutes=settings.recap.hold_minutes,
        recap_domains=settings.recap.domains,
        recap_link_days=settings.recap.link_days,
        transcript_days=settings.retention.transcript_days,
        summary_days=settings.retention.summary_days,
        raw_mail_days=settings.retention.raw_mail_days,
        invitation_days=settings.retention.invitation_days,
        recording_days=settings.retention.recording_days,
        delivery_days=settings.retention.delivery_days,
        operator_emails=settings.api.operator_emails,
        registration=settings.api.registration,
        prices=Prices(settings.summary.input_price, settings.summary.output_price),
        signing_secret=settings.api.signing_secret.get_secret_value(),
        stripe_secret=settings.stripe.webhook_secret.get_secret_value(),
        stripe_prices=settings.stripe.prices,
        plans={name: _plan(settings, name) for name in settings.stripe.plans()},
    )


def _call_habits(settings: Settings) -> CallHabits:
    """Return how the bot behaves in a call. Raises `Misconfigured` for a pattern that is not run on strangers' names."""
    leave, consent, rivals = settings.auto_leave, settings.consent, settings.rivals
    for pattern in rivals.extra_patterns:
        if why := unsafe(pattern):
            raise Misconfigured(f"rivals.extra_patterns: {pattern!r} {why}; write a simpler pattern")
    return CallHabits(
        consent_policy=consent.policy,
        answer_seconds=consent.answer_seconds,
        on_no_answer=consent.on_no_answer,
        who=consent.who,
        rivals_policy=rivals.policy,
        rivals_grace_seconds=rivals.grace_seconds,
        rivals_extra_patterns=rivals.extra_patterns,
        rivals_allow=rivals.allow,
        lobby_seconds=settings.lobby_seconds,
        nobody_seconds=leave.nobody_seconds,
        alone_seconds=leave.alone_seconds,
        bots_only_seconds=leave.bots_only_seconds,
        bots_only_after_seconds=leave.bots_only_after_seconds,
        silence_seconds=leave.silence_seconds,
        silence_after_seconds=leave.silence_after_seconds,
        max_overrun_minutes=leave.max_overrun_minutes,
        max_seconds=leave.max_seconds,
        captions_enabled=settings.captions.enabled,
        caption_language=settings.captions.language,
        recording=settings.recording.mode,
        nudge_seconds=settings.meet.nudge_seconds,
    )


def _plan(settings: Settings, name: str) -> Plan:
    stripe = settings.stripe
    return Plan(
        requests_per_minute=stripe.requests_per_minute.get(name),
        requests_per_hour=stripe.requests_per_hour.get(name),
        meetings_per_month=stripe.meetings_per_month.get(name),
    )


def build(settings: Settings, clock: Clock) -> App:
    """Assemble the program. Nothing is opened or started yet."""
    database = Database(settings.database_url)
    bots_at_once = settings.browser.max_bots + WAITING_AT_ONCE
    queues = {BOTS_QUEUE: bots_at_once, JOBS_QUEUE: JOBS_AT_ONCE, MAIL_QUEUE: READ_AT_ONCE}
    engine = Engine(database, queues=queues, seldom={MAIL_QUEUE})
    okoro = settings.okoro
    proxy = OkoroClient(okoro.proxy_url, okoro.token_url, okoro.service_token.get_secret_value(), clock=clock)
    hooks = GuardedHooks(allow_private=settings.api.allow_private_webhooks)
    reader = LimitedReader(meet_url=settings.meet.url, default_timezone=settings.bot.timezone)
    house = House(
        database=database,
        engine=engine,
        clock=clock,
        meet=_meet(settings, clock),
        transcripts=ProxyTranscripts(
            proxy, clock=clock, settle_seconds=max(settings.transcript.poll_seconds)
        ),
        summariser=_summariser(settings),
        letters=LetterWriter(settings.mail_sender, settings.bot.name, settings.public_url, clock.now),
        mailer=_mailer(settings),
        hooks=hooks,
        reader=reader,
        habits=habits(settings),
        calendars=_calendars(settings),
        transcriber=_transcriber(settings),
        answerer=_answerer(settings),
    )
    intake = Intake(house)
    _name_jobs(engine, house, intake)
    return App(
        settings=settings,
        house=house,
        accounts=Accounts(house),
        commands=Commands(house),
        queries=Queries(house),
        intake=intake,
        held=HeldInvitations(house),
        explain=Explain(house),
        proxy=proxy,
        hooks=hooks,
        reader=reader,
    )


def build_worker(settings: Settings, clock: Clock, *, server: str, token: str, places: int) -> WorkerApp:
    """Assemble a worker for the bots of a server elsewhere. Nothing is opened or started yet."""
    browser = settings.browser.model_copy(update={"max_bots": places})
    house_clock, lender = HouseClock(clock), IngestClient(server, token)
    # Apart from a server's on the same machine, whose browsers are not to be swept.
    bot = settings.bot.model_copy(update={"data_dir": settings.bot.data_dir / "worker"})
    meet = _meet(settings.model_copy(update={"browser": browser, "bot": bot}), house_clock)
    return WorkerApp(lender, meet, Worker(lender, meet, house_clock, gethostname(), places))


def _name_jobs(engine: Engine, house: House, intake: Intake) -> None:
    polling = Polling(house, intake)
    engine.handles(ATTEND, Attend(house, polling.recheck), queue=BOTS_QUEUE, hears=True)
    engine.handles(READ, intake.read, queue=MAIL_QUEUE)
    engine.handles(TAKE, HandedInvitations(house, intake).decided, queue=JOBS_QUEUE)
    engine.handles(POLL, polling, queue=JOBS_QUEUE)
    engine.handles(RESPOND, polling.respond, queue=JOBS_QUEUE)
    engine.handles(ROLL, Horizon(house, intake), queue=JOBS_QUEUE)
    engine.handles(HARVEST, GetWords(house), queue=JOBS_QUEUE)
    engine.handles(SUMMARISE, Summarise(house), queue=JOBS_QUEUE)
    engine.handles(TRANSCRIBE, Transcribe(house), queue=JOBS_QUEUE)
    engine.handles(REQUEST, RequestTranscription(house), queue=JOBS_QUEUE)
    engine.handles(DELIVER, Deliver(house), queue=JOBS_QUEUE)
    engine.handles(SWEEP, Sweep(house), queue=JOBS_QUEUE)
    engine.handles(PURGE, Janitor(house), queue=JOBS_QUEUE)


def _calendars(settings: Settings) -> tuple[CalendarFeed, ...]:
    chosen = settings.google_calendar
    if not chosen.enabled or chosen.credentials_file is None:
        return ()
    # Google's libraries take two dozen megabytes, which only those pay who poll a calendar.
    google = import_module("agent.invites.google")
    credentials = google.load_credentials(chosen.credentials_file, chosen.subject)
    return tuple(
        google.GoogleCalendar(
            credentials,
            calendar_id=calendar_id,
            api_endpoint=chosen.api_endpoint,
            meet_url=settings.meet.url,
            default_timezone=settings.bot.timezone,
        )
        for calendar_id in dict.fromkeys((chosen.calendar_id, *chosen.more_calendars))
    )


def _meet(settings: Settings, clock: Clock) -> BrowserMeet:
    return BrowserMeet(
        executable=str(settings.browser.executable) if settings.browser.executable else None,
        headless=settings.browser.headless,
        sandbox=settings.browser.sandbox,
        bots_per_browser=settings.browser.bots_per_browser,
        max_bots=settings.browser.max_bots,
        busy_percent=settings.browser.busy_percent,
        busy_seconds=settings.browser.busy_seconds,
        profile_dir=settings.meet.profile_dir,
        data_dir=settings.bot.data_dir,
        clock=clock,
    )


def _summariser(settings: Settings) -> Summariser:
    summary = settings.summary
    if summary.engine == "extractive":
        return ExtractiveSummariser(templates_dir=summary.templates_dir)
    return OpenAISummariser(
        base_url=summary.base_url,
        model=summary.model,
        api_key=summary.api_key.get_secret_value(),
        templates_dir=summary.templates_dir,
        window_tokens=summary.window_tokens,
        timeout_seconds=summary.timeout_seconds,
        drop_unverified=summary.drop_unverified,
    )


def _answerer(settings: Settings) -> Answerer:
    summary = settings.summary
    if summary.engine == "extractive":
        return QuotingAnswerer()
    return OpenAIAnswerer(
        base_url=summary.base_url,
        model=summary.model,
        api_key=summary.api_key.get_secret_value(),
        window_tokens=summary.window_tokens,
        timeout_seconds=summary.timeout_seconds,
    )


def _transcriber(settings: Settings) -> OpenAITranscriber | None:
    summary = settings.summary
    if not summary.transcription_model:
        return None
    return OpenAITranscriber(
        summary.base_url, summary.transcription_model, summary.api_key.get_secret_value()
    )


def _mailer(settings: Settings) -> SmtpMailer:
    mail = settings.mail
    return SmtpMailer(mail.host, mail.port, mail.security, mail.username, mail.password.get_secret_value())
