"""The embedded engine: no model, no network. Quotes the sentences that tell most, and finds promises by their phrases."""

from collections.abc import Sequence

from agent.model.summary import Brief, Note, NoteKind, Statement, Summary, Topic
from agent.model.transcript import Entry
from agent.rules.folding import clean
from agent.summary.findings import Findings
from agent.summary.language import KNOWN, Language, detected, language
from agent.summary.meeting_types import MeetingType
from agent.summary.phrases import Phrase, Subjects
from agent.summary.segments import segments
from agent.summary.sentences import Sentence, sentences
from agent.summary.weighing import Weights

_MINUTES_PER_TOPIC = 7.0
_ABOUT = 4
_HEADLINE = 80


def extract(brief: Brief, entries: Sequence[Entry], kind: MeetingType, template: str) -> Summary:
    """Return a summary made of what was said. Deterministic; a meeting without sentences gives an empty one."""
    spoken = language(detected(entries))
    found = sentences(entries, spoken)
    engine = _Extraction(brief, entries, found, spoken, kind)
    return Summary(
        title=engine.title(),
        tldr=engine.tldr(),
        topics=engine.topics(),
        decisions=engine.findings.decisions(kind.decisions),
        action_items=engine.findings.actions(kind.action_items),
        open_questions=engine.findings.open_questions(kind.open_questions),
        engine="extractive",
        language=spoken.code,
        template=template,
        notes=_notes(brief, spoken.code),
    )


class _Extraction:
    def __init__(
        self,
        brief: Brief,
        entries: Sequence[Entry],
        found: Sequence[Sentence],
        spoken: Language,
        kind: MeetingType,
    ) -> None:
        self._brief = brief
        self._entries = entries
        self._found = found
        self._language = spoken
        self._kind = kind
        self._weights = Weights(found, spoken)
        people = list(dict.fromkeys([*brief.roster, *(entry.speaker for entry in entries)]))
        names = {part for person in people for part in person.casefold().split()}
        self._subjects = Subjects(found, spoken, names)
        self._about = self._subjects.of(found, _ABOUT)
        self._best = self._weights.chosen([s for s in found if not s.asks], kind.tldr_sentences)
        self.findings = Findings(found, self._weights, spoken, people)

    def title(self) -> str:
        given = clean(self._brief.meeting_title)[:120]
        return given or _headline(self._listed([phrase.text for phrase in self._about])) or "Meeting"

    def tldr(self) -> tuple[Statement, ...]:
        quoted = tuple(Statement(text=s.text, cites=s.cites) for s in self._best)
        is_known = (
            self._language.code in KNOWN
        )  # else the sentence about the subjects would be an English one
        if not is_known or not self._about or len(self._found) < 2 * len(self._best):
            return quoted
        cites = self._cited([self._telling(phrase) for phrase in self._about])
        text = self._language.about.format(topics=self._listed([phrase.text for phrase in self._about]))
        return (Statement(text=text, cites=cites), *quoted)

    def topics(self) -> tuple[Topic, ...]:
        minutes = self._seconds(len(self._entries) - 1) / 60
        wanted = min(self._kind.topics, max(1, round(minutes / _MINUTES_PER_TOPIC)))
        stretches = segments(self._found, wanted) if wanted else []
        return tuple(topic for stretch in stretches if (topic := self._topic(stretch)))

    def _topic(self, stretch: Sequence[Sentence]) -> Topic | None:
        named = self._subjects.of(stretch, 2)
        telling = [sentence for sentence in stretch if not sentence.asks] or stretch
        points = self._weights.chosen(telling, min(2, self._kind.points_per_topic), apart_from=self._best)
        if not points:
            return None
        title = self._listed([phrase.text for phrase in named]) or points[0].text
        first, last = stretch[0].cites[0], stretch[-1].cites[-1]
        return Topic(
            title=_headline(title),
            points=tuple(point.text for point in points),
            cites=self._cited([*points, *(self._telling(phrase) for phrase in named)]),
            start_seconds=self._seconds(first - 1),
            end_seconds=self._end_seconds(last - 1),
        )

    def _telling(self, phrase: Phrase) -> Sentence:
        return max(phrase.found_in, key=self._weights.worth)

    @staticmethod
    def _cited(found: Sequence[Sentence]) -> tuple[int, ...]:
        return tuple(sorted({n for sentence in found for n in sentence.cites}))

    def _listed(self, items: Sequence[str]) -> str:
        if len(items) < 2:
            return "".join(items)
        return self._language.listed(items)

    def _seconds(self, index: int) -> float:
        return (self._entries[index].started_at - self._entries[0].started_at).total_seconds()

    def _end_seconds(self, index: int) -> float:
        return (self._entries[index].ended_at - self._entries[0].started_at).total_seconds()


def _headline(text: str) -> str:
    short = text if len(text) <= _HEADLINE else text[:_HEADLINE].rsplit(" ", 1)[0] + "…"
    return short[:1].upper() + short[1:]


def _notes(brief: Brief, spoken: str) -> tuple[Note, ...]:
    told = []
    if spoken not in KNOWN:
        text = "The built-in engine does not know this language well; decisions and tasks may be missing."
        told.append(Note(kind=NoteKind.UNKNOWN_LANGUAGE, text=text))
    if brief.language and brief.language.split("-")[0].lower() != spoken:
        text = "The built-in engine cannot translate; the summary is in the language of the meeting."
        told.append(Note(kind=NoteKind.NOT_TRANSLATED, text=text))
    return tuple(told)
