"""The okoro proxy, and Google's Meet REST API as it stands behind it."""

from agent.sandbox.okoro.proxy import DEFAULT_SERVICE_TOKEN, OkoroProxy

__all__ = ["DEFAULT_SERVICE_TOKEN", "OkoroProxy"]
