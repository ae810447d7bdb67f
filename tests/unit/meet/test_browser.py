"""The flags, the link and the sandbox."""

import pytest
from playwright.async_api import Error

from agent.errors import Misconfigured, Temporary
from agent.meet.browser import FLAGS, Launch, NoScreen, launch_failure
from agent.meet.door import pinned


def test_features_are_turned_off_in_one_flag() -> None:
    (disabled,) = [flag for flag in FLAGS if flag.startswith("--disable-features=")]
    names = disabled.partition("=")[2].split(",")
    assert {"SpareRendererForSitePerProcess", "PreloadTopChromeWebUI", "HttpsUpgrades"} <= set(names)
    assert len(names) == len(set(names))


def test_the_sandbox_is_on_for_everybody_but_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert Launch().sandboxed()
    assert not Launch(sandbox=False).sandboxed()
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert not Launch().sandboxed()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Running as root without --no-sandbox is not supported", Misconfigured),
        ("Missing X server or $DISPLAY; chromium --no-sandbox", NoScreen),
        ("Timeout 30000ms exceeded", Temporary),
    ],
)
def test_a_failed_start_is_mended_or_tried_again(text: str, kind: type[Exception]) -> None:
    assert type(launch_failure(Error(text), "/usr/bin/chromium")) is kind


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
