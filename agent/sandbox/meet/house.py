"""The fake Meet as one thing: its state, what browsers see of it, and the teller's desk."""

from agent.sandbox.clock import Clock, utc_now
from agent.sandbox.meet.control import control_routes
from agent.sandbox.meet.meetings import Meetings
from agent.sandbox.meet.options import HouseOptions
from agent.sandbox.meet.wire import wire_routes


class MeetHouse:
    """Holds every meeting. `wire` is what browsers see under /meet, `control` the teller's API.

    Both routers carry their full paths (`/meet/…`, `/control/meet/…`): include them without a prefix.
    """

    def __init__(self, options: HouseOptions | None = None, clock: Clock = utc_now) -> None:
        self.meetings = Meetings(options or HouseOptions(), clock)
        self.wire = wire_routes(self.meetings)
        self.control = control_routes(self.meetings)

    def reset(self) -> None:
        """Forget every meeting and end every hang; call it before the server stops, too."""
        self.meetings.clear()
