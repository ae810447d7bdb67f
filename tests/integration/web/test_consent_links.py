"""The pages behind the answers in a mail: looking answers nothing, the button does."""

import httpx2

from agent.lifecycle.aftermath import mail_links
from agent.model.states import State
from agent.store import jobs as stored
from tests.integration.web.test_jobs import make
from tests.web_stage import WebStage


async def link(
    stage: WebStage, alice: httpx2.AsyncClient, *, granted: bool, state: State = State.IN_CALL
) -> str:
    job = stage.put((await make(alice))["id"], state)
    url = mail_links.consent_url(stage.house, job, "alice@example.com", granted=granted)
    return url[len(stage.house.habits.public_url) :]


async def test_looking_asks_and_the_button_answers(
    stage: WebStage, alice: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    for granted, button in ((True, "Yes, take notes"), (False, "No notes, leave")):
        path = await link(stage, alice, granted=granted)
        shown = await stranger.get(path)
        assert (shown.status_code, button in shown.text) == (200, True)
        answered = await stranger.post(path)
        assert (answered.status_code, "on its way" in answered.text) == (200, True)


async def test_a_bot_that_has_left_is_asked_nothing(
    stage: WebStage, alice: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    path = await link(stage, alice, granted=True, state=State.COMPLETED)
    assert (await stranger.post(path)).status_code == 409


async def test_a_damaged_link_opens_nothing(
    stage: WebStage, alice: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    path = await link(stage, alice, granted=True)
    for answer in (await stranger.get(path[:-3]), await stranger.post(path[:-3])):
        assert answer.status_code == 403
    with stage.database.read() as session:
        assert all(not stored.ledger(session, number) for number in range(1, 3))
