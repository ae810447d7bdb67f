"""Calls about bots, as the bots API shows the same meetings."""

from collections.abc import Sequence

from agent.client.calls import Call, Listing, given, once, path
from agent.client.types import BotAnswer, BotCreated, BotStatus

ROOT = "/v1/bots"


def create(
    meeting_url: str,
    *,
    title: str | None = None,
    display_name: str | None = None,
    callback_url: str | None = None,
) -> Call[BotCreated]:
    """Make a bot for a Google Meet meeting; it waits until it is deployed."""
    body = given(
        meetingInfo={"platform": "google", "meetingUrl": meeting_url},
        meetingTitle=title,
        botDisplayName=display_name,
        callbackUrl=callback_url,
    )
    return once(Call("POST", ROOT, body=body))


def get(bot_id: int) -> Call[BotAnswer]:
    """Read a bot."""
    return Call("GET", path(ROOT + "/{}", bot_id))


def listing(*, status: Sequence[BotStatus] = ()) -> Listing[BotAnswer]:
    """List bots, newest first; of these statuses where some are given."""
    return Listing(ROOT, "bots", given(status=list(status) or None))


def deploy(bot_id: int) -> Call[BotAnswer]:
    """Send a bot to its meeting."""
    return once(Call("POST", path(ROOT + "/{}/deploy", bot_id)))


def kill(bot_id: int) -> Call[BotAnswer]:
    """End a bot's stay at once."""
    return once(Call("POST", path(ROOT + "/{}/kill", bot_id)))


def delete(bot_id: int) -> Call[None]:
    """Delete a bot."""
    return Call("DELETE", path(ROOT + "/{}", bot_id))
