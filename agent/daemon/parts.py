"""The parts of the daemon, in the order they start: truth first, doors last."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version

import structlog

from agent.app import PURGE, SWEEP, App
from agent.daemon.http import HttpServer
from agent.daemon.metrics import Metrics, Reading
from agent.daemon.supervisor import Part
from agent.daemon.systemd import Systemd
from agent.daemon.ticks import Slots, Tick, Ticks
from agent.errors import Temporary
from agent.invites.smtp import SmtpIntake
from agent.lifecycle.invitations.horizon import ROLL
from agent.lifecycle.invitations.polling import POLL
from agent.lifecycle.upkeep.listeners import Listener, keep_configured
from agent.model.transcript import Source
from agent.web import server
from agent.web.desk import Choices, Desk, furnish

SWEEP_SECONDS = 60.0
PURGE_SECONDS = 86_400.0
ROLL_SECONDS = 86_400.0
SMTP_SOCKET = "smtp"
log = structlog.get_logger("daemon")


def parts(app: App, systemd: Systemd) -> list[Part]:
    """Return everything that `meetbot serve` runs."""
    house, settings = app.house, app.settings
    found = [
        Part("database", start=partial(_open, app), stop=partial(asyncio.to_thread, house.database.close)),
        Part("proxy", start=partial(_tell_reach, app), stop=app.proxy.aclose),
        Part("model", stop=partial(_close_models, app)),
        Part("hooks", stop=app.hooks.close),
        Part("reader", stop=app.reader.stop),
        Part("browser", start=house.meet.start, stop=house.meet.stop),
        Part("engine", start=house.engine.start, stop=house.engine.stop),
    ]
    if settings.smtp_intake.enabled:
        smtp = _smtp(app, systemd)
        found.append(Part("smtp", start=smtp.start, stop=smtp.stop))
    desk = _desk(app)
    http = HttpServer(
        server.create(desk), settings.http.host, settings.http.port, settings.api.trusted_proxies
    )
    found.append(Part("http", start=http.start, stop=http.stop))
    found.append(Part("loans", stop=desk.loans.close))  # claims that wait would hold the HTTP server's end up
    if settings.metrics.enabled:
        metrics = Metrics(_readings(app), settings.metrics.host, settings.metrics.port)
        found.append(Part("metrics", start=metrics.start, stop=metrics.stop))
    ticks = Ticks(_ticks(app))
    found.append(Part("ticks", start=ticks.start, stop=ticks.stop))
    interval = systemd.watchdog_seconds()
    if interval is not None:
        found.append(Part("watchdog", task=partial(_watch, app, systemd, interval / 2)))
    return found


async def _open(app: App) -> None:
    """Take the database, bring it to the newest schema, and make its rows agree with the configuration."""
    database = app.house.database

    def prepare() -> None:
        database.lock()
        database.migrate()
        wanted = [
            Listener(hook.url, hook.secret.get_secret_value(), hook.events, hook.version)
            for hook in app.settings.webhooks
        ]
        keep_configured(app.house, wanted)

    await asyncio.to_thread(prepare)


async def _tell_reach(app: App) -> None:
    """Say once that a source of words is wanted that cannot be had: it would go missing in silence otherwise."""
    habits = app.house.habits
    if Source.MEET in habits.transcript_sources and not habits.meet_records:
        log.warning(
            "transcripts.out_of_reach",
            action="start",
            advice='set okoro.service_token, or take "meet" out of transcript.sources',
        )


async def _close_models(app: App) -> None:
    for model in (app.house.summariser, app.house.answerer, app.house.transcriber):
        if model is not None:
            await model.aclose()


def _desk(app: App) -> Desk:
    api = app.settings.api
    choices = Choices(
        version=version("meetbot"),
        public_url=app.settings.public_url,
        meet_url=app.settings.meet.url,
        cors_origins=api.cors_origins,
        requests_per_minute=api.requests_per_minute,
        requests_per_hour=api.requests_per_hour,
    )
    return furnish(app.house, choices)


def _smtp(app: App, systemd: Systemd) -> SmtpIntake:
    intake = app.settings.smtp_intake
    return SmtpIntake(
        intake.host,
        intake.port,
        app.intake,
        tls_cert_file=str(intake.tls_cert_file or ""),
        tls_key_file=str(intake.tls_key_file or ""),
        sockets=systemd.sockets(SMTP_SOCKET),
        hostname=app.settings.bot.email.partition("@")[2] or "localhost",
    )


def _ticks(app: App) -> list[Tick]:
    """Return the bells. A bell does no work: it enqueues under a slot key, so that many workers make one run."""
    bells = [(SWEEP, SWEEP_SECONDS), (PURGE, PURGE_SECONDS), (ROLL, ROLL_SECONDS)]
    if app.house.calendars:
        bells.append((POLL, app.settings.google_calendar.poll_seconds))
    return [Tick(job, every, partial(_enqueue, app, job, Slots(every))) for job, every in bells]


async def _enqueue(app: App, job: str, slots: Slots) -> None:
    engine = app.house.engine
    slot = slots.name(datetime.now(UTC), engine.worker_id)

    def put() -> None:
        with app.house.database.write() as session:
            engine.after(session, job, f"{job}:{slot}", slot)

    await asyncio.to_thread(put)


def _readings(app: App) -> list[Reading]:
    return [Reading("jobs", "Jobs by state.", lambda: dict(app.queries.counts()), label="state")]


async def _watch(app: App, systemd: Systemd, interval_seconds: float) -> None:
    """Tell systemd that the daemon lives, as long as its database answers; one that is started anew soon will again."""
    while True:
        try:
            await asyncio.to_thread(app.queries.database_answers)
        except Temporary as error:
            log.warning("watchdog.untold", action="watch", error=error.full)
        else:
            systemd.notify("WATCHDOG=1")
        await asyncio.sleep(interval_seconds)
