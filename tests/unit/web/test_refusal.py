"""Answers that say no: to a browser on a page of people's a page, to everybody else JSON."""

from dataclasses import replace

import pytest

from agent.web.quota import Quotas
from agent.web.refusal import prefers_page

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
BROWSER = {"Accept": CHROME}
PAGES = (
    "/share/abc",
    "/api/v1/share/abc",
    "/recap/transcript/abc",
    "/recap/delete/abc",
    "/recap/unsubscribe/abc",
    "/recap/consent/abc",
    "/recap/stop/abc",
    "/invitations/7",
    "/cli-auth?code=WDJB-MJHT",
)


@pytest.fixture
async def narrow(stage):
    """Let every address ask once a minute."""
    state = stage._server.config.app.state
    state.desk = replace(stage.desk, quotas=Quotas(1_000, 1_000, 1))
    yield
    state.desk = stage.desk


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (CHROME, True),
        ("text/html", True),
        ("Text/HTML; charset=utf-8", True),
        ("application/json, text/html;q=0.5", False),
        ("application/json;q=0.5, text/html;q=0.5", True),
        ("text/html;q=0", False),
        ("text/html;q=much", True),
        ("application/json", False),
        ("*/*", False),
        ("", False),
        (";;,,;q=", False),
    ],
)
async def test_a_page_goes_to_who_names_it_and_likes_json_no_better(accept, page):
    assert prefers_page(accept) is page


@pytest.mark.parametrize("path", PAGES[:-1])
async def test_a_browser_that_asks_too_often_reads_on_a_page_how_long_to_wait(stage, narrow, path):
    guest = await stage.stranger()
    await guest.get(path, headers=BROWSER)
    answer = await guest.get(path, headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert f"Wait {answer.headers['retry-after']} seconds" in answer.text
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]
    assert (answer.headers["vary"], answer.headers["cache-control"]) == ("Accept", "no-store")
    told = await guest.get(path, headers={"Accept": "*/*"})
    assert (told.status_code, set(told.json())) == (429, {"detail"})


@pytest.mark.parametrize("path", PAGES)
async def test_a_browser_that_opens_what_is_not_there_gets_a_page(stage, path):
    answer = await (await stage.stranger()).get(path, headers=BROWSER)
    assert answer.status_code in {403, 404}
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/invitations/nonsense", 422),
        ("POST", "/invitations/7", 403),
        ("POST", "/cli-auth", 403),
        ("GET", "/recap/nothing/abc", 404),
        ("GET", "/proof/nothing", 422),
        ("GET", "/nowhere", 404),
        ("DELETE", "/share/abc", 405),
        ("GET", f"/share/{'x' * 200}", 422),
    ],
)
async def test_a_browser_never_gets_json_from_a_page(stage, method, path, status):
    guest = await stage.stranger()
    answer = await guest.request(method, path, headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    program = await guest.request(method, path)
    assert (program.status_code, "detail" in program.json()) == (status, True)


async def test_a_form_that_is_too_large_is_refused_on_a_page(stage):
    guest = await stage.stranger()
    answer = await guest.post("/share/abc", headers=BROWSER, data={"password": "x" * 70_000})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "text/html; charset=utf-8")


async def test_the_api_answers_json_to_a_browser_too(stage):
    guest = await stage.stranger()
    for path in ("/v1/bots", "/api/v1/jobs", "/api/v1/nothing"):
        answer = await guest.get(path, headers=BROWSER)
        assert (answer.status_code, set(answer.json())) == (404 if "nothing" in path else 401, {"detail"})
