"""The plain page that people see who came by a link: a heading, a sentence, sometimes a button."""

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

STYLE = files("agent.web.public").joinpath("mails.css").read_text("utf-8")
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    f"style-src 'sha256-{_HASH}'",
}
templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)


def sheet(
    heading: str,
    text: str,
    *,
    button: str = "",
    action: str = "",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Return the page; with a `button` it waits for the click, which goes to `action`, by default to the page itself."""
    html = templates.get_template("mails.html.j2").render(
        heading=heading, text=text, button=button, action=action, wrong=status != 200, style=STYLE
    )
    return HTMLResponse(html, status_code=status, headers=HEADERS | dict(headers or {}))
