"""Which browser, and with which flags."""

import logging
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Error, Playwright

from agent.errors import Misconfigured, Temporary
from agent.meet.sandboxing import decide

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LAUNCH_SECONDS = 30.0
VIEWPORT_WIDTH, VIEWPORT_HEIGHT = 1280, 720
log = logging.getLogger(__name__)

# Chromium obeys only the last --disable-features, so Playwright's own list is repeated before ours.
PLAYWRIGHTS_FEATURES = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
# No process waits for a page nobody opens, and no part of the browser's own window is loaded ahead.
OUR_FEATURES = (
    "SpareRendererForSitePerProcess",
    "PreloadTopChromeWebUI",
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "Translate",
)
FLAGS = (
    f"--disable-features={','.join(PLAYWRIGHTS_FEATURES + OUR_FEATURES)}",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--auto-accept-this-tab-capture",
    "--lang=en-US",
    f"--window-size={VIEWPORT_WIDTH},{VIEWPORT_HEIGHT}",
)
# Chromium's own words; the flags of its command line stand in every failure's text.
SANDBOX_SIGNS = (
    "No usable sandbox",
    "Running as root without --no-sandbox",
    "SUID sandbox",
    "Failed to move to new namespace",
)
TRAP_SIGN = "signal=SIGTRAP"
TRAPS = 2
NO_BROWSER = (
    "No Chromium was found. Install one (on Debian or Ubuntu: apt-get install chromium), "
    "or run `playwright install chromium`, or set [browser] executable to its path."
)


class NoScreen(Misconfigured):
    """A visible browser was wanted where there is nothing to show it on."""


class NoSandbox(Misconfigured):
    """Chromium cannot build its sandbox here."""


class Trapped(Temporary):
    """Chromium ended itself while it started in its sandbox; where only some namespaces are allowed it says no more."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How browsers are started.

    `sandbox` None means: on where the system allows it. `artifacts_dir` is where Playwright keeps what it needs
    while a browser runs; None is a temporary directory.
    """

    executable: str | None = None
    headless: bool = True
    sandbox: bool | None = None
    artifacts_dir: Path | None = None


def installed_browser(executable: str | None) -> str | None:
    """The browser set, or the first one on the PATH; None leaves it to Playwright's own. Raises `Misconfigured`."""
    if executable is None:
        return next((path for name in NAMES if (path := shutil.which(name))), None)
    found = shutil.which(executable)
    if found is None:
        raise Misconfigured(
            f"The browser {executable} does not exist or cannot be run. "
            "Set [browser] executable to an installed Chromium, or remove the key to have one found."
        )
    return found


def choose_browser(launch: Launch, playwright: Playwright) -> str:
    """The path of the browser to start. Raises `Misconfigured` when there is none at all."""
    found = installed_browser(launch.executable)
    if found is None and Path(playwright.chromium.executable_path).exists():
        found = playwright.chromium.executable_path
    if found is None:
        raise Misconfigured(NO_BROWSER)
    return found


@dataclass(slots=True)
class Starter:
    """Starts browsers, and remembers what the system refused: it is tried once and said once."""

    launch: Launch
    _refused: bool = False
    _traps: int = 0
    _said: set[str] = field(default_factory=set)

    async def start(self, playwright: Playwright) -> Browser:
        """Start one. Raises `Misconfigured` without any browser, `Temporary` when it does not come up."""
        while True:
            try:
                return await self._start(playwright)
            except (NoSandbox, Trapped) as error:
                if self._refused or self.launch.sandbox is not None:
                    raise
                self._traps += 1
                self._refused = isinstance(error, NoSandbox) or self._traps == TRAPS

    async def _start(self, playwright: Playwright) -> Browser:
        path = choose_browser(self.launch, playwright)
        sandboxing = decide(self.launch.sandbox, root=os.geteuid() == 0, refused=self._refused)
        self._say(sandboxing.warning)
        try:
            return await playwright.chromium.launch(
                executable_path=path,
                headless=self.launch.headless,
                chromium_sandbox=sandboxing.on,
                args=list(FLAGS),
                artifacts_dir=self.launch.artifacts_dir,
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
                timeout=LAUNCH_SECONDS * 1000,
            )
        except Error as error:
            raise launch_failure(error, path, sandboxed=sandboxing.on) from error

    def _say(self, warning: str) -> None:
        if warning and warning not in self._said:
            self._said.add(warning)
            log.warning(warning)


def launch_failure(error: Error, path: str, *, sandboxed: bool) -> Misconfigured | Temporary:
    """What a failed start means: something to mend, or something that may pass."""
    text = error.message
    if any(sign in text for sign in SANDBOX_SIGNS):
        advice = (
            "run the service as an ordinary user, allow user namespaces, or set [browser] sandbox = false"
        )
        return NoSandbox(f"The browser's sandbox cannot be used here: {advice}.", full=text)
    if sandboxed and TRAP_SIGN in text:
        return Trapped(f"The browser {path} did not start in its sandbox.", full=text, retry_after_seconds=15)
    if "DISPLAY" in text or "headed browser" in text:
        return NoScreen("There is no screen for a visible browser: set [browser] headless = true.", full=text)
    return Temporary(f"The browser {path} did not start.", full=text, retry_after_seconds=15)
