"""Channels over which Google tells at once that a calendar changed. They only ring the bell; polling finds what changed."""

import asyncio
import hmac
import secrets
from datetime import timedelta

import structlog

from agent.errors import MeetbotError
from agent.lifecycle.house import House
from agent.model.channel import Channel
from agent.model.tables import CalendarChannel
from agent.ports import CalendarFeed
from agent.rules import tokens
from agent.store import channels

ADDRESS = "/google-calendar/changed"
RENEW_BEFORE = timedelta(hours=26)  # they live about a week and are never prolonged
log = structlog.get_logger("channels")


class Channels:
    """One channel for each calendar, where the operator wants them."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def keep(self, feed: CalendarFeed) -> None:
        """Open a calendar's channel, and replace one that ends soon. Without one, polling goes on as it is."""
        if not self.house.habits.calendar_push:
            return
        old = await asyncio.to_thread(self._current, feed.calendar_id)
        if old is not None and old.expires_at > self.house.now() + RENEW_BEFORE:
            return
        token = secrets.token_urlsafe(32)
        address = self.house.habits.public_url.rstrip("/") + ADDRESS
        try:
            opened = await feed.watch(address, token)
        except MeetbotError as error:
            log.warning("channel.refused", action="channel.open", address=address, error=error.full)
            return
        fresh = CalendarChannel(
            id=opened.id,
            calendar_id=feed.calendar_id,
            resource_id=opened.resource_id,
            token_digest=tokens.digest(token),
            expires_at=opened.ends_at,
        )
        await asyncio.to_thread(self._replace, fresh, old)
        if old is not None:
            await self._close(feed, old)

    async def _close(self, feed: CalendarFeed, old: CalendarChannel) -> None:
        try:
            await feed.unwatch(Channel(old.id, old.resource_id, old.expires_at))
        except MeetbotError as error:
            log.info("channel.left", action="channel.close", channel=old.id, error=error.full)

    def _current(self, calendar_id: str) -> CalendarChannel | None:
        with self.house.database.read() as session:
            return channels.of_calendar(session, calendar_id)

    def _replace(self, fresh: CalendarChannel, old: CalendarChannel | None) -> None:
        with self.house.database.write() as session:
            if old is not None:
                session.delete(session.merge(old))
            session.add(fresh)

    def pinged(self, channel_id: str, token: str, number: str, *, poll: str) -> bool:
        """Enqueue job `poll` for a ping of ours, once per its number; False when nobody knows the channel or its token."""
        with self.house.database.read() as session:  # a stranger's ping must keep no writer waiting
            channel = channels.get(session, channel_id)
        if channel is None or not hmac.compare_digest(tokens.digest(token), channel.token_digest):
            return False
        with self.house.database.write() as session:
            self.house.engine.after(session, poll, f"poll:{channel_id}:{number[:20]}", 0)
            return True
