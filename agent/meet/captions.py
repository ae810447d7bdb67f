"""Captions: blocks on the screen become utterances, each told under one id while it grows or is corrected. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.model.call import Captioned

REMEMBERED = 12
BLOCKS = 50  # more than any page shows at a time
ALIKE = 0.4
SHORT_WORDS = 3
SURE_WORDS = 5
COMPARED_WORDS = 60


@dataclass(slots=True)
class Utterance:
    """What one speaker said in one go, as it stands now."""

    id: str
    speaker: str
    text: str
    started_at: datetime
    epoch: int


def tokens(text: str) -> tuple[list[str], str]:
    """The text in pieces and what joins them: words, or characters where the script has no spaces."""
    parts = text.split()
    return (parts, " ") if len(parts) > 1 or text.isascii() else (list(text), "")


def folded(parts: list[str]) -> list[str]:
    """The pieces as they are compared: recognition changes its mind about case and punctuation."""
    return [part.lower().strip(".,;:!?…。、") for part in parts]


def common_length(old: list[str], new: list[str]) -> int:
    """The length of the longest common subsequence."""
    best = [0] * (len(new) + 1)
    for one in old:
        previous = 0
        for at, other in enumerate(new, start=1):
            previous, best[at] = best[at], previous + 1 if one == other else max(best[at], best[at - 1])
    return best[-1]


def alike(before: list[str], after: list[str]) -> bool:
    """Whether enough of `before` is still there for the change to be a correction."""
    before = before[-COMPARED_WORDS:]
    return common_length(before, after[-COMPARED_WORDS * 2 :]) >= ALIKE * len(before)


def joined(old: str, new: str) -> str | None:
    """The utterance after its block changed from `old` to `new`, or None when the block holds another one now.

    A block may lose its first words when it grows too long: what was read stays.
    """
    if new.startswith(old):
        return new
    parts, space = tokens(old)
    before, after = folded(parts), folded(tokens(new)[0])
    if len(after) >= SHORT_WORDS and old.endswith(new):
        return old
    if cut := front_cut(before, after):
        return space.join([*parts[:cut], new])
    if len(before) < SURE_WORDS or alike(before, after):
        return new
    return None


def front_cut(before: list[str], after: list[str]) -> int:
    """How many pieces were cut off the front of `before` before `after` was made of it; 0 when none were."""
    anchor = after[:SHORT_WORDS]
    if len(anchor) < SHORT_WORDS:
        return 0
    for cut in range(len(before) - SHORT_WORDS, 0, -1):
        rest = before[cut:]
        if rest[:SHORT_WORDS] == anchor and alike(rest, after[: len(rest) + SHORT_WORDS]):
            return cut
    return 0


class CaptionLog:
    """Gives blocks their utterances. A block is known by the script's key, until it serves another utterance."""

    def __init__(self, language: str | None) -> None:
        self._language = language
        self._by_key: dict[int, Utterance] = {}
        self._recent: list[Utterance] = []
        self._count = 0

    def hear(self, told: dict[str, Any], at: datetime) -> list[Captioned]:
        """What changed in the utterances by what the page told."""
        changes = (self._hear_block(block, at) for block in told["blocks"])
        return [change for change in changes if change]

    def _hear_block(self, block: dict[str, Any], at: datetime) -> Captioned | None:
        key, speaker, text = int(block["key"]), str(block["speaker"]), str(block["text"])
        known = self._by_key.get(key) or self._seen_before(speaker, text, int(block["epoch"]))
        merged = joined(known.text, text) if known and known.speaker == speaker else None
        if known is None or merged is None:
            known = self._begin(speaker, text, at, int(block["epoch"]))
        elif merged == known.text:
            self._serve(key, known)
            return None
        else:
            known.text = merged
        self._serve(key, known)
        return Captioned(at, known.id, speaker, known.text, known.started_at, at, self._language)

    def _serve(self, key: int, utterance: Utterance) -> None:
        """The block serves this utterance; blocks that nothing was heard of for long are forgotten."""
        self._by_key.pop(key, None)
        self._by_key[key] = utterance
        if len(self._by_key) > BLOCKS:
            del self._by_key[next(iter(self._by_key))]

    def _seen_before(self, speaker: str, text: str, epoch: int) -> Utterance | None:
        """After captions were off and on, a block may come back that was read already."""
        for utterance in self._recent:
            if utterance.epoch == epoch or utterance.speaker != speaker:
                continue
            if len(tokens(text)[0]) >= SHORT_WORDS and (
                text.startswith(utterance.text) or utterance.text.endswith(text)
            ):
                utterance.epoch = epoch
                return utterance
        return None

    def _begin(self, speaker: str, text: str, at: datetime, epoch: int) -> Utterance:
        self._count += 1
        utterance = Utterance(f"caption-{self._count}", speaker, text, at, epoch)
        self._recent = [*self._recent[1 - REMEMBERED :], utterance]
        return utterance
