"""The way into meetings: a pool of browsers, a profile, and one page per visit."""

from pathlib import Path

from playwright.async_api import Error

from agent.errors import Temporary
from agent.meet.browser import Launch
from agent.meet.call import PageCaller, Place
from agent.meet.course import Patience
from agent.meet.load import Load, LoadGauge
from agent.meet.pool import Lease, Pool
from agent.meet.profile import Profile, Profiles
from agent.meet.seating import VISITS_PER_BROWSER
from agent.model.call import Visit
from agent.ports import Clock


class BrowserMeet:
    """Implements `ports.Meet` with Chromium. `sandbox` None leaves Chromium's sandbox on unless root runs it.

    No bot is taken in beside others after `busy_seconds` with the processors at `busy_percent` or more; 0 takes all.
    A browser that has served `visits_per_browser` is replaced.
    """

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
        busy_percent: float = 0.0,
        busy_seconds: float = 10.0,
        visits_per_browser: int = VISITS_PER_BROWSER,
    ) -> None:
        launch = Launch(executable, headless, sandbox, data_dir / "browser")
        self._pool = Pool(launch, bots_per_browser, max_bots, data_dir, visits_per_browser)
        self._load = LoadGauge(Load(busy_percent, busy_seconds), clock)
        self._profiles = Profiles(profile_dir)
        self._data_dir = data_dir
        self._clock = clock
        self._patience = patience or Patience()

    async def start(self) -> None:
        """Sweep what a killed run left; browsers start when they are needed. Raises `Misconfigured` without any."""
        await self._pool.start()
        self._load.start()

    def no_place(self) -> str:
        """Why no further bot can be taken in; the first is taken in whatever else the machine does."""
        return self._pool.full() or (self._load.too_much() if self._pool.bots else "")

    async def open(self, visit: Visit) -> PageCaller:
        """A caller at the join button. Raises `Misconfigured` without a browser, `NoPlace` when all places are taken."""
        profile = self._profiles.take()
        state = profile.load()
        try:
            lease = await self._pool.lease(state, profile.leave)
        except BaseException:  # whatever ended it, a cancellation too, the profile is not in use
            profile.leave()
            raise
        try:
            caller = await self._sit_down(lease, visit, profile, signed_in_state=state is not None)
            await caller.open()
        except Error as error:
            await lease.release()
            raise Temporary("The browser failed while the page was opened.", full=error.message) from error
        except BaseException:  # a cancelled start must not keep its place
            await lease.release()
            raise
        return caller

    async def _sit_down(
        self, lease: Lease, visit: Visit, profile: Profile, *, signed_in_state: bool
    ) -> PageCaller:
        page = await lease.context.new_page()
        session = await lease.context.new_cdp_session(page)
        place = Place(lease, page, session, profile, signed_in_state, self._data_dir)
        return PageCaller(place, visit, self._clock, self._patience)

    async def stop(self) -> None:
        """End all browsers."""
        await self._load.stop()
        await self._pool.stop()
