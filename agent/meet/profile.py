"""The bot's signed-in Google account: cookies and storage kept in one file of the profile directory."""

import json
import logging
import os
from pathlib import Path

from playwright.async_api import BrowserContext, Error, StorageState

FILE = "storage_state.json"
GOOGLE_SESSION_COOKIES = frozenset({"SID", "HSID", "SSID", "__Secure-1PSID", "__Secure-3PSID"})
log = logging.getLogger(__name__)


class Profile:
    """`directory` None means: always a guest."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

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
            state = await context.storage_state()
        except Error as error:
            log.warning("the signed-in profile was not refreshed: %s", error.message)
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


def is_signed_in(state: StorageState) -> bool:
    """Whether a Google session is among the cookies."""
    return any(cookie.get("name") in GOOGLE_SESSION_COOKIES for cookie in state.get("cookies", []))
