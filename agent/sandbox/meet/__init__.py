"""A fake Google Meet: the page a bot drives, the server behind it, and the teller's desk."""

from agent.sandbox.meet.house import MeetHouse
from agent.sandbox.meet.options import HouseOptions, MeetingOptions

__all__ = ["HouseOptions", "MeetHouse", "MeetingOptions"]
