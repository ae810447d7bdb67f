"""`meetbot serve`: the daemon."""

import asyncio
import gc
from functools import partial

from agent import app
from agent.cli.options import ConfigFile, Overrides, read_settings
from agent.config.load import handed_over
from agent.daemon.clock import SystemClock
from agent.daemon.logging import configure
from agent.daemon.parts import parts
from agent.daemon.supervisor import Supervisor
from agent.daemon.systemd import Systemd


def serve(config: ConfigFile = None, overrides: Overrides = None) -> None:
    """Run the daemon: intake, schedule, bots, API, delivery in one process."""
    settings = read_settings(config, overrides)
    configure(settings.logging.level, settings.logging.format)
    systemd = Systemd(handed_over())
    assembled = app.build(settings, SystemClock())
    supervisor = Supervisor(
        parts(assembled, systemd),
        on_ready=partial(systemd.notify, "READY=1"),
        on_stopping=partial(systemd.notify, "STOPPING=1"),
    )
    gc.freeze()  # what is loaded by now stays: no collection is to look through it, while bots wait
    asyncio.run(supervisor.run())
