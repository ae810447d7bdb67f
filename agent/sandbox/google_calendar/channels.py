"""Watch channels: a payload-less ping to an address whenever a calendar changes."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2

from agent.sandbox.clock import Clock
from agent.sandbox.google_errors import GoogleError

DEFAULT_TTL_SECONDS = 604_800
PING_TIMEOUT_SECONDS = 5.0
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass
class Channel:
    id: str
    calendar_id: str
    resource_id: str
    address: str
    token: str
    expiration_ms: int
    messages: int = 0


class Channels:
    """Open channels; pings are sent in the background and lost when nobody listens, as Google's are."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._channels: dict[str, Channel] = {}
        self._pings: set[asyncio.Task[None]] = set()

    def reset(self) -> None:
        self._channels.clear()

    async def close(self) -> None:
        for ping in self._pings:
            ping.cancel()
        await asyncio.gather(*self._pings, return_exceptions=True)

    def open(self, calendar_id: str, body: dict[str, Any]) -> dict[str, str]:
        """Opens a channel and says so to its address; the answer is a calendar `api#channel`."""
        address, channel_id = str(body.get("address", "")), str(body.get("id", ""))
        where = urlsplit(address)
        if where.scheme != "https" and where.hostname not in LOOPBACK:
            raise GoogleError(400, f"WebHook callback must be HTTPS: {address}", reason="webhookUrlNotHttps")
        if not channel_id or channel_id in self._channels:
            raise GoogleError(400, f"Channel id {channel_id} not unique", reason="channelIdNotUnique")
        ttl = timedelta(seconds=int((body.get("params") or {}).get("ttl", DEFAULT_TTL_SECONDS)))
        expiration = int((self._clock() + ttl).timestamp() * 1000)
        channel = Channel(
            channel_id,
            calendar_id,
            f"resource-{calendar_id}",
            address,
            str(body.get("token", "")),
            expiration,
        )
        self._channels[channel_id] = channel
        self._ping(channel, "sync")
        return {
            "kind": "api#channel",
            "id": channel_id,
            "resourceId": channel.resource_id,
            "resourceUri": f"https://www.googleapis.com/calendar/v3/calendars/{calendar_id}/events",
            "expiration": str(expiration),
        }

    def stop(self, body: dict[str, Any]) -> None:
        channel = self._channels.get(str(body.get("id", "")))
        if channel is None or channel.resource_id != body.get("resourceId"):
            raise GoogleError(404, f"Channel '{body.get('id')}' not found", reason="notFound")
        del self._channels[channel.id]

    def announce(self, calendar_id: str) -> None:
        """Pings every channel of the calendar that has not expired."""
        now_ms = self._clock().timestamp() * 1000
        for channel in self._channels.values():
            if channel.calendar_id == calendar_id and channel.expiration_ms > now_ms:
                self._ping(channel, "exists")

    def _ping(self, channel: Channel, state: str) -> None:
        channel.messages += 1
        headers = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Message-Number": str(channel.messages),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-State": state,
            "X-Goog-Channel-Token": channel.token,
        }
        ping = asyncio.create_task(_post(channel.address, headers))
        self._pings.add(ping)
        ping.add_done_callback(self._pings.discard)


async def _post(address: str, headers: dict[str, str]) -> None:
    try:
        async with httpx2.AsyncClient(timeout=PING_TIMEOUT_SECONDS, trust_env=False) as http:
            await http.post(address, headers=headers)
    except httpx2.HTTPError:
        return
