"""The links in mails, as URLs of the public pages. Each is signed for one reader and one purpose, and ends."""

from datetime import datetime, timedelta

from agent.lifecycle.house import House
from agent.lifecycle.people import signing_key
from agent.model.tables import Job
from agent.rules.signed_links import Link, Purpose, issue

PATH = "/recap"
UNSUBSCRIBE_LIFE = timedelta(days=365)
QUESTION_LIFE = timedelta(hours=12)  # longer than any call; the call's own end closes the question


def transcript_url(house: House, job: Job, reader: str, until: datetime | None) -> str:
    """Return where a reader finds the transcript, up to the moment they left."""
    link = Link(Purpose.TRANSCRIPT, job.public_id, reader, until.isoformat() if until else "")
    return _url(house, link, house.now() + _words_live(house))


def delete_url(house: House, job: Job, reader: str) -> str:
    """Return where a meeting's data can be deleted."""
    life = timedelta(days=max(house.habits.summary_days, house.habits.transcript_days))
    return _url(house, Link(Purpose.DELETE, job.public_id, reader), house.now() + life)


def unsubscribe_url(house: House, scope: str, reader: str) -> str:
    """Return where a reader ends the recaps of a series."""
    return _url(house, Link(Purpose.UNSUBSCRIBE, scope, reader), house.now() + UNSUBSCRIBE_LIFE)


def stop_url(house: House, job: Job, version: int, reader: str, held_until: datetime) -> str:
    """Return where recaps that are held back can be stopped, for as long as they are."""
    return _url(house, Link(Purpose.STOP, job.public_id, reader, str(version)), held_until)


def consent_url(house: House, job: Job, reader: str, *, granted: bool) -> str:
    """Return where a reader answers the question of consent with yes, or with no."""
    link = Link(Purpose.CONSENT, job.public_id, reader, "yes" if granted else "no")
    return _url(house, link, house.now() + QUESTION_LIFE)


def key_of(house: House) -> bytes:
    """Return the key that signs the links."""
    return signing_key.load(house.habits.data_dir, house.habits.signing_secret)


def _words_live(house: House) -> timedelta:
    return timedelta(days=min(house.habits.recap_link_days, house.habits.transcript_days))


def _url(house: House, link: Link, expires_at: datetime) -> str:
    token = issue(key_of(house), link, expires_at)
    return f"{house.habits.public_url}{PATH}/{link.purpose.value}/{token}"
