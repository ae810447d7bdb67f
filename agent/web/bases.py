"""The bots API stands under /v1, under /api/v1 and, where it is public, under no base: one set of routes serves all."""

from starlette.types import ASGIApp, Receive, Scope, Send

OTHER_BASE = "/api/v1/"
SHARES = "/share/"
RESOURCES = frozenset(
    {
        "api-keys",
        "auth",
        "bots",
        "events",
        "recordings",
        "share",
        "summaries",
        "transcripts",
        "users",
        "webhooks",
    }
)


class OneBase:
    """Middleware: gives a path the base under which its route stands, and takes a slash at its end for nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            scope["path"] = under_v1(scope["path"])
        await self.app(scope, receive, send)


def under_v1(path: str) -> str:
    """Return the path under /v1 that a path means; others stay as they are, but for a slash at the end."""
    path = path.rstrip("/") or "/"
    if path.startswith(SHARES):
        return f"/v1{path}"
    if path.startswith(OTHER_BASE) and path[len(OTHER_BASE) :].partition("/")[0] in RESOURCES:
        return path.removeprefix("/api")
    return path
