"""A file that is sent whole, in part, or not at all to who has it, as RFC 9110 wants it."""

import asyncio
import os

from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Receive, Scope, Send

from agent.errors import Missing
from agent.lifecycle.aftermath.recordings import Media
from agent.rules import byte_ranges
from agent.web.etag import matches


class Seekable(FileResponse):
    """A file that can be sought in, shown in place, and checked by its ETag."""

    def __init__(self, media: Media, found: os.stat_result) -> None:
        super().__init__(
            media.path,
            media_type=media.media_type,
            filename=media.name,
            stat_result=found,
            content_disposition_type="inline",
        )
        self.size = found.st_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what was asked for."""
        asked = MutableHeaders(scope=scope)
        if matches(asked.get("if-none-match", ""), self.headers["etag"]):
            kept = {name: self.headers[name] for name in ("etag", "last-modified")}
            await Response(status_code=304, headers=kept)(scope, receive, send)
            return
        ranges = self._ranges(asked)
        if ranges == ():
            whole = {"Content-Range": f"bytes */{self.size}"}
            answer = JSONResponse({"detail": "The file has no such range."}, 416, whole)
            await answer(scope, receive, send)
            return
        del asked["range"]
        if ranges:
            asked["range"] = "bytes=" + ",".join(f"{first}-{last}" for first, last in ranges)
        await super().__call__(scope, receive, send)

    def _ranges(self, asked: Headers) -> byte_ranges.Ranges | None:
        condition = asked.get("if-range")
        if condition is not None and condition not in (self.headers["etag"], self.headers["last-modified"]):
            return None
        return byte_ranges.satisfiable(asked.get("range", ""), self.size)


async def sent(media: Media) -> Seekable:
    """Return a file for its reader. Raises `Missing` when it is not on the disk any more."""
    try:
        return Seekable(media, await asyncio.to_thread(os.stat, media.path))
    except FileNotFoundError as error:
        raise Missing("The recording's file is gone.", full=f"recording: {media.path}") from error
