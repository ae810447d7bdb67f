import json
from datetime import timedelta

import pytest

from agent.model.summary import Brief
from agent.sandbox.teller import Teller
from agent.sandbox.world import World
from agent.summary.adapter import ExtractiveSummariser, OpenAISummariser
from tests.unit.summary.conftest import BRIEF, SAID, answer, entries

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHOUT = "This summary was made without the language model"


def system_prompt(request: dict) -> str:
    return request["body"]["messages"][0]["content"]


async def test_a_sensible_model_is_believed_and_its_cost_kept(summariser: OpenAISummariser, teller: Teller):
    found = await summariser.summarise(BRIEF, entries())

    assert (found.engine, found.model, found.template, found.language) == (
        "openai",
        "sandbox-1",
        "general",
        "en",
    )
    assert found.notes == ()
    assert found.input_tokens > 100
    assert found.output_tokens > 100
    assert all(one.verified and one.cites for one in found.statements())
    assert [action.owner for action in found.action_items] == ["Guest Person", "Third Person"]
    assert len(await teller.model_requests()) == 1


@pytest.mark.parametrize(
    ("behaviour", "reason", "requests"),
    [
        ("nonsense", "no JSON object", 2),
        ("wrong_schema", "does not fit the schema", 2),
        ("truncated", "cut off", 2),
        ("empty", "is empty", 2),
        ("refusal", "refused", 2),
        ("huge", "longer than", 2),
        ("invented_citations", "nothing in its answer is borne out", 1),
        ("server_error", "answered 500", 3),
    ],
)
async def test_a_model_that_misbehaves_gives_a_summary_without_it_and_a_note(
    summariser: OpenAISummariser, teller: Teller, behaviour, reason, requests
):
    await teller.model_behaves(behaviour)

    found = await summariser.summarise(BRIEF, entries())

    assert found.engine == "extractive"
    assert found.notes[0].text.startswith(WITHOUT)
    assert reason in found.notes[0].text
    assert found.decisions
    assert found.action_items
    assert len(await teller.model_requests()) == requests


@pytest.mark.parametrize("behaviour", ["nonsense", "wrong_schema", "truncated", "empty", "refusal", "huge"])
async def test_a_model_that_misbehaves_once_is_asked_to_mend_its_answer(
    summariser: OpenAISummariser, teller: Teller, behaviour
):
    await teller.model_behaves(behaviour, times=1)

    found = await summariser.summarise(BRIEF, entries())

    assert (found.engine, found.notes) == ("openai", ())
    first, second = await teller.model_requests()
    assert len(second["body"]["messages"]) == len(first["body"]["messages"]) + 2
    assert "That cannot be used" in second["body"]["messages"][-1]["content"]


async def test_a_busy_model_is_waited_for_as_long_as_it_says(summariser: OpenAISummariser, teller: Teller):
    await teller.model_behaves("rate_limited", seconds=0.1, times=2)

    assert (await summariser.summarise(BRIEF, entries())).engine == "openai"


async def test_a_slow_model_is_given_up(world: World, teller: Teller):
    await teller.model_behaves("slow", seconds=60)
    settings = world.settings()["summary"]
    hasty = OpenAISummariser(settings["base_url"], settings["model"], "", timeout_seconds=0.2)

    found = await hasty.summarise(BRIEF, entries())
    await hasty.aclose()

    assert "did not answer within 0.2 seconds" in found.notes[0].text


@pytest.mark.parametrize("fault", ["reset", "cut", "truncate", "garbage", "wrong_type", "big"])
async def test_a_server_that_breaks_gives_a_summary_without_it(
    summariser: OpenAISummariser, teller: Teller, fault
):
    await teller.add_fault("llm", fault, times=None)

    found = await summariser.summarise(BRIEF, entries())

    assert found.engine == "extractive"
    assert found.notes[0].text.startswith(WITHOUT)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "summary.api_key"),
        (403, "summary.api_key"),
        (404, "summary.base_url and summary.model"),
        (307, "307"),
    ],
)
async def test_a_refusal_of_the_server_says_what_to_correct(
    summariser: OpenAISummariser, teller: Teller, status, advice
):
    await teller.add_fault("llm", "status", status=status, location="http://127.0.0.1:9/", times=None)

    assert advice in (await summariser.summarise(BRIEF, entries())).notes[0].text


