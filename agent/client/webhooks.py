"""Calls about registered webhooks."""

from collections.abc import Sequence
from datetime import datetime

from agent.client.calls import Call, Listing, given, once, path
from agent.client.types import DeliveryAnswer, HookAnswer, HookCreated, Replayed, TestAnswer

ROOT = "/v1/webhooks"


def create(url: str, *, events: Sequence[str] = (), family: str | None = None) -> Call[HookCreated]:
    """Register a webhook; the answer shows its signing secret once. Without events it gets all of its family."""
    return once(Call("POST", ROOT, body=given(url=url, events=list(events) or None, family=family)))


def listing() -> Listing[HookAnswer]:
    """List webhooks."""
    return Listing(ROOT, "webhooks")


def get(hook_id: int) -> Call[HookAnswer]:
    """Read a webhook."""
    return Call("GET", path(ROOT + "/{}", hook_id))


def update(
    hook_id: int, *, url: str | None = None, events: Sequence[str] | None = None, enabled: bool | None = None
) -> Call[HookAnswer]:
    """Change a webhook, or switch it on again; what is not given stays."""
    body = given(url=url, events=None if events is None else list(events), enabled=enabled)
    return Call("PATCH", path(ROOT + "/{}", hook_id), body=body)


def rotate_secret(hook_id: int, *, retire_old: bool = False) -> Call[HookCreated]:
    """Get a fresh signing secret; the old one signs along until it is retired."""
    return once(Call("POST", path(ROOT + "/{}/rotate-secret", hook_id), body={"retireOld": retire_old}))


def delete(hook_id: int) -> Call[None]:
    """Forget a webhook."""
    return Call("DELETE", path(ROOT + "/{}", hook_id))


def test(hook_id: int) -> Call[TestAnswer]:
    """Send a test event now and tell what came of it."""
    return Call("POST", path(ROOT + "/{}/test", hook_id))


def deliveries(hook_id: int) -> Listing[DeliveryAnswer]:
    """List what was sent to a webhook."""
    return Listing(path(ROOT + "/{}/deliveries", hook_id), "deliveries")


def resend(hook_id: int, delivery_id: str) -> Call[DeliveryAnswer]:
    """Send a delivery again, under the same id."""
    return once(Call("POST", path(ROOT + "/{}/deliveries/{}/resend", hook_id, delivery_id)))


def replay(hook_id: int, since: datetime) -> Call[Replayed]:
    """Send everything again that failed since an instant."""
    return once(Call("POST", path(ROOT + "/{}/replay", hook_id), body={"since": since.isoformat()}))
