"""Google Calendar v3 for one account, with the OAuth endpoint beside it."""

from agent.sandbox.google_calendar.service import CalendarService

__all__ = ["CalendarService"]
