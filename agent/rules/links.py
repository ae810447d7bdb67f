"""Meeting links in free text: find them, unwrap what rewriting mail gateways did, say whose they are."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

MEET = "meet"
GOOGLE_MEET_URL = "https://meet.google.com"

_CODE = re.compile(r"([a-z]{3})-?([a-z]{4})-?([a-z]{3})(?![\w@-])", re.IGNORECASE)
_NICKNAME = re.compile(r"[\w.~%-]{1,128}")
_URL = re.compile(r"https?://[^\s<>\"'\x00-\x1f\\^`{|}]{3,4000}", re.IGNORECASE)
_BARE_MEET = re.compile(
    r"(?<![\w./@-])(?:meet\.google\.com|g\.co/meet)/[\w/-]{3,140}(?![\w/@-])", re.IGNORECASE
)
_TRAILING = ".,;:!?)]>*_"
_MAX_WRAPPINGS = 4
_MAX_TEXT = 300_000

# Host suffix (and first path segments where the host serves other things too) of each platform we can name.
_PLATFORMS: tuple[tuple[str, str, str], ...] = (
    ("zoom", "zoom.us", "j"),
    ("zoom", "zoom.us", "w"),
    ("zoom", "zoom.us", "my"),
    ("zoom", "zoom.us", "s"),
    ("zoom", "zoom.us", "wc"),
    ("zoom", "zoom.com", "j"),
    ("zoom", "zoomgov.com", "j"),
    ("teams", "teams.microsoft.com", "l"),
    ("teams", "teams.microsoft.com", "meet"),
    ("teams", "teams.live.com", "meet"),
    ("teams", "teams.microsoft.us", "l"),
    ("skype", "join.skype.com", ""),
    ("skype", "meet.lync.com", ""),
    ("webex", "webex.com", ""),
    ("jitsi", "meet.jit.si", ""),
    ("jitsi", "8x8.vc", ""),
    ("gotomeeting", "gotomeeting.com", "join"),
    ("gotomeeting", "meet.goto.com", ""),
    ("gotomeeting", "gotomeet.me", ""),
    ("whereby", "whereby.com", ""),
    ("bluejeans", "bluejeans.com", ""),
    ("chime", "chime.aws", ""),
    ("ringcentral", "v.ringcentral.com", "join"),
    ("slack", "app.slack.com", "huddle"),
    ("discord", "discord.gg", ""),
    ("hangouts", "hangouts.google.com", ""),
    ("facetime", "facetime.apple.com", "join"),
    ("livestorm", "app.livestorm.co", ""),
    ("around", "meet.around.co", ""),
)

PLATFORM_NAMES = {
    MEET: "Google Meet",
    "zoom": "Zoom",
    "teams": "Microsoft Teams",
    "skype": "Skype",
    "webex": "Webex",
    "jitsi": "Jitsi Meet",
    "gotomeeting": "GoTo Meeting",
    "whereby": "Whereby",
    "bluejeans": "BlueJeans",
    "chime": "Amazon Chime",
    "ringcentral": "RingCentral",
    "slack": "Slack",
    "discord": "Discord",
    "hangouts": "classic Hangouts",
    "facetime": "FaceTime",
    "livestorm": "Livestorm",
    "around": "Around",
}


PLACES = "conference, then location, URL, description, text of the mail, and what comes first there"


@dataclass(frozen=True, slots=True)
class Link:
    """One meeting link. `code` is `abc-defg-hij`, or '' for other platforms and for Meet nicknames."""

    platform: str
    url: str
    code: str = ""


def find(text: str, meet_url: str = GOOGLE_MEET_URL) -> tuple[Link, ...]:
    """Return the meeting links of `text` in order of appearance, each once.

    Meet links come back as `<base>/abc-defg-hij`, where base is Google's or `meet_url`, without query or fragment.
    """
    text = text[:_MAX_TEXT].replace("\\n", "\n").replace("&amp;", "&")
    spots = [*_URL.finditer(text), *_BARE_MEET.finditer(text)]
    found: dict[str, Link] = {}
    for spot in sorted(spots, key=lambda match: match.start()):
        link = recognise(spot.group(), meet_url)
        if link:
            found.setdefault(link.url, link)
    return tuple(found.values())


def best_first(places: Iterable[str], meet_url: str = GOOGLE_MEET_URL) -> tuple[str, ...]:
    """Return every meeting link of `places` (best place first); Meet links precede those of other platforms."""
    links = [link for place in places for link in find(place, meet_url)]
    ranked = sorted(
        links, key=lambda link: (link.platform != MEET, not link.code if link.platform == MEET else False)
    )
    return tuple(dict.fromkeys(link.url for link in ranked))


def several_codes(urls: Iterable[str], meet_url: str = GOOGLE_MEET_URL) -> str:
    """Say which of several Meet meetings an invitation names is joined, and why; '' when it names one at most."""
    codes = list(dict.fromkeys(code for url in urls if (code := meeting_code(url, meet_url))))
    if len(codes) < 2:
        return ""
    others = ", ".join(codes[1:])
    return f"{codes[0]} is joined and not {others}: it stands in the better place ({PLACES})"


def recognise(url: str, meet_url: str = GOOGLE_MEET_URL) -> Link | None:
    """Say whose meeting `url` opens, after unwrapping redirectors; None when it is no meeting link."""
    url = unwrap(url if "://" in url else f"https://{url}").rstrip(_TRAILING)
    meet = _as_meet(url, meet_url)
    if meet:
        return meet
    parts = _split(url)
    if parts is None:
        return None
    host, path = parts
    for platform, suffix, first in _PLATFORMS:
        if host != suffix and not host.endswith(f".{suffix}"):
            continue
        segments = path.strip("/").split("/")
        if segments[0] and (not first or segments[0].lower() == first):
            return Link(platform, url)
    return None


def meeting_code(url: str, meet_url: str = GOOGLE_MEET_URL) -> str:
    """Return the `abc-defg-hij` of a Meet link, '' when it is none or carries no code."""
    link = recognise(url, meet_url)
    return link.code if link else ""


def unwrap(url: str) -> str:
    """Return where a redirector (search redirect, link scanner of a mail gateway) leads; other links as they are."""
    for _ in range(_MAX_WRAPPINGS):
        inner = _inner(url)
        if inner is None:
            return url
        url = inner
    return url


def _as_meet(url: str, meet_url: str) -> Link | None:
    for base in (meet_url.rstrip("/"), GOOGLE_MEET_URL):
        if not url.lower().startswith(f"{base.lower()}/"):
            continue
        match = _CODE.match(url, len(base) + 1)
        if match:
            code = "-".join(match.groups()).lower()
            return Link(MEET, f"{base}/{code}", code)
    parts = _split(url)
    return _as_google_meet(*parts) if parts else None


def _as_google_meet(host: str, path: str) -> Link | None:
    """Recognise the forms beside the plain link: lookup, short link, http, `_meet`, signed-in account prefix."""
    segments = [segment for segment in path.split("/") if segment]
    if host == "g.co" and segments[:1] == ["meet"]:
        segments = ["lookup", *segments[1:]]
    elif host != "meet.google.com":
        return None
    if segments[:1] == ["_meet"]:
        segments = segments[1:]
    looked_up = segments[:1] == ["lookup"]
    match = _CODE.match(segments[-1]) if segments else None
    if match and (len(segments) == 1 or (looked_up and "-" in segments[-1])):
        code = "-".join(match.groups()).lower()
        return Link(MEET, f"{GOOGLE_MEET_URL}/{code}", code)
    if looked_up and len(segments) > 1 and _NICKNAME.fullmatch(segments[1]):
        return Link(MEET, f"{GOOGLE_MEET_URL}/lookup/{segments[1]}")
    return None


def _split(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").rstrip("."), parts.path
    except ValueError:
        return None


def _inner(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, query = parts.hostname or "", parse_qs(parts.query, max_num_fields=50)
    except ValueError:
        return None
    target: str | None = None
    if re.fullmatch(r"(www\.)?google\.[a-z.]{2,6}", host) and parts.path == "/url":
        target = (query.get("q") or query.get("url") or [""])[0]
    elif host.endswith("safelinks.protection.outlook.com") or host == "safelinks.protection.office365.us":
        target = query.get("url", [""])[0]
    elif host in ("urldefense.com", "urldefense.proofpoint.com", "urldefense.us"):
        target = _urldefense(url, query)
    return target if target and re.match(r"https?://", target, re.IGNORECASE) else None


def _urldefense(url: str, query: dict[str, list[str]]) -> str | None:
    """Decode both forms: v3 carries the link between `__`, v2 in `u=` with `-` for `%` and `_` for `/`."""
    third = re.search(r"/v3/__(.+?)__;", url)
    if third:
        return re.sub(r"^(https?):/(?!/)", r"\1://", unquote(third.group(1)), flags=re.IGNORECASE)
    second = query.get("u", [""])[0]
    return unquote(second.replace("-", "%").replace("_", "/")) if second else None
