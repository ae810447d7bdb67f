"""The bot's signed-in Google accounts: the cookies and storage of each kept in one file of its profile directory."""

import asyncio
import json
import logging
import os
from pathlib import Path

from playwright.async_api import BrowserContext, Error, StorageState, async_playwright

from agent.errors import Misconfigured, Temporary
from agent.meet.browser import Launch, NoScreen, Starter

SIGN_IN_URL = "https://accounts.google.com/"
REFRESH_SECONDS = 3.0
SIGN_IN_SECONDS = 900.0
LOOK_AGAIN_SECONDS = 0.5
FILE = "storage_state.json"
GOOGLE_SESSION_COOKIES = frozenset({"SID", "HSID", "SSID", "__Secure-1PSID", "__Secure-3PSID"})
NO_SCREEN = (
    "There is no screen here to sign in on. Run this on a computer with one, with the same Chromium, "
    "and copy the profile directory to this machine."
)
log = logging.getLogger(__name__)


class Profile:
    """`directory` None means: always a guest. `meetings` counts those that the account is in."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self.meetings = 0

    def leave(self) -> None:
        """The account is out of one of its meetings."""
        self.meetings -= 1

    def load(self) -> StorageState | None:
        """The stored state, or None for a guest."""
        if self._directory is None:
            return None
        path = self._directory / FILE
        try:
            state: StorageState = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("the signed-in profile cannot be read, the bot comes as a guest: %s", error)
            return None
        return state

    async def refresh(self, context: BrowserContext) -> None:
        """Keep what the service renewed during the visit: cookies rotate, and an old copy loses its sign-in."""
        if self._directory is None:
            return
        try:
            async with asyncio.timeout(REFRESH_SECONDS):
                state = await context.storage_state()
        except (Error, TimeoutError) as error:
            log.warning("the signed-in profile was not refreshed: %s", error)
            return
        self.save(state)

    def save(self, state: StorageState) -> None:
        """Replace the stored state at once and for this user's eyes only."""
        if self._directory is None:
            return
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._directory / f"{FILE}.{os.getpid()}.new"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(state, file)
        fresh.replace(self._directory / FILE)


class Profiles:
    """The accounts of a profile directory: its own, and that of every directory in it; without any, a guest."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._known: dict[Path | None, Profile] = {}

    def take(self) -> Profile:
        """The account that is in the fewest meetings, counted as in one more; an account is looked for anew each time."""
        found = self._directories() or [None]
        profiles = [self._known.setdefault(one, Profile(one)) for one in found]
        chosen = min(profiles, key=lambda profile: profile.meetings)
        chosen.meetings += 1
        return chosen

    def _directories(self) -> list[Path | None]:
        if self._directory is None:
            return []
        kept = [self._directory / FILE, *sorted(self._directory.glob(f"*/{FILE}"))]
        return [file.parent for file in kept if file.is_file()]


def is_signed_in(state: StorageState) -> bool:
    """Whether a Google session is among the cookies."""
    return any(cookie.get("name") in GOOGLE_SESSION_COOKIES for cookie in state.get("cookies", []))


async def sign_in(
    launch: Launch, directory: Path, *, url: str = SIGN_IN_URL, wait_seconds: float = SIGN_IN_SECONDS
) -> None:
    """Open a browser for a person to sign the bot's account in, and keep the session when they have.

    Raises `Misconfigured` without a browser or a screen, `Temporary` when nobody signed in.
    """
    async with async_playwright() as playwright:
        try:
            browser = await Starter(launch).start(playwright)
        except NoScreen as error:
            raise Misconfigured(NO_SCREEN, full=error.full) from error
        try:
            context = await browser.new_context()
            await (await context.new_page()).goto(url)
            async with asyncio.timeout(wait_seconds):
                state = await signed_in_state(context)
        except TimeoutError as error:
            raise Temporary("Nobody signed in; run it again when there is time.") from error
        except Error as error:
            raise Temporary(
                "The browser was closed before the sign-in was done.", full=error.message
            ) from error
        finally:
            await browser.close()
    Profile(directory).save(state)


async def signed_in_state(context: BrowserContext) -> StorageState:
    """The context's state once a session is in it."""
    while not is_signed_in(state := await context.storage_state()):  # noqa: ASYNC110 - cookies tell no event
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    return state
