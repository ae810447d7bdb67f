"""Words turned into versions of notes."""

import pytest
from sqlmodel import select

from agent.lifecycle.aftermath.summarise import Summarise
from agent.model.states import State
from agent.model.summary import Note, NoteKind, Statement, Summary
from agent.model.tables import SummaryVersion
from agent.rules.tallies import Prices
from tests.unit.lifecycle.aftermath.conftest import LEFT, LINES, Scene


class Writer:
    """Summarises as a test says, and keeps the briefs it got."""

    def __init__(self, **said) -> None:
        self.said, self.briefs = said, []

    async def summarise(self, brief, entries):
        self.briefs.append(brief)
        facts = {"title": brief.meeting_title, "tldr": (Statement(text=LINES[0], cites=(1,)),)}
        return Summary(**(facts | self.said))

    async def aclose(self) -> None: ...


@pytest.fixture
def ready(scene: Scene) -> Scene:
    """A meeting with words and consent."""
    scene.consent("granted")
    scene.words(*LINES)
    scene.change(transcript_source="meet")
    return scene


def written_by(scene: Scene, writer: Writer) -> Summarise:
    summarise = Summarise(scene.house)
    summarise.house = type(scene.house)(
        **{name: getattr(scene.house, name) for name in scene.house.__slots__} | {"summariser": writer}
    )
    return summarise


def versions(scene: Scene) -> list[SummaryVersion]:
    with scene.house.database.read() as session:
        return list(session.exec(select(SummaryVersion)).all())


async def test_a_version_completes_the_job_and_is_written_once(ready: Scene):
    writer = Writer(input_tokens=1_000_000, output_tokens=500_000, engine="openai", model="m")
    ready.habit(prices=Prices(2.0, 4.0))
    phase = written_by(ready, writer)
    await phase(ready.number, 1)
    await phase(ready.number, 1)
    (version,) = versions(ready)
    assert (version.version, version.cost, version.input_tokens) == (1, 4.0, 1_000_000)
    assert len(writer.briefs) == 1
    assert ready.job().state == State.COMPLETED
    (told,) = ready.told_of("summary_ready")
    assert (told["engine"], told["model"], told["cost"]) == ("openai", "m", 4.0)
    assert ready.told_of("summary_fell_back") == []


async def test_a_model_that_failed_stands_on_the_timeline_with_its_reason(ready: Scene):
    why = "This summary was made without the language model: it timed out."
    await written_by(ready, Writer(notes=(Note(kind=NoteKind.MODEL_BUSY, text=why),)))(ready.number, 1)
    assert ready.told_of("summary_fell_back") == [{"version": 1, "kind": "model_busy", "reason": why}]
    assert ready.told_of("summary_ready")[0]["notes"] == [why]
    assert "did not answer in time" in next(iter(ready.letters().values()))


async def test_the_brief_carries_what_the_operator_and_the_meeting_wish(ready: Scene):
    ready.habit(summary_template="interview", summary_language="fr")
    writer = Writer()
    await written_by(ready, writer)(ready.number, 1)
    assert (writer.briefs[0].template, writer.briefs[0].language) == ("interview", "fr")
    ready.change(options={"template": "board", "summary_language": "de"})
    await written_by(ready, writer)(ready.number, 2)
    assert (writer.briefs[1].template, writer.briefs[1].language) == ("board", "de")


@pytest.mark.parametrize("outcome", ["declined", "opted_out"])
async def test_no_model_sees_a_word_without_a_standing_consent(ready: Scene, outcome: str):
    ready.consent(outcome, LEFT)
    writer = Writer()
    await written_by(ready, writer)(ready.number, 1)
    assert (writer.briefs, versions(ready)) == ([], [])
    assert ready.told_of("transcript_absent")[0]["code"] == "not_consented"


async def test_a_consent_taken_back_while_the_model_writes_keeps_no_notes(ready: Scene):
    writer = Writer()
    really = writer.summarise

    async def meanwhile(brief, entries):
        ready.consent("opted_out", LEFT)
        return await really(brief, entries)

    writer.summarise = meanwhile
    await written_by(ready, writer)(ready.number, 1)
    assert versions(ready) == []
    assert ready.job().state == State.COMPLETED


async def test_words_that_were_deleted_end_the_job_honestly(scene: Scene):
    scene.consent("granted")
    scene.change(transcript_source="meet")
    await written_by(scene, Writer())(scene.number, 1)
    assert scene.told_of("transcript_absent") == [{"reason": "its words were deleted", "code": "deleted"}]
    assert scene.job().transcript_source == ""
