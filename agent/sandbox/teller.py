"""Tells a story to the fake world over its control API, step by step."""

import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import httpx2

PATIENCE_SECONDS = 30.0


class Teller:
    """One async client of `/control`; every method raises httpx2.HTTPStatusError when the world says no,
    as it does when something that is waited for does not come."""

    def __init__(self, base_url: str) -> None:
        # The world speaks plain HTTP, so no trust store is loaded; its own waits bound every request.
        no_trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._http = httpx2.AsyncClient(
            base_url=f"{base_url}/control", timeout=None, trust_env=False, verify=no_trust
        )

    async def __aenter__(self) -> "Teller":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def reset(self) -> None:
        """Every fake forgets everything."""
        await self._ask("POST", "/reset")

    # The fake Meet.

    async def create_meeting(self, code: str, **options: Any) -> dict[str, Any]:
        """A meeting with the options of its door, lobby and call; what is observed of it so far."""
        return dict(await self._ask("PUT", f"/meet/meetings/{code}", json=options))

    async def step(self, code: str, *steps: dict[str, Any]) -> list[Any]:
        """Carries the steps out in order; what each of them did."""
        return list((await self._ask("POST", f"/meet/meetings/{code}/steps", json=list(steps)))["done"])

    async def observed(self, code: str) -> dict[str, Any]:
        return dict(await self._ask("GET", f"/meet/meetings/{code}"))

    async def wait(
        self,
        code: str,
        what: str,
        *,
        visitor: str | None = None,
        count: int = 1,
        timeout: float = PATIENCE_SECONDS,
    ) -> dict[str, Any]:
        """What is observed as soon as the named condition holds."""
        query: dict[str, Any] = {"for": what, "count": count, "timeout": timeout}
        query |= {} if visitor is None else {"visitor": visitor}
        return dict(await self._ask("GET", f"/meet/meetings/{code}/wait", params=query))

    # The okoro proxy and the Meet records behind it.

    async def add_conference(self, **order: Any) -> dict[str, Any]:
        """A conference took place; keys as in POST /control/okoro/conferences. Returns the resource names."""
        return dict(await self._ask("POST", "/okoro/conferences", json=order))

    async def set_token(self, **order: Any) -> dict[str, Any]:
        """service_token, max_scope, lifetime_seconds, revoked, expire_after_calls."""
        return dict(await self._ask("POST", "/okoro/tokens", json=order))

    async def okoro_requests(self) -> list[dict[str, Any]]:
        return list(await self._ask("GET", "/okoro/requests"))

    # Google Calendar.

    async def put_event(self, event_id: str, calendar_id: str = "primary", **event: Any) -> dict[str, Any]:
        return dict(await self._ask("PUT", f"/calendar/{calendar_id}/events/{event_id}", json=event))

    async def change_event(
        self, event_id: str, calendar_id: str = "primary", **changes: Any
    ) -> dict[str, Any]:
        return dict(await self._ask("PATCH", f"/calendar/{calendar_id}/events/{event_id}", json=changes))

    async def cancel_event(self, event_id: str, calendar_id: str = "primary") -> dict[str, Any]:
        return dict(await self._ask("DELETE", f"/calendar/{calendar_id}/events/{event_id}"))

    async def event(self, event_id: str, calendar_id: str = "primary") -> dict[str, Any]:
        """The event in full, whatever its state."""
        return dict(await self._ask("GET", f"/calendar/{calendar_id}/events/{event_id}"))

    async def expire_sync_tokens(self, calendar_id: str = "primary") -> None:
        await self._ask("POST", f"/calendar/{calendar_id}/expire-sync-tokens")

    async def calendar_requests(self) -> list[dict[str, Any]]:
        return list(await self._ask("GET", "/calendar/requests"))

    # The language model.

    async def model_behaves(self, name: str, **order: Any) -> None:
        """A behaviour by name, with content, seconds, times."""
        await self._ask("POST", "/llm/behaviour", json={"name": name, **order})

    async def audio_says(self, *segments: tuple[float, float, str], **order: Any) -> None:
        """What is heard in every file, as (start, end, text) in seconds; and language, limit_bytes."""
        said = [{"start": start, "end": end, "text": text} for start, end, text in segments]
        await self._ask("PUT", "/llm/audio", json={"segments": said, **order})

    async def model_requests(self) -> list[dict[str, Any]]:
        return list(await self._ask("GET", "/llm/requests"))

    # Webhook endpoints.

    async def hook_answers(self, name: str, secrets: Sequence[str] = (), **order: Any) -> None:
        """Secrets of the endpoint, and its status, retry_after, delay_seconds, body, location, times."""
        await self._ask("PUT", f"/hooks/{name}", json={"secrets": list(secrets), **order})

    async def deliveries(self, name: str) -> list[dict[str, Any]]:
        return list(await self._ask("GET", f"/hooks/{name}"))

    async def wait_deliveries(
        self, name: str, event: str = "", count: int = 1, timeout: float = PATIENCE_SECONDS
    ) -> list[dict[str, Any]]:
        query = {"event": event, "count": count, "timeout": timeout}
        return list(await self._ask("GET", f"/hooks/{name}/wait", params=query))

    # Mail.

    async def mails(self) -> list[dict[str, Any]]:
        return list(await self._ask("GET", "/mail"))

    async def wait_mail(
        self, to: str = "", subject: str = "", timeout: float = PATIENCE_SECONDS
    ) -> dict[str, Any]:
        query = {"to": to, "subject": subject, "timeout": timeout}
        return dict(await self._ask("GET", "/mail/wait", params=query))

    async def raw_mail(self, number: int) -> bytes:
        return (await self._send("GET", f"/mail/{number}")).content

    async def mail_down(self, seconds: float) -> None:
        await self._ask("POST", "/mail/down", json={"seconds": seconds})

    # Faults.

    async def add_fault(self, service: str, fault: str, match: str = "*", **order: Any) -> dict[str, Any]:
        body = {"service": service, "fault": fault, "match": match, **order}
        return dict(await self._ask("POST", "/faults", json=body))

    async def faults(self) -> list[dict[str, Any]]:
        return list(await self._ask("GET", "/faults"))

    async def clear_faults(self) -> None:
        await self._ask("DELETE", "/faults")

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        return (await self._send(method, path, **options)).json()

    async def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        response = await self._http.request(method, path, **options)
        response.raise_for_status()
        return response
