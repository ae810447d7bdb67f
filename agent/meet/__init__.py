"""The browser in a Google Meet call; Playwright lives here only."""

from agent.meet.adapter import BrowserMeet
from agent.meet.browser import Launch
from agent.meet.course import Patience
from agent.meet.profile import Profile, is_signed_in, sign_in

__all__ = ["BrowserMeet", "Launch", "Patience", "Profile", "is_signed_in", "sign_in"]
