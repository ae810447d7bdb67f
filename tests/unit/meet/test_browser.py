"""The flags, the link and the sandbox."""

import sys
from typing import Any

import pytest
from playwright.async_api import Error

from agent.errors import Temporary
from agent.meet.browser import FLAGS, Launch, NoSandbox, NoScreen, Starter, launch_failure
from agent.meet.door import pinned
from agent.meet.sandboxing import NO_NAMESPACES


def test_features_are_turned_off_in_one_flag() -> None:
    (disabled,) = [flag for flag in FLAGS if flag.startswith("--disable-features=")]
    names = disabled.partition("=")[2].split(",")
    assert {"SpareRendererForSitePerProcess", "PreloadTopChromeWebUI", "HttpsUpgrades"} <= set(names)
    assert len(names) == len(set(names))


class Driver:
    """Chromium on a system that gives it no namespaces: it comes up without its sandbox only."""

    def __init__(self, complaint: str = "[FATAL:zygote_host_impl_linux.cc] No usable sandbox!") -> None:
        self.chromium = self
        self.complaint = complaint
        self.asked: list[bool] = []

    async def launch(self, **options: Any) -> str:
        self.asked.append(options["chromium_sandbox"])
        if options["chromium_sandbox"]:
            raise Error(self.complaint)
        return "browser"


@pytest.fixture
def an_ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)


@pytest.mark.usefixtures("an_ordinary_user")
async def test_a_system_that_refuses_the_sandbox_is_asked_and_complained_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    driver, starter = Driver(), Starter(Launch(executable=sys.executable))
    for _ in range(3):
        assert await starter.start(driver) == "browser"  # type: ignore[arg-type,comparison-overlap]
    assert driver.asked == [True, False, False, False]
    assert [record.getMessage() for record in caplog.records] == [NO_NAMESPACES]


@pytest.mark.usefixtures("an_ordinary_user")
async def test_a_sandbox_that_traps_at_every_start_is_given_up() -> None:
    driver, starter = (
        Driver("<process did exit: exitCode=null, signal=SIGTRAP>"),
        Starter(Launch(executable=sys.executable)),
    )
    assert await starter.start(driver) == "browser"  # type: ignore[arg-type,comparison-overlap]
    assert driver.asked == [True, True, False]


@pytest.mark.usefixtures("an_ordinary_user")
async def test_who_insists_on_the_sandbox_gets_no_browser_without_it() -> None:
    driver, starter = Driver(), Starter(Launch(executable=sys.executable, sandbox=True))
    for _ in range(2):
        with pytest.raises(NoSandbox, match="allow user namespaces"):
            await starter.start(driver)  # type: ignore[arg-type]
    assert driver.asked == [True, True]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Running as root without --no-sandbox is not supported", NoSandbox),
        ("No usable sandbox! If you are running on Ubuntu 23.10+", NoSandbox),
        ("Failed to move to new namespace: Operation not permitted", NoSandbox),
        ("Missing X server or $DISPLAY; chromium --no-sandbox", NoScreen),
        ("Timeout 30000ms exceeded", Temporary),
    ],
)
def test_a_failed_start_is_mended_or_tried_again(text: str, kind: type[Exception]) -> None:
    assert type(launch_failure(Error(text), "/usr/bin/chromium", sandboxed=False)) is kind


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://meet.google.com/abc-defg-hij", "https://meet.google.com/abc-defg-hij?hl=en"),
        (
            "https://meet.google.com/abc-defg-hij?hl=de&authuser=1",
            "https://meet.google.com/abc-defg-hij?authuser=1&hl=en",
        ),
    ],
)
def test_the_pages_language_is_pinned(url: str, expected: str) -> None:
    assert pinned(url) == expected
