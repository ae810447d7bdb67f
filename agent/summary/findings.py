"""Decisions, promises and open questions, found by the phrases in which people make them."""

from collections.abc import Collection, Iterator, Sequence

from agent.model.summary import ActionItem, Decision, Question
from agent.rules.folding import clean
from agent.summary.language import Language
from agent.summary.sentences import Sentence
from agent.summary.weighing import Weights

_ANSWERED_WITHIN = 3
_ANSWER_WORDS = 4
_LONGEST = 300
_ROOT = 4
_LONGEST_NAME = 120


class Findings:
    """Looks through the sentences of one meeting. `people` are all known names: roster and speakers."""

    def __init__(
        self, found: Sequence[Sentence], weights: Weights, language: Language, people: Collection[str]
    ) -> None:
        self._found = found
        self._weights = weights
        self._language = language
        self._people = people

    def decisions(self, most: int) -> tuple[Decision, ...]:
        """The sentences in which something is settled."""
        settled = [s for s in self._found if not s.asks and self._language.decision.search(s.text)]
        return tuple(self._decision(s) for s in self._best(settled, most))

    def _decision(self, sentence: Sentence) -> Decision:
        """A decision, with those who agreed to it in so many words right after."""
        agreed: dict[str, tuple[int, ...]] = {}
        for reply in self._found[sentence.order + 1 : sentence.order + 1 + _ANSWERED_WITHIN]:
            if reply.words > _ANSWER_WORDS or not self._language.agreement.search(reply.text):
                break
            if reply.speaker != sentence.speaker:
                agreed.setdefault(reply.speaker, reply.cites)
        cites = {*sentence.cites, *(cite for cited in agreed.values() for cite in cited)}
        return Decision(text=_cut(sentence.text), cites=tuple(sorted(cites)), agreed_by=tuple(agreed))

    def actions(self, most: int) -> tuple[ActionItem, ...]:
        """Who will do what: promises belong to who spoke, requests to whoever they name or who takes them on."""
        asked = [s for s in self._found if self._promises(s) or self._assigns(s)]
        return tuple(_joined([(s, self._action(s)) for s in self._best(asked, most)]))

    def open_questions(self, most: int) -> tuple[Question, ...]:
        """Questions to which nobody replied, and what was called open."""
        open_ones = [
            s
            for s in self._found
            if self._language.open_question.search(s.text)
            or (s.asks and not self._assigns(s) and not self._answered(s))
        ]
        return tuple(Question(text=_cut(s.text), cites=s.cites) for s in self._best(open_ones, most))

    def _best(self, candidates: Sequence[Sentence], most: int) -> list[Sentence]:
        whole = [s for s in candidates if len(set(s.terms)) > 1 and s.words > 3]
        best = sorted(whole, key=lambda s: (-self._weights.worth(s), s.order))[:most]
        return sorted(best, key=lambda s: s.order)

    def _promises(self, sentence: Sentence) -> bool:
        return not sentence.asks and self._language.commitment.search(sentence.text) is not None

    def _assigns(self, sentence: Sentence) -> bool:
        return self._language.assignment.search(sentence.text) is not None or (
            self._named(sentence) is not None and not sentence.asks
        )

    def _action(self, sentence: Sentence) -> ActionItem:
        named = self._named(sentence)
        owner = named or (sentence.speaker if self._promises(sentence) else self._taker(sentence))
        due = self._language.due.search(sentence.text)
        cites = sentence.cites
        if not named and owner and owner != sentence.speaker:
            cites = tuple(sorted({*cites, *self._reply(sentence)}))
        return ActionItem(
            text=_cut(sentence.text),
            owner=clean(owner or "")[:_LONGEST_NAME] or None,
            due=due[0].strip()[:_LONGEST_NAME] if due else None,
            cites=cites,
        )

    def _named(self, sentence: Sentence) -> str | None:
        """The person a sentence begins by naming, as in "Dana will …" or "Dana, can you …"."""
        match = self._language.owner.search(sentence.text)
        if not match:
            return None
        name = next(told for told in match.groups() if told).casefold()
        fitting = [person for person in self._people if name in person.casefold().split()]
        return fitting[0] if len(fitting) == 1 else None

    def _taker(self, sentence: Sentence) -> str | None:
        """Who takes a request on: the next to speak, when they agree or promise."""
        following = self._next(sentence)
        if following is None:
            return None
        agreed = self._language.agreement.search(following.text) or self._promises(following)
        return following.speaker if agreed else None

    def _reply(self, sentence: Sentence) -> tuple[int, ...]:
        following = self._next(sentence)
        return following.cites[:1] if following else ()

    def _next(self, sentence: Sentence) -> Sentence | None:
        after = self._found[sentence.order + 1 : sentence.order + 1 + _ANSWERED_WITHIN]
        return next((s for s in after if s.speaker != sentence.speaker), None)

    def _answered(self, question: Sentence) -> bool:
        """Whether another one spoke to it: right away, or soon and of the same things."""
        after = self._found[question.order + 1 : question.order + 1 + _ANSWERED_WITHIN]
        others = [s for s in after if s.speaker != question.speaker and not s.asks]
        at_once = bool(after) and after[0] in others and after[0].words >= _ANSWER_WORDS
        return at_once or any(set(s.terms) & set(question.terms) for s in others)


def _joined(found: Sequence[tuple[Sentence, ActionItem]]) -> Iterator[ActionItem]:
    """A request and the promise that answers it are one task: the later words count, both are cited."""
    left = list(found)
    while left:
        sentence, action = left.pop(0)
        same = next((pair for pair in left[:2] if _same_task(sentence, action, *pair)), None)
        if same is None:
            yield action
            continue
        later = same[1].model_copy(
            update={
                "cites": tuple(sorted({*action.cites, *same[1].cites})),
                "due": same[1].due or action.due,
            }
        )
        left[left.index(same)] = (same[0], later)


def _same_task(one: Sentence, task: ActionItem, other: Sentence, promise: ActionItem) -> bool:
    if task.owner != promise.owner or other.order - one.order > _ANSWERED_WITHIN + 2:
        return False
    asked, promised = _roots(one), _roots(other)
    return len(asked & promised) * 3 >= min(len(asked), len(promised))


def _roots(sentence: Sentence) -> set[str]:
    """Shorter than terms: a request and its promise hold the same verb in two forms."""
    return {term[:_ROOT] for term in sentence.terms}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rsplit(" ", 1)[0] + "…"
