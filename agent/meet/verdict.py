"""What a snapshot means: one verdict, taken in a fixed order. Pure.

The order matters: a denial may leave the lobby's text on the page, the lobby shows the call's buttons,
and Meet's own question may stand before a call that is already there.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from agent.meet.snapshot import Snapshot
from agent.model.states import EndReason, FailureCode

SIGNS_NEEDED = 2
CONSENT_KINDS = ("recording", "transcribing", "gemini")
DECLINED_KIND = "declined"
MEETING_PATH = re.compile(r"/[a-z]{3}-[a-z]{4}-[a-z]{3}/?$")
SIGN_IN_HOSTS = ("accounts.google.com",)


class Phase(StrEnum):
    """How far the bot itself has come; some pages mean different things before and after."""

    DOOR = "door"
    KNOCKED = "knocked"
    CALL = "call"


class Standing(StrEnum):
    """What the page shows."""

    DENIED = "denied"
    NO_RESPONSE = "no_response"
    BLOCKED = "blocked"
    NOT_FOUND = "not_found"
    EXPIRED = "expired"
    FULL = "full"
    SIGN_IN = "sign_in"
    CAPTCHA = "captcha"
    REDIRECTED = "redirected"
    REMOVED = "removed"
    ENDED = "ended"
    LEFT = "left"
    OFFLINE = "offline"
    WAITING_FOR_HOST = "waiting_for_host"
    LOBBY = "lobby"
    CONSENT = "consent"
    ADMITTED = "admitted"
    DOOR = "door"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The standing, the page's own words for it, and the signs it rests on."""

    standing: Standing
    words: str = ""
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a standing ends an attempt to get in."""

    code: FailureCode
    retry: bool = False


REFUSALS = {
    Standing.DENIED: Refusal(FailureCode.HOST_DENIED_ADMISSION),
    Standing.LEFT: Refusal(FailureCode.HOST_DENIED_ADMISSION),
    Standing.REMOVED: Refusal(FailureCode.HOST_DENIED_ADMISSION),
    Standing.NO_RESPONSE: Refusal(FailureCode.LOBBY_TIMEOUT),
    Standing.BLOCKED: Refusal(FailureCode.BLOCKED_BY_PLATFORM),
    Standing.CAPTCHA: Refusal(FailureCode.BLOCKED_BY_PLATFORM),
    Standing.NOT_FOUND: Refusal(FailureCode.MEETING_NOT_FOUND),
    Standing.EXPIRED: Refusal(FailureCode.MEETING_NOT_FOUND),
    Standing.FULL: Refusal(FailureCode.BLOCKED_BY_PLATFORM, retry=True),
    Standing.ENDED: Refusal(FailureCode.MEETING_ENDED),
    Standing.SIGN_IN: Refusal(FailureCode.AUTH_FAILURE),
}
ENDINGS: dict[Standing, EndReason | FailureCode] = {
    Standing.REMOVED: EndReason.REMOVED,
    Standing.LEFT: EndReason.REMOVED,
    Standing.ENDED: EndReason.ENDED_BY_HOST,
    Standing.SIGN_IN: FailureCode.NETWORK_LOSS,
    Standing.REDIRECTED: FailureCode.NETWORK_LOSS,
}
FINAL_TEXTS = (
    ("denied", Standing.DENIED),
    ("no_response", Standing.NO_RESPONSE),
    ("blocked", Standing.BLOCKED),
    ("not_found", Standing.NOT_FOUND),
    ("expired", Standing.EXPIRED),
    ("full", Standing.FULL),
    ("removed", Standing.REMOVED),
    ("ended", Standing.ENDED),
    ("left", Standing.LEFT),
)


def judge(snapshot: Snapshot, meeting_url: str, admission: frozenset[str]) -> Verdict:
    """The verdict on one snapshot of the page that was opened at `meeting_url`."""
    signs = admission_signs(snapshot, admission)
    return (
        judge_place(snapshot, meeting_url)
        or judge_end(snapshot, signs)
        or judge_connection(snapshot, signs)
        or judge_waiting(snapshot, signs)
        or judge_inside(snapshot, signs)
        or judge_door(snapshot)
    )


def judge_place(snapshot: Snapshot, meeting_url: str) -> Verdict | None:
    """A page at another address: the sign-in page, or anything else the bot was sent to."""
    wanted, found = urlsplit(meeting_url), urlsplit(snapshot.url)
    same_path = found.path.rstrip("/") == wanted.path.rstrip("/") or MEETING_PATH.search(found.path)
    if found.hostname == wanted.hostname and same_path:
        return None
    if found.hostname in SIGN_IN_HOSTS or "sign_in" in snapshot.texts:
        return Verdict(Standing.SIGN_IN, snapshot.texts.get("sign_in", place(snapshot.url)))
    return Verdict(Standing.REDIRECTED, f"sent to {place(snapshot.url)}")


def place(url: str) -> str:
    """An address without its query, which may carry tokens."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def judge_end(snapshot: Snapshot, signs: tuple[str, ...]) -> Verdict | None:
    """Denials, blocks, errors and ends. Where the call's own controls are, such words are only somebody's words."""
    if len(signs) >= SIGNS_NEEDED:
        return None
    for text, standing in FINAL_TEXTS:
        if text in snapshot.texts:
            return Verdict(standing, snapshot.texts[text])
    if snapshot.captcha:
        return Verdict(Standing.CAPTCHA, "a captcha is shown")
    if "sign_in" in snapshot.texts and "join" not in snapshot.controls:
        return Verdict(Standing.SIGN_IN, snapshot.texts["sign_in"])
    return None


