"""The browser in a Google Meet call; Playwright lives here only."""

from agent.meet.adapter import BrowserMeet
from agent.meet.course import Patience

__all__ = ["BrowserMeet", "Patience"]
