"""The link in an operator's mail: a page that decides nothing by being looked at, and two buttons that do."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from agent.lifecycle.invitations import gate
from agent.model.tables import CalendarChannel, Hold
from agent.rules import tokens
from tests.web_stage import WebStage

BUTTON = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[WebStage]:
    stage = WebStage(tmp_path)
    stage._handle("poll")
    async with stage:
        yield stage


def hold(stage: WebStage, **facts: object) -> str:
    """Hold an invitation, and return the path of its link."""
    with stage.database.write() as session:
        row = Hold(
            source="google",
            uid="one@elsewhere.example",
            sender="stranger@elsewhere.example",
            title="<b>Pricing</b>",
            reason="stranger@elsewhere.example is not on the list",
            created_at=stage.house.now(),
            **facts,
        )
        session.add(row)
        session.flush()
        link = gate.approval_link(stage.house, row)
    return link.partition(stage.house.habits.public_url)[2]


def state(stage: WebStage, number: int = 1) -> str:
    return stage.desk.held.look(number).state


async def press(client: httpx2.AsyncClient, path: str, decision: str = "approve") -> httpx2.Response:
    return await client.post(path, data={"decision": decision}, headers=BUTTON)


async def test_looking_shows_what_is_held_and_decides_nothing(stage: WebStage) -> None:
    client = await stage.client()
    answer = await client.get(hold(stage))
    assert answer.status_code == 200
    assert "&lt;b&gt;Pricing&lt;/b&gt;" in answer.text
    assert "Let the bot go" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert state(stage) == "waiting"


@pytest.mark.parametrize(("decision", "outcome"), [("approve", "approved"), ("refuse", "refused")])
async def test_a_click_decides_once(stage: WebStage, decision: str, outcome: str) -> None:
    client, path = await stage.client(), hold(stage)
    answer = await press(client, path, decision)
    assert outcome in answer.text.lower()
    assert state(stage) == outcome
    again = await press(client, path)
    assert again.status_code == 409
    assert f"was {outcome} already" in again.text
    assert state(stage) == outcome


async def test_a_form_of_another_site_decides_nothing(stage: WebStage) -> None:
    client, path = await stage.client(), hold(stage)
    answer = await client.post(path, data={"decision": "approve"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert state(stage) == "waiting"


async def test_a_link_is_for_one_invitation_and_cannot_be_made_up_or_prolonged(stage: WebStage) -> None:
    client, path = await stage.client(), hold(stage)
    hold(stage)
    for forged in (
        path.replace("/1?", "/2?"),
        path.replace("expires=", "expires=9"),
        path[:-1] + ("A" if path[-1] != "A" else "B"),
        "/invitations/1",
    ):
        assert (await client.get(forged)).status_code == 403
        assert (await press(client, forged)).status_code == 403
    assert state(stage, 1) == state(stage, 2) == "waiting"


async def test_a_link_ends_after_a_week(stage: WebStage) -> None:
    client, path = await stage.client(), hold(stage)
    stage.clock.ahead = timedelta(days=7, seconds=1)
    assert (await press(client, path)).status_code == 403
    assert state(stage) == "waiting"


async def test_google_s_pings_ring_only_with_the_channel_s_token(stage: WebStage) -> None:
    with stage.database.write() as session:
        ends_at = stage.house.now() + timedelta(days=7)
        session.add(
            CalendarChannel(
                id="one", calendar_id="primary", token_digest=tokens.digest("secret"), expires_at=ends_at
            )
        )
    client = await stage.client()
    headers = {"X-Goog-Channel-ID": "one", "X-Goog-Channel-Token": "secret", "X-Goog-Message-Number": "7"}
    assert (await client.post("/google-calendar/changed", headers=headers)).status_code == 204
    headers["X-Goog-Channel-Token"] = "wrong"
    assert (await client.post("/google-calendar/changed", headers=headers)).status_code == 404
    assert (await client.post("/google-calendar/changed")).status_code == 404


async def test_the_command_line_lists_decides_and_explains(stage: WebStage, tmp_path: Path) -> None:
    hold(stage)
    config = tmp_path / "meetbot.toml"
    config.write_text(
        f'[bot]\nemail = "bot@example.com"\ndata_dir = "{tmp_path}"\n'
        f'[database]\nurl = "sqlite:///{tmp_path}/meetbot.db"\n'
    )

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, ["invitations", *words, "--config", str(config), "--json"])
        assert result.exit_code == 0, result.output
        return result.output

    assert "stranger@elsewhere.example" in run("held")
    assert '"approved": [1]' in run("approve", "1")
    assert state(stage) == "approved"
    assert "stranger" not in run("held")
    assert "stranger" in run("held", "--all")
    assert run("list").strip() == "[]"
