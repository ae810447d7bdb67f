"""Routes of registering, signing in and out, and proving an address."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from agent.errors import Denied
from agent.lifecycle.people.identity import Caller, Tokens
from agent.web.auth import AskedFirst, TheAsker, TheOperator, Unauthenticated
from agent.web.desk import TheDesk, desk_of
from agent.web.problems import answers
from agent.web.quota import address
from agent.web.wire import ONE_LINE, Email

router = APIRouter(prefix="/v1/auth", tags=["auth"], route_class=AskedFirst)
# Longer ones than a password may be are refused in words by the rule itself.
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
PersonName = Annotated[str, StringConstraints(max_length=100, pattern=ONE_LINE, strip_whitespace=True)]
Opaque = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RegisterRequest(_Body):
    """A new account. `invite` is the token from an invitation's mail, where the server asks for one."""

    email: Email = Field(examples=["host@example.com"])
    password: Password = Field(examples=["correct horse battery"])
    name: PersonName = Field("", examples=["Host Person"])
    invite: Opaque | None = None


class LoginRequest(_Body):
    """An address and its password."""

    email: Email = Field(examples=["host@example.com"])
    password: Password = Field(examples=["correct horse battery"])


class RefreshRequest(_Body):
    """The newest refresh token."""

    refresh_token: Opaque


class ProofRequest(_Body):
    """The token from a mail, and the password of the account whose address it proves."""

    token: Opaque
    password: Password = Field(examples=["correct horse battery"])


class AddressRequest(_Body):
    """An address."""

    email: Email = Field(examples=["host@example.com"])


class ResetRequest(_Body):
    """The token from a mail, and the new password."""

    token: Opaque
    password: Password = Field(examples=["correct horse battery"])


class TokenAnswer(BaseModel):
    """Fresh tokens. The refresh token is good once; `expires_in` is of the access token, in seconds."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105 - the kind of token, not one
    expires_in: int = Field(examples=[900])
    user_id: int = Field(examples=[1])
    email: str = Field(examples=["host@example.com"])
    name: str = Field(examples=["Host Person"])


class Done(BaseModel):
    """It was done, or is under way."""

    message: str


async def _caller(request: Request) -> Caller:
    """Count a request that names nobody yet on its address."""
    desk_of(request).quotas.spend_as_stranger(request, "auth")
    return Caller(address(request), request.headers.get("user-agent", ""))


TheCaller = Annotated[Caller, Depends(_caller)]


@router.post("/register", status_code=201, summary="Register new user", responses=answers(409))
async def register(body: RegisterRequest, desk: TheDesk, caller: TheCaller) -> TokenAnswer:
    """Make an account and sign it in. The mail that follows proves the address; until then nothing is seen by it."""
    made = await desk.enrolment.register(
        body.email, body.password, body.name, caller, invite=body.invite or ""
    )
    return _shown(made)


@router.post("/login", summary="Login with email/password", responses=answers())
async def login(body: LoginRequest, desk: TheDesk, caller: TheCaller) -> TokenAnswer:
    """Sign in. Too many wrong tries are locked out for a while; the answer never tells whether an address is known."""
    try:
        return _shown(await desk.identity.login(body.email, body.password, caller))
    except Denied as error:
        raise Unauthenticated(error.safe, full=error.full) from error


@router.post("/refresh", summary="Refresh access token", responses=answers())
async def refresh(body: RefreshRequest, desk: TheDesk, caller: TheCaller) -> TokenAnswer:
    """Exchange the refresh token for fresh tokens. A used one that returns ends the whole sign-in."""
    try:
        return _shown(await desk.identity.refresh(body.refresh_token, caller))
    except Denied as error:
        raise Unauthenticated(error.safe, full=error.full) from error


@router.post("/logout", status_code=204, summary="Invalidate tokens", responses=answers())
async def logout(desk: TheDesk, asker: TheAsker) -> None:
    """End this sign-in: its access and refresh tokens are refused from now on."""
    await desk.identity.logout(asker)


@router.post("/verify", summary="Confirm an address", responses=answers())
async def verify(body: ProofRequest, desk: TheDesk, _caller: TheCaller) -> Done:
    """Take the token from the mail. Meetings to which this address invited the bot are the account's from now on."""
    user = await desk.enrolment.confirm(body.token, body.password)
    return Done(message=f"{user.email} is confirmed.")


@router.post("/verify/resend", status_code=202, summary="Mail the proof again", responses=answers(409))
async def verify_again(desk: TheDesk, asker: TheAsker) -> Done:
    """Mail another token for the account's address."""
    await desk.enrolment.ask_again(asker)
    return Done(message="A mail is on its way.")


@router.post("/forgot", status_code=202, summary="Ask for a new password", responses=answers())
async def forgot(body: AddressRequest, desk: TheDesk, _caller: TheCaller) -> Done:
    """Mail a token that lets a new password be chosen, if the address has an account."""
    await desk.enrolment.forgot(body.email)
    return Done(message="If the address has an account, a mail is on its way.")


@router.post("/reset", status_code=204, summary="Choose a new password", responses=answers())
async def reset(body: ResetRequest, desk: TheDesk, _caller: TheCaller) -> None:
    """Set a new password by the token from the mail; every sign-in of the account ends."""
    await desk.enrolment.reset(body.token, body.password)


@router.post("/invitations", status_code=202, summary="Invite somebody to register", responses=answers(409))
async def invite(body: AddressRequest, desk: TheDesk, operator: TheOperator) -> Done:
    """Mail an invite. Operators only."""
    await desk.enrolment.invite(operator, body.email)
    return Done(message=f"An invitation to {body.email} is on its way.")


def _shown(made: Tokens) -> TokenAnswer:
    return TokenAnswer(
        access_token=made.access_token,
        refresh_token=made.refresh_token,
        expires_in=made.expires_in_seconds,
        user_id=made.user.id or 0,
        email=made.user.email,
        name=made.user.name,
    )
