"""`meetbot google-login`: signs the bot's Google account in, once, by a person's hand."""

import asyncio
import re
from typing import Annotated

import typer

from agent.cli.options import ConfigFile, Overrides, read_settings
from agent.cli.output import say
from agent.config.settings import Settings
from agent.errors import Invalid, Misconfigured
from agent.meet import Launch, sign_in
from agent.meet.profile import SIGN_IN_SECONDS, SIGN_IN_URL

ACCOUNT = re.compile(r"[\w.@+-]{1,100}")


def google_login(
    config: ConfigFile = None,
    override: Overrides = None,
    account: Annotated[
        str, typer.Option(help="A further account, kept beside the first under this name.")
    ] = "",
    url: Annotated[str, typer.Option(help="Where the sign-in begins.")] = SIGN_IN_URL,
    wait_seconds: Annotated[float, typer.Option(help="How long to wait for the sign-in.")] = SIGN_IN_SECONDS,
) -> None:
    """Open a browser to sign the bot's Google account in, and keep the session for the bot."""
    settings = read_settings(config, override)
    directory = settings.meet.profile_dir
    if directory is None:
        raise Misconfigured(
            "meet.profile_dir is not set, so there is nowhere to keep the session. "
            'Set it, as in profile_dir = "/var/lib/meetbot/profile", and run this again.'
        )
    if account and (not ACCOUNT.fullmatch(account) or account.startswith(".")):
        raise Invalid("The name of an account may have letters, digits and . _ - @ + only.")
    say(f"Sign in as {settings.bot.email} in the browser that opens. It closes by itself when you have.")
    kept = directory / account if account else directory
    asyncio.run(sign_in(_visible(settings), kept, url=url, wait_seconds=wait_seconds))
    say(f"Signed in. The session is kept in {kept}; the next meeting uses it.")


def _visible(settings: Settings) -> Launch:
    browser = settings.browser
    executable = str(browser.executable) if browser.executable else None
    return Launch(executable, headless=False, sandbox=browser.sandbox)
