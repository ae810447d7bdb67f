"""Routes of bots, and of the events of all of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from agent.rules.bot_events import BotStatus
from agent.web.auth import AskedFirst, TheAsker
from agent.web.bots_v1 import views
from agent.web.bots_v1.schemas import (
    BotAnswer,
    BotCreated,
    BotPage,
    BotPatch,
    BotRequest,
    EventPage,
    Heartbeat,
    LogPage,
)
from agent.web.desk import TheDesk
from agent.web.paging import ThePage
from agent.web.problems import answers
from agent.web.wire import LARGEST_ID, Id, Instant

router = APIRouter(prefix="/v1/bots", tags=["bots-v1"], route_class=AskedFirst)
events_router = APIRouter(prefix="/v1/events", tags=["events"], route_class=AskedFirst)


KNOWN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bot that has this externalId already.", "model": BotCreated}
}


@router.get("", summary="List all bots", responses=answers())
async def list_bots(
    desk: TheDesk,
    asker: TheAsker,
    page: ThePage,
    status: Annotated[list[BotStatus] | None, Query(description="Only these statuses.")] = None,
) -> BotPage:
    """Return one page of your bots, newest first."""
    found, total = await desk.bots.page(asker, status or [], offset=page.offset, limit=page.page_size)
    shown = [views.bot(view, desk.choices, desk.bots.default_name) for view in found]
    return BotPage(bots=shown, total=total, page=page.page, page_size=page.page_size)


@router.post(
    "",
    status_code=201,
    summary="Create new bot",
    responses=KNOWN | answers(),
)
async def create(body: BotRequest, desk: TheDesk, asker: TheAsker, response: Response) -> BotCreated:
    """Make a bot. It waits for its deployment, or with `startTime` joins by itself at that time."""
    made, is_new = await desk.bots.create(asker, views.wish(body, desk.choices))
    shown = BotCreated(**views.bot(made, desk.choices, desk.bots.default_name).model_dump())
    if is_new and made.callback:
        shown.callback_secret = str(made.callback.secrets[0])
    if not is_new:
        response.status_code = 200
    return shown


@router.get("/{bot_id}", summary="Get bot details", responses=answers(404))
async def get(bot_id: Id, desk: TheDesk, asker: TheAsker) -> BotAnswer:
    """Return one bot."""
    return views.bot(await desk.bots.get(asker, bot_id), desk.choices, desk.bots.default_name)


@router.patch("/{bot_id}", summary="Update bot", responses=answers(404, 409))
async def update(bot_id: Id, body: BotPatch, desk: TheDesk, asker: TheAsker) -> BotAnswer:
    """Change a bot that was not deployed yet; a `startTime` plans it."""
    view = await desk.bots.change(asker, bot_id, views.change(body, desk.choices))
    return views.bot(view, desk.choices, desk.bots.default_name)


@router.delete("/{bot_id}", status_code=204, summary="Delete bot", responses=answers(404, 409))
async def delete(bot_id: Id, desk: TheDesk, asker: TheAsker) -> None:
    """Delete a bot with its words, summaries, recordings and links. One that is at work has to be killed first.

    Where it goes for other inviters too, only your own part in it is deleted.
    """
    await desk.bots.delete(asker, bot_id)


@router.post("/{bot_id}/deploy", summary="Deploy bot", responses=answers(404, 409))
async def deploy(bot_id: Id, desk: TheDesk, asker: TheAsker) -> BotAnswer:
    """Send the bot to its meeting now."""
    return views.bot(await desk.bots.deploy(asker, bot_id), desk.choices, desk.bots.default_name)


@router.post("/{bot_id}/kill", summary="Force stop bot", responses=answers(404, 409))
async def kill(bot_id: Id, desk: TheDesk, asker: TheAsker) -> BotAnswer:
    """End the bot: it leaves the call within seconds, or never goes there.

    A bot that goes for other inviters too goes on for them: what is returned is a bot of your own, ended.
    """
    return views.bot(await desk.bots.kill(asker, bot_id), desk.choices, desk.bots.default_name)


@router.post("/{bot_id}/heartbeat", summary="Report that the bot is alive", responses=answers(404, 409))
async def heartbeat(bot_id: Id, desk: TheDesk, asker: TheAsker) -> Heartbeat:
    """Remember a sign of life from whoever watches the bot; a bot in a call sends its own."""
    view = await desk.bots.heartbeat(asker, bot_id)
    return Heartbeat(id=bot_id, last_heartbeat=view.heartbeat_at)


@router.get("/{bot_id}/logs", summary="Get bot logs", responses=answers(404))
async def logs(bot_id: Id, desk: TheDesk, asker: TheAsker, page: ThePage) -> LogPage:
    """Return one page of what the bot did, oldest line first."""
    found, total = await desk.bots.lines(asker, bot_id, offset=page.offset, limit=page.page_size)
    lines = [views.log_line(line) for line in found]
    return LogPage(logs=lines, total=total, page=page.page, page_size=page.page_size)


@router.get("/{bot_id}/events", summary="Get bot events", responses=answers(404))
async def events(bot_id: Id, desk: TheDesk, asker: TheAsker, page: ThePage) -> EventPage:
    """Return one page of the bot's events, oldest first."""
    found, total = await desk.bots.lines(asker, bot_id, offset=page.offset, limit=page.page_size)
    shown = [views.event(line) for line in found]
    return EventPage(events=shown, total=total, page=page.page, page_size=page.page_size)


@events_router.get("", summary="List aggregated events", responses=answers())
async def all_events(
    desk: TheDesk,
    asker: TheAsker,
    page: ThePage,
    bot_id: Annotated[int | None, Query(alias="botId", ge=1, le=LARGEST_ID)] = None,
    since: Annotated[Instant | None, Query(description="Only from this instant on.")] = None,
) -> EventPage:
    """Return one page of the events of all your bots, newest first."""
    found, total = await desk.bots.all_lines(
        asker, bot_id=bot_id, since=since, offset=page.offset, limit=page.page_size
    )
    shown = [views.event(line) for line in found]
    return EventPage(events=shown, total=total, page=page.page, page_size=page.page_size)
