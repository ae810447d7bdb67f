"""What a recap mail shows, decided before any template: order, whose action it is, which words back it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.delivery.mime import SUBJECT_MAX, one_line
from agent.delivery.wording import Words, clock, offset, words_for, zone
from agent.model.letter import Changes, ConsentTold, RecapLetter
from agent.model.summary import ActionItem, Cited, Note, Summary, Topic
from agent.rules.recipients import name_key

QUOTE_MAX = 160
STAMPS_MAX = 3
NAMES_MAX = 12
REPEATED = 0.7  # a quote of which the statement holds so much tells nothing more
_URL = re.compile(r"https?://[\x21\x23-\x3b\x3d\x3f-\x7e]{1,900}")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A place in the meeting; `url` leads to it in the transcript, '' where there is no link."""

    at: str
    url: str


@dataclass(frozen=True, slots=True)
class Item:
    """One statement as shown: what it says, remarks such as owner and due, and the words it rests on.

    `spoken` tells that it is what the speaker said, word for word; the quote is empty where it would only repeat it.
    """

    text: str
    remarks: tuple[tuple[str, str], ...] = ()
    points: tuple[str, ...] = ()
    stamps: tuple[Stamp, ...] = ()
    speaker: str = ""
    quote: str = ""
    verified: bool = True
    mine: bool = False
    spoken: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A headed list of items. `kind` is mine, tldr, actions, decisions, questions or topics."""

    kind: str
    heading: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class RecapView:
    """Everything the templates print, in the order they print it."""

    words: Words
    subject: str
    preheader: str
    label: str
    title: str
    when: str
    facts: tuple[tuple[str, str], ...]
    notice: str
    sections: tuple[Section, ...]
    carried_over: tuple[str, ...]
    notes: tuple[str, ...]
    readers: str
    retention: str
    checked: str
    transcript_url: str
    delete_url: str
    delete_by: str
    unsubscribe_url: str
    public_url: str


def view_of(letter: RecapLetter, bot_name: str, public_url: str) -> RecapView:
    """Turn a letter into what is shown of it."""
    summary = letter.summary
    words = words_for(letter.language or (summary.language if summary else ""))
    sections = _sections(letter, summary, words) if summary else ()
    notice = _notice(letter, words)
    lead = next((statement.text for statement in summary.tldr), notice) if summary else notice
    return RecapView(
        words=words,
        subject=_subject(letter, words),
        preheader=one_line(lead, 140),
        label=_label(letter, words),
        title=one_line(letter.title),
        when=_when(letter, words),
        facts=_facts(letter, words, bot_name),
        notice=notice,
        sections=sections,
        carried_over=tuple(one_line(text) for text in letter.carried_over),
        notes=_notes(letter, summary, words) if summary else (),
        readers=_listed(letter.recipients, words),
        retention=words.count("retention", letter.retention_days) if letter.retention_days else "",
        checked=words.filled("checked", name=bot_name) if summary else "",
        transcript_url=web_url(letter.transcript_url),
        delete_url=web_url(letter.delete_url),
        delete_by=_delete_by(letter, words),
        unsubscribe_url=web_url(letter.unsubscribe_url),
        public_url=public_url,
    )


def web_url(url: str) -> str:
    """Return a URL that may stand in a mail, '' for anything but a plain http(s) one."""
    return url if _URL.fullmatch(url) else ""


def is_mine(owner: str | None, name: str, attended: Sequence[str]) -> bool:
    """Whether an action's owner is the recipient: by full name, or by a part of it that nobody else there bears."""
    wanted, own = set(name_key(owner or "").split()), set(name_key(name).split())
    if not wanted or not wanted <= own:
        return False
    others = (set(name_key(other).split()) for other in attended)
    return wanted == own or not any(wanted <= other for other in others if other != own)


def _delete_by(letter: RecapLetter, words: Words) -> str:
    """Tell a reader who may not delete the meeting's data who may."""
    if web_url(letter.delete_url) or not letter.inviter:
        return ""
    return words.filled("delete_by", name=one_line(letter.inviter))


def _subject(letter: RecapLetter, words: Words) -> str:
    label = _label(letter, words)
    tail = f" — {words.date(letter.starts_at.astimezone(zone(letter.timezone)))}"
    if letter.summary:
        counts = (("decisions_n", letter.summary.decisions), ("actions_n", letter.summary.action_items))
        said = words.listed([words.count(name, len(items)) for name, items in counts if items])
    else:
        said = words["source_none"]
    tail += f" ({said})" if said else ""
    title = one_line(letter.title, SUBJECT_MAX - len(words.labelled(label, tail)))
    return words.labelled(label, f"{title}{tail}")


def _label(letter: RecapLetter, words: Words) -> str:
    return words["recap"] if letter.version == 1 else f"{words['recap']} v{letter.version}"


def _when(letter: RecapLetter, words: Words) -> str:
    place = zone(letter.timezone)
    start, end = letter.starts_at.astimezone(place), letter.ended_at.astimezone(place)
    span = words.span((end - start).total_seconds())
    return f"{words.date(start)}, {clock(start)}–{clock(end)} ({place}, {span})"


