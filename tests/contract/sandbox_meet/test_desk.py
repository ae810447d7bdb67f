"""The teller's desk and the page's texts, without a browser."""

import asyncio
import json
import re
from importlib import resources

import pytest

from agent.sandbox.meet.options import LANGUAGES

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_misspelt_option_or_step_is_refused(teller):
    assert (await teller.http.put(teller.desk, json={"acces": "open"})).status_code == 422
    await teller.create()
    for step in ({"do": "admitt"}, {"do": "say", "name": "Host Person"}, {"do": "admit", "who": "v1"}):
        assert (await teller.http.post(f"{teller.desk}/steps", json=step)).status_code == 422


@pytest.mark.parametrize(
    "step",
    [
        {"do": "admit", "visitor": "v9"},
        {"do": "leave_person", "name": "Nobody"},
        {"do": "present", "id": "nobody"},
    ],
)
async def test_an_impossible_step_says_why(teller, step):
    await teller.create()
    answer = await teller.http.post(f"{teller.desk}/steps", json=step)
    assert answer.status_code == 409
    assert set(answer.json()["detail"].split()) & {"v9", "Nobody", "nobody"}


async def test_an_unknown_meeting_cannot_be_told_or_observed(teller):
    assert (await teller.http.get(teller.desk)).status_code == 404
    assert (await teller.http.post(f"{teller.desk}/steps", json={"do": "admit"})).status_code == 404
    assert (await teller.http.delete(teller.desk)).status_code == 404


async def test_a_wait_ends_when_it_is_so(teller):
    await teller.create()
    waiting = asyncio.create_task(teller.wait("log:nothing_yet", timeout=0.2))
    answer = await teller.http.get(f"{teller.desk}/wait", params={"for": "knocked", "timeout": 0.05})
    assert answer.status_code == 408
    with pytest.raises(Exception, match="408"):
        await waiting


async def test_a_wait_for_nothing_known_is_refused(teller):
    await teller.create()
    for what in ("gone", "state:nowhere", "chat:"):
        answer = await teller.http.get(f"{teller.desk}/wait", params={"for": what})
        assert answer.status_code == 422, what


async def test_a_dropped_meeting_is_unknown_again(teller):
    await teller.create()
    assert (await teller.http.delete(teller.desk)).status_code == 204
    assert (await teller.http.get(teller.desk)).status_code == 404


async def test_putting_a_meeting_again_changes_its_options_and_keeps_its_people(teller):
    await teller.create()
    await teller.do("join_person", name="Host Person")
    seen = await teller.create(access="open", chat="off")
    assert seen["options"]["access"] == "open"
    assert seen["chat_mode"] == "off"
    assert [person["name"] for person in seen["people"]] == ["Host Person"]


async def test_only_the_pages_own_files_are_served(teller):
    assert (await teller.http.get("/meet/page/main.js")).headers["content-type"].startswith("text/javascript")
    for name in ("nothing.js", "..%2Fhouse.py", "texts/xx.json"):
        assert (await teller.http.get(f"/meet/page/{name}")).status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_language_has_every_text(language):
    def texts(name: str) -> dict[str, str]:
        return json.loads((resources.files("agent.sandbox.meet") / f"page/texts/{name}.json").read_text())

    def placeholders(values: dict[str, str]) -> dict[str, list[str]]:
        return {key: re.findall(r"{\w+}", value) for key, value in values.items()}

    assert placeholders(texts(language)) == placeholders(texts("en"))
    assert all(texts(language).values())


async def test_no_text_of_the_page_stands_in_its_html(teller):
    await teller.create()
    html = (await teller.http.get(f"/meet/{teller.code}")).text
    english = json.loads((await teller.http.get("/meet/page/texts/en.json")).text)
    assert not [text for text in english.values() if f">{text}<" in html or f'"{text}"' in html]
