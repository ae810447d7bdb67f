"""Calls about recordings, and the links by which others see a meeting."""

from collections.abc import Sequence

from agent.client.bot_types import Download, RecordingAnswer, ShareAnswer, Transcription
from agent.client.calls import Call, Listing, given, once, path

ROOT = "/v1/recordings"


def listing() -> Listing[RecordingAnswer]:
    """List recordings, newest first."""
    return Listing(ROOT, "recordings")


def get(bot_id: int) -> Call[RecordingAnswer]:
    """Read what there is of a bot's recording."""
    return Call("GET", path(ROOT + "/{}", bot_id))


def download(bot_id: int, *, part: int | None = None) -> Call[Download]:
    """Ask for a link to the file that needs no key."""
    return Call("GET", path(ROOT + "/{}/download", bot_id), query=given(part=part))


def transcription(bot_id: int) -> Call[Transcription]:
    """Read who spoke when."""
    return Call("GET", path(ROOT + "/{}/transcription", bot_id))


def delete(bot_id: int) -> Call[None]:
    """Delete a recording."""
    return Call("DELETE", path(ROOT + "/{}", bot_id))


def share(
    bot_id: int,
    *,
    expires_in_days: float | None = None,
    password: str | None = None,
    include: Sequence[str] = (),
) -> Call[ShareAnswer]:
    """Make a link for others; without `include` it shows what the server shows by default."""
    body = given(expiresInDays=expires_in_days, password=password, include=list(include) or None)
    return once(Call("POST", path(ROOT + "/{}/share", bot_id), body=body))


def shared(bot_id: int) -> Call[ShareAnswer]:
    """Read the link, and how often it was opened."""
    return Call("GET", path(ROOT + "/{}/share", bot_id))


def unshare(bot_id: int) -> Call[None]:
    """End the link at once."""
    return Call("DELETE", path(ROOT + "/{}/share", bot_id))
