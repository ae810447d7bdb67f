"""The pages behind the links in account mails. Looking changes nothing; only the button does."""

import base64
import hashlib
from enum import StrEnum
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from agent.errors import MeetbotError
from agent.web.accounts.auth import TheCaller
from agent.web.desk import TheDesk
from agent.web.problems import headers_of, status_of

router = APIRouter(prefix="/proof", include_in_schema=False)
PAGES = Environment(
    loader=PackageLoader("agent.web.accounts", "."), autoescape=True, undefined=StrictUndefined
)
STYLE = files("agent.web.accounts").joinpath("proof.css").read_text("utf-8")
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    f"style-src 'sha256-{_HASH}'",
}
Typed = Annotated[str, Form(max_length=1024)]


class Purpose(StrEnum):
    """What a mailed proof is for."""

    VERIFY = "verify"
    RESET = "reset"
    INVITE = "invite"


TITLES = {
    Purpose.VERIFY: "Confirm your address",
    Purpose.RESET: "Choose a new password",
    Purpose.INVITE: "Make your account",
}


@router.get("/{purpose}")
async def show(
    purpose: Purpose, _caller: TheCaller, token: Annotated[str, Query(max_length=200)] = ""
) -> HTMLResponse:
    """Show the form; the proof is not used by looking."""
    return _page(purpose, token=token)


@router.post("/{purpose}")
async def take(
    purpose: Purpose,
    desk: TheDesk,
    caller: TheCaller,
    token: Typed = "",
    email: Typed = "",
    name: Typed = "",
    password: Typed = "",
) -> HTMLResponse:
    """Use the proof."""
    try:
        if purpose is Purpose.VERIFY:
            user = await desk.enrolment.confirm(token, password)
            done = f"{user.email} is confirmed."
        elif purpose is Purpose.RESET:
            await desk.enrolment.reset(token, password)
            done = "The new password is set; sign in with it."
        else:
            made = await desk.enrolment.register(email, password, name[:100], caller, invite=token)
            done = f"The account of {made.user.email} is made; sign in with it."
    except MeetbotError as error:
        return _page(purpose, token=token, problem=error)
    return _page(purpose, done=done)


def _page(
    purpose: Purpose, *, token: str = "", problem: MeetbotError | None = None, done: str = ""
) -> HTMLResponse:
    text = PAGES.get_template("proof.html.j2").render(
        style=STYLE,
        title=TITLES[purpose],
        purpose=purpose.value,
        token=token,
        problem=problem.safe if problem else "",
        done=done,
    )
    if problem is None:
        return HTMLResponse(text, headers=HEADERS)
    return HTMLResponse(text, status_of(problem), HEADERS | headers_of(problem))