def _facts(letter: RecapLetter, words: Words, bot_name: str) -> tuple[tuple[str, str], ...]:
    rows = (
        (words["attended"], _listed(letter.attended, words)),
        (words["absent"], _listed(letter.absent, words)),
        (words["bots"], _listed(letter.rivals, words)),
        (words["invited_by"], one_line(letter.inviter)),
        (words["consent"], _consent(letter.consent, letter.timezone, words, bot_name)),
        (words["source"], words[f"source_{letter.source}"]),
    )
    return tuple((label, value) for label, value in rows if value)


def _consent(told: ConsentTold, timezone: str, words: Words, bot_name: str) -> str:
    at = clock(told.at.astimezone(zone(timezone))) if told.at else ""
    who, said = one_line(told.who, 80) or words["somebody"], one_line(told.words)
    return words.filled(f"consent_{told.outcome}", who=who, at=at, words=said, name=bot_name)


def _notes(letter: RecapLetter, summary: Summary, words: Words) -> tuple[str, ...]:
    """Say what readers should know of the whole: how it was made, from which words, and what changed."""
    told = [_note(note, words) for note in summary.notes]
    if letter.why:
        told.append(words[f"why_{letter.why}"])
    if letter.changes:
        told.append(_changed(letter.changes, words))
    return tuple(told)


def _note(note: Note, words: Words) -> str:
    name = f"note_{note.kind}"
    return words.count(name, note.count) if words.has_plural(name) else words[name]


def _changed(changes: Changes, words: Words) -> str:
    counts = (("added_n", changes.added), ("removed_n", changes.removed), ("reworded_n", changes.reworded))
    said = words.listed([words.count(name, n) for name, n in counts if n]) or words["unchanged"]
    return words.filled("since_version", n=str(changes.since), changes=said)


def _notice(letter: RecapLetter, words: Words) -> str:
    if letter.summary is None:
        why = words[f"why_{letter.why}"] if letter.why else ""
        return " ".join(filter(None, (words["no_transcript"], why)))
    if letter.cut_at is None:
        return ""
    return words.filled("cut", at=clock(letter.cut_at.astimezone(zone(letter.timezone))))


def _sections(letter: RecapLetter, summary: Summary, words: Words) -> tuple[Section, ...]:
    actions = tuple(_action(letter, action, words) for action in summary.action_items)
    mine = tuple(action for action in actions if action.mine)
    others = tuple(action for action in actions if not action.mine)
    sections = (
        Section("mine", words["your_actions"], mine),
        Section("tldr", words["summary"], tuple(_item(letter, one, one.text) for one in summary.tldr)),
        Section("actions", words["other_actions" if mine else "actions"], others),
        Section(
            "decisions",
            words["decisions"],
            tuple(
                _item(letter, one, one.text, (words["agreed_by"], _listed(one.agreed_by, words)))
                for one in summary.decisions
            ),
        ),
        Section(
            "questions",
            words["questions"],
            tuple(_item(letter, one, one.text) for one in summary.open_questions),
        ),
        Section("topics", words["topics"], tuple(_topic(letter, topic) for topic in summary.topics)),
    )
    return tuple(section for section in sections if section.items)


def _action(letter: RecapLetter, action: ActionItem, words: Words) -> Item:
    mine = is_mine(action.owner, letter.recipient_name, letter.attended)
    owner = "" if mine else one_line(action.owner or "")
    remarks = ((words["owner"], owner), (words["due"], one_line(action.due or "")))
    return _item(letter, action, action.text, *remarks, mine=mine)


def _topic(letter: RecapLetter, topic: Topic) -> Item:
    shown = _item(letter, topic, topic.title)
    span = f"{offset(topic.start_seconds)}–{offset(topic.end_seconds)}"
    link = shown.stamps[0].url if shown.stamps else ""
    return Item(
        text=shown.text,
        points=tuple(one_line(point) for point in topic.points),
        stamps=(Stamp(span, link),) if topic.end_seconds > topic.start_seconds else shown.stamps,
        speaker=shown.speaker,
        quote=shown.quote,
        verified=shown.verified,
        spoken=shown.spoken,
    )


def _item(letter: RecapLetter, said: Cited, text: str, *remarks: tuple[str, str], mine: bool = False) -> Item:
    backed = [(cite, *letter.quotes[cite]) for cite in said.cites if cite in letter.quotes]
    link = web_url(letter.transcript_url)
    stamps = (Stamp(offset(at), f"{link}#e{cite}" if link else "") for cite, at, _, _ in backed[:STAMPS_MAX])
    _, _, speaker, quote = backed[0] if backed else (0, 0.0, "", "")
    shown = one_line(text)
    spoken = bool(backed) and _same(shown) in _same(quote)
    repeats = spoken and len(shown) > REPEATED * len(quote)
    return Item(
        text=shown,
        remarks=tuple((label, value) for label, value in remarks if value),
        stamps=tuple(stamps),
        speaker=one_line(speaker, 80),
        quote="" if repeats else _clipped(quote),
        verified=said.verified,
        mine=mine,
        spoken=spoken,
    )


def _same(text: str) -> str:
    return one_line(text, 10_000).casefold().rstrip(" .!?。")


def _clipped(quote: str) -> str:
    flat = one_line(quote, 10_000)
    if len(flat) <= QUOTE_MAX:
        return flat
    whole_words = flat[:QUOTE_MAX].rpartition(" ")[0]
    return f"{whole_words if len(whole_words) > QUOTE_MAX // 2 else flat[:QUOTE_MAX]}…"


def _listed(names: Sequence[str], words: Words) -> str:
    return words.listed_briefly([one_line(name, 120) for name in names], NAMES_MAX)
