"""The webhook endpoints that the configuration names, kept as rows like every other."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.lifecycle.house import House
from agent.model.tables import Endpoint
from agent.store import deliveries


@dataclass(frozen=True, slots=True)
class Listener:
    """One `[[webhooks]]` entry. No events means all of the jobs family."""

    url: str
    secret: str
    events: tuple[str, ...] = ()
    version: int = 2


def keep_configured(house: House, wanted: Sequence[Listener]) -> None:
    """Make the rows agree with the configuration. What is configured no longer is switched off, not deleted."""
    with house.database.write() as session:
        known = {endpoint.url: endpoint for endpoint in deliveries.configured(session)}
        for listener in wanted:
            endpoint = known.pop(listener.url, None) or Endpoint(
                origin="config", url=listener.url, created_at=house.now()
            )
            endpoint.secrets, endpoint.events = [listener.secret], list(listener.events)
            endpoint.version = listener.version
            if endpoint.disabled_reason != "":
                # A restart is how an operator says that the receiver was mended.
                endpoint.disabled_reason, endpoint.first_failed_at = "", None
            endpoint.enabled = True
            session.add(endpoint)
        for endpoint in known.values():
            endpoint.enabled, endpoint.disabled_reason = False, "no longer configured"
            session.add(endpoint)
