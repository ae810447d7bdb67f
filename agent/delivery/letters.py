"""Writes the mails that leave the house: recap, notice, and the answer to an invitation."""

from collections.abc import Callable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from agent.delivery import itip
from agent.delivery.mime import POLICY, SUBJECT_MAX, compose, mailbox, one_line, prose
from agent.delivery.recap import RecapView, view_of, web_url
from agent.delivery.wording import clock, words_for, zone
from agent.delivery.wrapping import wrapped
from agent.model.invite import Attendee
from agent.model.letter import (
    HeldLetter,
    Mail,
    NoNotesLetter,
    NoticeLetter,
    RecapLetter,
    RefreshLetter,
    ReplyLetter,
)

ANSWERS = {"ACCEPTED": "Accepted", "DECLINED": "Declined", "TENTATIVE": "Tentative"}


class LetterWriter:
    """Turns letters into complete messages, as `ports.Letters` says.

    `sender` is the address of From, `bot_name` its display name, `public_url` a page about this bot ('' for none);
    `now` gives the Date header. Raises `Invalid` for a recipient that no mail can be written to.
    """

    def __init__(self, sender: str, bot_name: str, public_url: str, now: Callable[[], datetime]) -> None:
        self._sender = mailbox(sender, bot_name)
        self._bot_name = bot_name
        self._public_url = web_url(public_url)
        self._now = now
        self._templates = Environment(
            loader=PackageLoader("agent.delivery"),
            autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
            undefined=StrictUndefined,
            finalize=_clean,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["wrapped"] = wrapped

    def recap(self, letter: RecapLetter) -> Mail:
        """Return the recap, text and HTML, threaded on the invitation."""
        view = view_of(letter, self._bot_name, self._public_url)
        one_click = [
            ("List-Unsubscribe", f"<{view.unsubscribe_url}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ]
        return compose(
            self._text_and_html("recap", view),
            message_id=letter.message_id,
            subject=view.subject,
            sender=self._sender,
            recipient=mailbox(letter.recipient, letter.recipient_name),
            sent_at=self._now(),
            thread=letter.thread,
            auto_submitted="auto-generated",
            more=one_click if view.unsubscribe_url else (),
        )

    def notice(self, letter: NoticeLetter) -> Mail:
        """Return a short mail. An answer to somebody's mail leaves with the null sender, so that nobody answers it."""
        return compose(
            self._text_and_html("notice", letter),
            message_id=letter.message_id,
            subject=letter.subject,
            sender=self._sender,
            recipient=mailbox(letter.recipient),
            sent_at=self._now(),
            thread=letter.thread,
            auto_submitted=letter.auto_submitted,
            null_sender=letter.auto_submitted == "auto-replied",
        )

    def no_notes(self, letter: NoNotesLetter) -> Mail:
        """Return the one line that there are no notes, since nobody allowed any."""
        words = words_for(letter.language)
        title = one_line(letter.title) or words["a_meeting"]
        return self.notice(
            NoticeLetter(
                message_id=letter.message_id,
                recipient=letter.recipient,
                subject=one_line(words.filled("no_notes_subject", title=title), SUBJECT_MAX),
                paragraphs=(words.filled("no_notes", title=title),),
                thread=letter.thread,
                language=words.language,
            )
        )

    def held(self, letter: HeldLetter) -> Mail:
        """Return the word of a recap that is held back, with the link that stops it."""
        words, place = words_for(letter.language), zone(letter.timezone)
        told = {
            "title": one_line(letter.title) or words["a_meeting"],
            "at": clock(letter.until.astimezone(place)),
            "zone": str(place),
            "readers": words.listed([one_line(reader) for reader in letter.readers]),
        }
        return self.notice(
            NoticeLetter(
                message_id=letter.message_id,
                recipient=letter.recipient,
                subject=one_line(words.filled("held_subject", **told), SUBJECT_MAX),
                paragraphs=(words.filled("held", **told), words["held_advice"]),
                links=((words["held_stop"], letter.stop_url),),
                language=words.language,
            )
        )

    def reply(self, letter: ReplyLetter) -> Mail:
        """Return the iTIP REPLY to the organizer, from the very address that was invited."""
        answer = ANSWERS[letter.partstat]
        text = f"{self._bot_name} answered: {answer.lower()}.\n"
        comment = f"{text}\n{letter.comment}\n" if letter.comment else text
        return self._to_organizer(letter, answer, comment, "REPLY", itip.reply(letter))

    def refresh(self, letter: RefreshLetter) -> Mail:
        """Return the iTIP REFRESH to the organizer, from the very address that was invited."""
        text = (
            f"{self._bot_name} was told of one meeting of a series that it does not know, and asks your calendar for "
            "the series. Calendars answer by themselves; nobody needs to do anything.\n"
        )
        return self._to_organizer(letter, "Refresh", text, "REFRESH", itip.refresh(letter))

    def _to_organizer(
        self, letter: ReplyLetter | RefreshLetter, word: str, text: str, method: str, calendar: str
    ) -> Mail:
        """Compose an iTIP message for a calendar, with a text for whoever opens it."""
        body = EmailMessage(policy=POLICY)
        body.set_content(prose(text))
        body.add_alternative(calendar, subtype="calendar", charset="UTF-8", params={"method": method})
        return compose(
            body,
            message_id=letter.message_id,
            subject=f"{word}: {letter.title}",
            sender=self._as_invited(letter.attendee),
            recipient=mailbox(letter.organizer.email, letter.organizer.name),
            sent_at=letter.stamped_at,
            thread=letter.thread,
            auto_submitted="auto-generated",
        )

    def _as_invited(self, attendee: Attendee) -> Address:
        raw = attendee.raw or attendee.email
        address = raw[len("mailto:") :] if raw.lower().startswith("mailto:") else raw
        return mailbox(address, self._bot_name)

    def _text_and_html(self, name: str, view: RecapView | NoticeLetter) -> EmailMessage:
        body = EmailMessage(policy=POLICY)
        body.set_content(self._templates.get_template(f"{name}.txt.j2").render(it=view))
        body.add_alternative(self._templates.get_template(f"{name}.html.j2").render(it=view), subtype="html")
        return body


def _clean(value: object) -> object:
    """Strip control characters from everything a template prints; markup of our own is left as it is."""
    return prose(value) if isinstance(value, str) and not isinstance(value, Markup) else value
