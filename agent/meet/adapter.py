"""The way into meetings: a pool of browsers, a profile, and one page per visit."""

import logging
from pathlib import Path

from agent.meet.browser import Launch
from agent.meet.call import PageCaller, open_page
from agent.meet.course import Patience
from agent.meet.pool import Pool
from agent.meet.profile import Profile
from agent.model.call import Visit
from agent.ports import Clock

log = logging.getLogger(__name__)


class BrowserMeet:
    """Implements `ports.Meet` with Chromium. `sandbox` None leaves Chromium's sandbox on unless root runs it."""

    def __init__(
        self,
        *,
        executable: str | None,
        headless: bool,
        sandbox: bool | None,
        bots_per_browser: int,
        max_bots: int,
        profile_dir: Path | None,
        data_dir: Path,
        clock: Clock,
        patience: Patience | None = None,
    ) -> None:
        self._pool = Pool(Launch(executable, headless, sandbox), bots_per_browser, max_bots, data_dir)
        self._profile = Profile(profile_dir)
        self._data_dir = data_dir
        self._clock = clock
        self._patience = patience or Patience()

    async def start(self) -> None:
        """Sweep what a killed run left; browsers start when they are needed."""
        self._pool.start()

    async def open(self, visit: Visit) -> PageCaller:
        """A caller at the join button. Raises `Misconfigured` without a browser, `Temporary` when none is free."""
        state = self._profile.load()
        lease = await self._pool.lease(state)
        return await open_page(
            lease, visit, self._clock, self._patience, self._profile, state is not None, self._data_dir
        )

    async def stop(self) -> None:
        """End all browsers."""
        await self._pool.stop()