async def test_nobody_listening_gives_a_summary_without_the_model():
    lonely = OpenAISummariser("http://127.0.0.1:9/v1", "any", "key", timeout_seconds=30)

    found = await lonely.summarise(BRIEF, entries())
    await lonely.aclose()

    assert "cannot be reached" in found.notes[0].text
    assert found.tldr


async def test_a_way_out_is_not_taken_to_the_machine_itself(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    settings = world.settings()["summary"]
    direct = OpenAISummariser(settings["base_url"], settings["model"], "key")
    assert (await direct.summarise(BRIEF, entries())).engine == "openai"
    await direct.aclose()


@pytest.mark.parametrize("refused", [1, 2])
async def test_a_server_without_structured_answers_is_told_the_schema_in_words(
    summariser: OpenAISummariser, teller: Teller, refused
):
    await teller.model_behaves("fixed", content=f"Here you are:\n```json\n{answer()}\n```")
    await teller.add_fault("llm", "status", status=400, times=refused)

    for _ in range(2):
        assert (await summariser.summarise(BRIEF, entries())).engine == "openai"

    formats = [one["body"].get("response_format") for one in await teller.model_requests()]
    assert formats == [{"type": "json_object"}] * 2 if refused == 1 else [None] * 2
    assert all('"agreed_by"' in system_prompt(one) for one in await teller.model_requests())


async def test_an_empty_answer_to_a_full_meeting_is_not_believed(
    summariser: OpenAISummariser, teller: Teller
):
    await teller.model_behaves("fixed", content=answer(tldr=[]))

    assert "borne out" in (await summariser.summarise(BRIEF, entries())).notes[0].text


async def test_what_the_model_invents_is_marked_or_dropped_by_setting(world: World, teller: Teller):
    good = {"text": "The launch is on Friday.", "cites": [3]}
    bad = {"text": "The launch is on Monday.", "cites": [3]}
    await teller.model_behaves("fixed", content=answer(tldr=[good, bad]))
    settings = world.settings()["summary"]
    kept = {}
    for drop in (False, True):
        strict = OpenAISummariser(settings["base_url"], settings["model"], "key", drop_unverified=drop)
        kept[drop] = [one.verified for one in (await strict.summarise(BRIEF, entries())).tldr]
        await strict.aclose()

    assert kept == {False: [True, False], True: [True]}


async def test_the_times_of_a_topic_are_those_of_what_it_cites(summariser: OpenAISummariser, teller: Teller):
    topic = {"title": "Customer mail", "points": ["The customer mail is prepared."], "cites": [6, 7, 99]}
    await teller.model_behaves("fixed", content=answer(topics=[topic]))

    (found,) = (await summariser.summarise(BRIEF, entries())).topics

    assert (found.start_seconds, found.end_seconds, found.cites) == (100.0, 135.0, (6, 7))


async def test_the_language_of_the_brief_is_asked_for(summariser: OpenAISummariser, teller: Teller):
    found = await summariser.summarise(BRIEF.model_copy(update={"language": "pt-BR"}), entries())

    (request,) = await teller.model_requests()
    assert "Write in the language pt-BR" in system_prompt(request)
    assert found.language == "pt-BR"


async def test_the_template_is_chosen_by_the_meetings_name(summariser: OpenAISummariser, teller: Teller):
    found = await summariser.summarise(
        BRIEF.model_copy(update={"meeting_title": "Daily stand-up"}), entries()
    )

    (request,) = await teller.model_requests()
    assert found.template == "standup"
    assert "Kind of meeting: Stand-up." in system_prompt(request)


async def test_a_long_meeting_is_read_in_parts_at_once_and_merged(world: World, teller: Teller):
    settings = world.settings()["summary"]
    small = OpenAISummariser(settings["base_url"], settings["model"], "key", window_tokens=8_000)
    long = SAID * 40
    found = await small.summarise(BRIEF, entries(long))
    await small.aclose()

    *parts, merging = await teller.model_requests()
    assert len(parts) > 2
    assert "notes on consecutive parts" in system_prompt(merging)
    assert found.engine == "openai"
    assert all(1 <= n <= len(long) for one in found.statements() for n in one.cites)
    assert max(n for one in found.statements() for n in one.cites) > len(SAID)
    assert found.input_tokens > sum(len(system_prompt(one)) // 8 for one in parts)


async def test_parts_are_joined_by_code_when_the_merging_fails(world: World, teller: Teller):
    settings = world.settings()["summary"]
    small = OpenAISummariser(settings["base_url"], settings["model"], "key", window_tokens=8_000)
    long = entries(SAID * 40)
    await small.summarise(BRIEF, long)
    parts = len(await teller.model_requests()) - 1
    await teller.add_fault("llm", "status", status=500, skip=parts, times=None)

    found = await small.summarise(BRIEF, long)
    await small.aclose()

    assert found.engine == "openai"
    assert "joined as they are" in found.notes[0].text
    assert len({one.text for one in found.action_items}) == len(found.action_items)


async def test_a_window_smaller_than_told_is_found_out(summariser: OpenAISummariser, teller: Teller):
    await teller.model_behaves("context_exceeded", times=1)

    found = await summariser.summarise(BRIEF, entries(SAID * 60))

    assert found.engine == "openai"


async def test_a_meeting_too_long_for_any_part_is_summarised_without_the_model(
    summariser: OpenAISummariser, teller: Teller
):
    await teller.model_behaves("context_exceeded")

    assert "longer than the model's window" in (await summariser.summarise(BRIEF, entries())).notes[0].text


@pytest.mark.parametrize("engine", ["openai", "extractive"])
async def test_a_silent_meeting_needs_no_model(summariser: OpenAISummariser, teller: Teller, engine):
    used = summariser if engine == "openai" else ExtractiveSummariser()

    found = await used.summarise(BRIEF, [])

    assert found.statements() == ()
    assert found.title == "Launch plan"
    assert "Nothing was said" in found.notes[0].text
    assert await teller.model_requests() == []


async def test_the_same_transcript_gives_the_same_extractive_summary():
    one = ExtractiveSummariser()
    first = await one.summarise(BRIEF, entries())
    assert first == await one.summarise(BRIEF, entries())
    assert all(statement.verified and statement.cites for statement in first.statements())


async def test_the_transcript_travels_as_data_between_random_marks(
    summariser: OpenAISummariser, teller: Teller
):
    await summariser.summarise(BRIEF, entries())
    await summariser.summarise(BRIEF, entries())

    marks = set()
    for request in await teller.model_requests():
        assert set(request["body"]) <= {"model", "messages", "response_format"}
        system, user = request["body"]["messages"]
        first, data, last = user["content"].split("\n")
        marks.add(first)
        assert first == last
        assert first in system["content"]
        told = json.loads(data)["transcript"]
        assert [one["n"] for one in told] == list(range(1, len(SAID) + 1))
        assert told[1] == {"n": 2, "t": 20, "speaker": SAID[1][0], "text": SAID[1][1]}
    assert len(marks) == 2


async def test_length_follows_the_meetings_duration(summariser: OpenAISummariser, teller: Teller):
    short = entries()
    long = [*short[:-1], entries(SAID[-1:])[0]]
    shift = timedelta(minutes=90)
    last = long[-1]
    long[-1] = type(last)(
        last.speaker, last.text, last.started_at + shift, last.ended_at + shift, last.language
    )
    for said in (short, long):
        await summariser.summarise(Brief(meeting_title="Launch plan"), said)

    brief_one, full_one = (system_prompt(one) for one in await teller.model_requests())
    assert "2 topics" in brief_one
    assert "6 topics" in full_one