def judge_connection(snapshot: Snapshot, signs: tuple[str, ...]) -> Verdict | None:
    """A lost connection leaves everything else on the page as it was."""
    if snapshot.online and "reconnecting" not in snapshot.texts:
        return None
    return Verdict(Standing.OFFLINE, snapshot.texts.get("reconnecting", "the browser is offline"), signs)


def judge_waiting(snapshot: Snapshot, signs: tuple[str, ...]) -> Verdict | None:
    """The lobby, in both its kinds. Meet mounts the call's controls only after it."""
    if len(signs) >= SIGNS_NEEDED:
        return None
    if "waiting_for_host" in snapshot.texts:
        return Verdict(Standing.WAITING_FOR_HOST, snapshot.texts["waiting_for_host"])
    if "lobby" in snapshot.texts:
        return Verdict(Standing.LOBBY, snapshot.texts["lobby"])
    return None


def judge_inside(snapshot: Snapshot, signs: tuple[str, ...]) -> Verdict | None:
    """Meet's own consent dialog, then the call itself."""
    if dialog := consent_dialog(snapshot):
        return Verdict(Standing.CONSENT, dialog, signs)
    if len(signs) >= SIGNS_NEEDED:
        return Verdict(Standing.ADMITTED, signs=signs)
    return None


def judge_door(snapshot: Snapshot) -> Verdict:
    """The page before the knock, or nothing that is known."""
    standing = Standing.DOOR if "join" in snapshot.controls else Standing.UNKNOWN
    return Verdict(standing)


def consent_dialog(snapshot: Snapshot) -> str:
    """The text of Meet's own question about recording or notes; a mere pill is not a dialog."""
    asking = (one for one in snapshot.dialogs if DECLINED_KIND not in one.kinds)
    return next((one.text for one in asking if any(kind in CONSENT_KINDS for kind in one.kinds)), "")


def declined_dialog(snapshot: Snapshot) -> str:
    """The text by which Meet tells that somebody refused its question, or ''."""
    return next((one.text for one in snapshot.dialogs if DECLINED_KIND in one.kinds), "")


def admission_signs(snapshot: Snapshot, admission: frozenset[str]) -> tuple[str, ...]:
    """What is there only after admission; neither Leave call nor a toggle nor an own picture counts."""
    controls = sorted(name for name in snapshot.controls if name in admission)
    others = any(not tile.is_self for tile in snapshot.tiles)
    return (
        *controls,
        *(("count",) if snapshot.count is not None else ()),
        *(("others",) if others and controls else ()),
    )


def refusal_for(standing: Standing, phase: Phase) -> Refusal | None:
    """How this standing ends the attempt, or None when it does not."""
    if standing is Standing.REDIRECTED:
        if phase is Phase.DOOR:
            return Refusal(FailureCode.BLOCKED_BY_PLATFORM)
        return Refusal(FailureCode.LOBBY_TIMEOUT, retry=True)
    if phase is Phase.DOOR and standing in (Standing.LEFT, Standing.REMOVED):
        return Refusal(FailureCode.MEETING_ENDED)
    return REFUSALS.get(standing)


def obstacle(snapshot: Snapshot) -> str | None:
    """The control to press to get an obstacle out of the way, or None when the way is free."""
    for control in ("without_devices", "with_devices", "without_account"):
        if snapshot.ready(control):
            return control
    if snapshot.dialogs and not consent_dialog(snapshot):
        return next((control for control in ("stay", "got_it") if snapshot.ready(control)), None)
    return None
