"""A method for every endpoint of the proxy: paged to the end, typed errors, never a partial result."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from random import Random
from types import TracebackType
from typing import Any, Self

from agent.errors import Denied, Temporary
from agent.okoro import endpoints, wire
from agent.okoro.endpoints import Endpoint, Scope
from agent.okoro.refusals import refused_call
from agent.okoro.retries import Bounds, Retries
from agent.okoro.tokens import OperationTokens
from agent.okoro.transport import Answer, Transport
from agent.okoro.wire import Listed, Model, decoded, last_id, parsed
from agent.ports import Clock

_PAGE_LIMIT = 1000


class OkoroClient:
    """The proxy's client. Owns its connections: use it in `async with`, or call `aclose`.

    `intent` is the user's overall goal, the same for every call made to one end. Every method raises
    `Denied` (401 after one refresh, 403: the text names the scope), `Missing` (404), `Invalid` (400) or
    `Temporary` (409, 429, 5xx, no whole answer), the last only after a few tries of its own.
    """

    def __init__(
        self,
        proxy_url: str,
        token_url: str,
        service_token: str,
        *,
        clock: Clock,
        timeout_seconds: float = 30.0,
        retries: Bounds = Bounds(),  # noqa: B008 - frozen
        chance: Random | None = None,
    ) -> None:
        self._proxy_url = proxy_url.rstrip("/")
        self._clock = clock
        self._transport = Transport(timeout_seconds)
        self._tokens = OperationTokens(self._transport, token_url, service_token, clock)
        self._retries = Retries(clock, retries, chance or Random())  # noqa: S311 - jitter, not a secret

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def list_spaces(self, *, intent: str) -> list[wire.Space]:
        """Return all spaces. Google Meet itself cannot tell them: expect `Missing`."""
        return await self._list(endpoints.LIST_SPACES, wire.Space, intent=intent)

    async def space(self, name_or_code: str, *, intent: str) -> wire.Space:
        """Return the space of a resource name (`spaces/x`) or a meeting code (`abc-defg-hij`)."""
        return await self._one(endpoints.READ_SPACE, wire.Space, last_id(name_or_code), intent=intent)

    async def create_space(self, config: Mapping[str, Any] | None = None, *, intent: str) -> wire.Space:
        """Make a new space, with Meet's `config` where given. Sent once: a lost answer is `Temporary`."""
        body = {"config": config} if config else {}
        return await self._one(endpoints.CREATE_SPACE, wire.Space, intent=intent, body=body)

    async def update_space(
        self, name: str, config: Mapping[str, Any], update_mask: str, *, intent: str
    ) -> wire.Space:
        """Change the fields that `update_mask` names (dotted, comma-separated) and return the space."""
        params = {"updateMask": update_mask}
        return await self._one(
            endpoints.UPDATE_SPACE,
            wire.Space,
            last_id(name),
            intent=intent,
            params=params,
            body={"config": config},
        )

    async def end_active_conference(self, name: str, *, intent: str) -> None:
        """End the conference that goes on in a space, for everybody."""
        await self._call(endpoints.END_ACTIVE_CONFERENCE, last_id(name), intent=intent, body={})

    async def conference_records(self, filter_text: str = "", *, intent: str) -> list[wire.Record]:
        """Return the records that `filter_text` selects (Meet's filter language), latest start first."""
        params = {"filter": filter_text} if filter_text else {}
        return await self._list(endpoints.LIST_RECORDS, wire.Record, intent=intent, params=params)

    async def conference_record(self, name: str, *, intent: str) -> wire.Record:
        """Return one record."""
        return await self._one(endpoints.READ_RECORD, wire.Record, *wire.ids(name), intent=intent)

    async def participants(self, record: str, *, intent: str) -> list[wire.Participant]:
        """Return everybody who was in the conference, latest to join first."""
        return await self._list(
            endpoints.LIST_PARTICIPANTS, wire.Participant, *wire.ids(record), intent=intent
        )

    async def participant_sessions(self, participant: str, *, intent: str) -> list[wire.ParticipantSession]:
        """Return each stay of one participant, latest first."""
        return await self._list(
            endpoints.LIST_SESSIONS, wire.ParticipantSession, *wire.ids(participant), intent=intent
        )

    async def recordings(self, record: str, *, intent: str) -> list[wire.Recording]:
        """Return the recordings of a conference, earliest first."""
        return await self._list(endpoints.LIST_RECORDINGS, wire.Recording, *wire.ids(record), intent=intent)

    async def recording(self, name: str, *, intent: str) -> wire.Recording:
        """Return one recording. The proxy wants the scope `all` for it."""
        return await self._one(endpoints.READ_RECORDING, wire.Recording, *wire.ids(name), intent=intent)

    async def transcripts(self, record: str, *, intent: str) -> list[wire.Transcript]:
        """Return the transcripts of a conference, earliest first; none is normal."""
        return await self._list(endpoints.LIST_TRANSCRIPTS, wire.Transcript, *wire.ids(record), intent=intent)

    async def transcript(self, name: str, *, intent: str) -> wire.Transcript:
        """Return one transcript's state."""
        return await self._one(endpoints.READ_TRANSCRIPT, wire.Transcript, *wire.ids(name), intent=intent)

    async def transcript_entries(self, transcript: str, *, intent: str) -> list[wire.TranscriptEntry]:
        """Return every entry of a transcript, earliest first."""
        return await self._list(
            endpoints.LIST_ENTRIES, wire.TranscriptEntry, *wire.ids(transcript), intent=intent
        )

    async def check(self, *, intent: str = "Check that Meetbot is set up correctly") -> tuple[Scope, ...]:
        """Return the scopes that the service token gives, after one harmless call. Raises `Denied` when not even `read`.

        Asks for `write` too, which only automatic transcription needs.
        """
        params = {"pageSize": 1}
        await self._call(endpoints.LIST_RECORDS, intent=intent, params=params)
        try:
            await self._retries.insist(lambda: self._tokens.get(Scope.WRITE, intent))
        except Denied:
            return (Scope.READ,)
        return (Scope.READ, Scope.WRITE)

    async def _one(
        self,
        endpoint: Endpoint,
        model: type[Model],
        *ids: str,
        intent: str,
        params: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Model:
        return parsed(model, await self._call(endpoint, *ids, intent=intent, params=params, body=body))

    async def _list(
        self,
        endpoint: Endpoint,
        model: type[Listed],
        *ids: str,
        intent: str,
        params: Mapping[str, str | int] | None = None,
    ) -> list[Listed]:
        """Read every page. What is told twice is one: a list that changes while it is read moves its pages."""
        found: dict[str, Listed] = {}
        async with aclosing(self._pages(endpoint, *ids, intent=intent, params=params or {})) as pages:
            async for page in pages:
                items = page.get(endpoint.items, [])
                if not isinstance(items, list):
                    raise Temporary(f"okoro sent no list for {endpoint.name!r}")
                for item in (parsed(model, one) for one in items):
                    found[item.name] = item
        return list(found.values())

    async def _pages(
        self, endpoint: Endpoint, *ids: str, intent: str, params: Mapping[str, str | int]
    ) -> AsyncGenerator[dict[str, Any]]:
        """Yield every page; the next one is on its way while the caller works on the last."""
        size = {"pageSize": endpoint.page_size} if endpoint.page_size else {}
        seen: set[str] = set()
        coming = asyncio.create_task(self._call(endpoint, *ids, intent=intent, params={**size, **params}))
        try:
            while True:
                page = await coming
                mark = page.get("nextPageToken")
                if not mark:
                    yield page
                    return
                if not isinstance(mark, str) or mark in seen or len(seen) >= _PAGE_LIMIT:
                    raise Temporary(f"okoro's pages of {endpoint.name!r} do not come to an end")
                seen.add(mark)
                turned = {**size, **params, "pageToken": mark}
                coming = asyncio.create_task(self._call(endpoint, *ids, intent=intent, params=turned))
                yield page
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _call(
        self,
        endpoint: Endpoint,
        *ids: str,
        intent: str,
        params: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        url = self._proxy_url + endpoint.url_path(*ids)

        async def once() -> dict[str, Any]:
            answer = await self._authorised(endpoint, url, intent, params, body)
            if not 200 <= answer.status < 300:
                raise refused_call(answer, endpoint, self._clock.now())
            return decoded(answer.body)

        return await self._retries.insist(once, repeatable=endpoint.repeatable)

    async def _authorised(
        self,
        endpoint: Endpoint,
        url: str,
        intent: str,
        params: Mapping[str, str | int] | None,
        body: Mapping[str, Any] | None,
    ) -> Answer:
        """Send once; after a 401 once more, with a fresh token."""
        token = await self._tokens.get(endpoint.scope, intent)
        answer = await self._transport.send(endpoint.method, url, bearer=token.text, params=params, body=body)
        if answer.status != 401:
            return answer
        token = await self._tokens.renew(endpoint.scope, intent, refused=token)
        return await self._transport.send(endpoint.method, url, bearer=token.text, params=params, body=body)
