"""Webhooks as their owners see them: registered, changed, rotated, tried out; what was sent, sent again, caught up on."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session
from ulid import ULID

from agent.errors import Conflict, Missing
from agent.lifecycle import outbox
from agent.lifecycle.own_bots import OwnBots
from agent.model.account import Principal
from agent.model.letter import HookAnswer, Notice
from agent.model.tables import Attempt, Delivery, Endpoint
from agent.store import deliveries, hooks

MOST_HOOKS = 50
MOST_REPLAYED = 1000
NO_HOOK = "There is no such webhook."
TEST_EVENT = "webhook.test"


@dataclass(frozen=True, slots=True)
class HookChange:
    """What is to be changed of a webhook; None leaves a thing as it is."""

    url: str | None = None
    events: Sequence[str] | None = None
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery with every try at it."""

    delivery: Delivery
    attempts: Sequence[Attempt]


class HooksDesk(OwnBots):
    """Every method raises `Missing` for a webhook that is not the asker's."""

    async def page(self, by: Principal, *, offset: int, limit: int) -> tuple[Sequence[Endpoint], int]:
        """Return one page of the asker's webhooks, and how many there are."""
        return await self.read(
            lambda session: hooks.page(session, user_id=_owner(by), offset=offset, limit=limit)
        )

    async def create(
        self, by: Principal, url: str, *, events: Sequence[str], family: str, version: int
    ) -> Endpoint:
        """Register a webhook. Raises `Invalid` or `Denied` for a URL that cannot or may not be called."""
        await self.house.hooks.check(url)

        def put(session: Session) -> Endpoint:
            if hooks.count(session, by.user_id) >= MOST_HOOKS:
                raise Conflict(f"There are {MOST_HOOKS} webhooks already; delete one first.")
            endpoint = Endpoint(
                user_id=by.user_id,
                url=url,
                secrets=[_fresh_secret()],
                events=list(events),
                family=family,
                version=version,
                created_at=self.house.now(),
            )
            session.add(endpoint)
            session.flush()
            return endpoint

        return await self.write(put)

    async def get(self, by: Principal, hook_id: int) -> Endpoint:
        """Return one webhook."""
        return await self.read(lambda session: self._own(session, by, hook_id))

    async def change(self, by: Principal, hook_id: int, change: HookChange) -> Endpoint:
        """Change a webhook; turning one on again forgives its failures."""
        if change.url is not None:
            await self.house.hooks.check(change.url)

        def alter(session: Session) -> Endpoint:
            endpoint = self._own(session, by, hook_id)
            endpoint.url = change.url or endpoint.url
            if change.events is not None:
                endpoint.events = list(change.events)
            if change.enabled is not None:
                endpoint.enabled = change.enabled
                endpoint.disabled_reason, endpoint.first_failed_at = "", None
            session.add(endpoint)
            return endpoint

        return await self.write(alter)

    async def delete(self, by: Principal, hook_id: int) -> None:
        """Delete a webhook; what was still to be sent is given up, what was sent stays on record with its job."""

        def erase(session: Session) -> None:
            endpoint = self._own(session, by, hook_id)
            hooks.cancel_due(session, hook_id, self.house.now())
            session.delete(endpoint)

        await self.write(erase)

    async def rotate(self, by: Principal, hook_id: int, *, retire_old: bool) -> Endpoint:
        """Give a webhook a new secret; the one before signs too, until the next rotation or at once not any more."""

        def turn(session: Session) -> Endpoint:
            endpoint = self._own(session, by, hook_id)
            kept = [] if retire_old else list(endpoint.secrets[:1])
            endpoint.secrets = [_fresh_secret(), *kept]
            session.add(endpoint)
            return endpoint

        return await self.write(turn)

    async def test(self, by: Principal, hook_id: int) -> Sent:
        """Send one event now and wait for the answer. It is tried once, also at a webhook that is turned off."""

        def put(session: Session) -> tuple[Endpoint, Delivery]:
            endpoint = self._own(session, by, hook_id)
            now = self.house.now()
            delivery = Delivery(
                id=f"dlv_{ULID()}",
                key=f"test:{ULID()}",
                user_id=endpoint.user_id,
                endpoint_id=hook_id,
                channel="hook",
                family=endpoint.family,
                event=TEST_EVENT,
                target=endpoint.url,
                data={"message": "This is a test; nothing happened."},
                created_at=now,
            )
            session.add(delivery)
            return endpoint, delivery

        endpoint, delivery = await self.write(put)
        answer = await self.house.hooks.post(self._notice(endpoint, delivery))
        return await self.write(lambda session: self._record(session, delivery, answer))

    def _notice(self, endpoint: Endpoint, delivery: Delivery) -> Notice:
        return Notice(
            delivery_id=delivery.id,
            family=endpoint.family,
            event=delivery.event,
            data=delivery.data,
            happened_at=delivery.created_at,
            sent_at=self.house.now(),
            attempt=1,
            url=endpoint.url,
            secrets=tuple(endpoint.secrets),
            version=endpoint.version,
        )

    def _record(self, session: Session, delivery: Delivery, answer: HookAnswer) -> Sent:
        now = self.house.now()
        tried = Attempt(
            delivery_id=delivery.id,
            number=1,
            at=now,
            duration_ms=answer.duration_ms,
            status=answer.status,
            answer=answer.body,
            error=answer.error[:500],
        )
        delivery.attempts, delivery.finished_at = 1, now
        delivery.state = "done" if 200 <= answer.status < 300 else "failed"
        session.add_all([session.merge(delivery), tried])
        session.flush()
        return Sent(delivery, [tried])

    async def sent(
        self, by: Principal, hook_id: int, *, state: str | None, offset: int, limit: int
    ) -> tuple[list[Sent], int]:
        """Return one page of what was sent to a webhook, newest first, with every try."""

        def look(session: Session) -> tuple[list[Sent], int]:
            self._own(session, by, hook_id)
            found, total = hooks.deliveries(session, hook_id, state=state, offset=offset, limit=limit)
            tries = hooks.attempts(session, [delivery.id for delivery in found])
            return [Sent(delivery, tries.get(delivery.id, [])) for delivery in found], total

        return await self.read(look)

    async def resend(self, by: Principal, hook_id: int, delivery_id: str) -> Sent:
        """Send one delivery again, under the same id. Raises `Conflict` while it is being tried, or cannot be."""

        def again(session: Session) -> Sent:
            endpoint = self._on(self._own(session, by, hook_id))
            delivery = deliveries.get(session, delivery_id)
            if delivery is None or delivery.endpoint_id != endpoint.id:
                raise Missing("There is no such delivery.")
            if delivery.state == "due":
                raise Conflict("The delivery is still being tried.")
            self._queue(session, delivery)
            return Sent(delivery, hooks.attempts(session, [delivery.id]).get(delivery.id, []))

        return await self.write(again)

    async def replay(self, by: Principal, hook_id: int, since: datetime) -> int:
        """Send everything again that did not arrive since an instant; return how much that is."""

        def again(session: Session) -> int:
            self._on(self._own(session, by, hook_id))
            missed = hooks.missed(session, hook_id, since, MOST_REPLAYED)
            for delivery in missed:
                self._queue(session, delivery)
            return len(missed)

        return await self.write(again)

    def _queue(self, session: Session, delivery: Delivery) -> None:
        delivery.state, delivery.next_at, delivery.finished_at = "due", self.house.now(), None
        delivery.first_failed_at = None
        session.add(delivery)
        session.flush()
        outbox.start(session, self.house.engine, delivery)

    def _on(self, endpoint: Endpoint) -> Endpoint:
        if not endpoint.enabled:
            raise Conflict("The webhook is turned off; turn it on first.")
        return endpoint

    def _own(self, session: Session, by: Principal, hook_id: int) -> Endpoint:
        endpoint = session.get(Endpoint, hook_id)
        if endpoint is None or endpoint.origin != "api" or not by.may_see(endpoint.user_id):
            raise Missing(NO_HOOK)
        return endpoint


def _owner(by: Principal) -> int | None:
    return None if by.is_operator else (by.user_id or 0)


def _fresh_secret() -> str:
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
