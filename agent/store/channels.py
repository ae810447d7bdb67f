"""Named queries about the channels over which Google tells of changes."""

from sqlmodel import Session, col, select

from agent.model.tables import CalendarChannel


def of_calendar(session: Session, calendar_id: str) -> CalendarChannel | None:
    """Return the channel of a calendar that lives longest."""
    return session.exec(
        select(CalendarChannel)
        .where(CalendarChannel.calendar_id == calendar_id)
        .order_by(col(CalendarChannel.expires_at).desc())
    ).first()


def get(session: Session, channel_id: str) -> CalendarChannel | None:
    """Return a channel by its id."""
    return session.get(CalendarChannel, channel_id)
