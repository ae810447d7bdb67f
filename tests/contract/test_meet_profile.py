"""The bot's signed-in account: kept, used, renewed, and never needed."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from typer.testing import CliRunner

from agent.cli.main import app
from agent.errors import Invalid, Misconfigured, Temporary
from agent.meet import Launch, Profile, is_signed_in, sign_in
from agent.meet.profile import Profiles
from tests.meet_stage import CHROMIUM, Stage
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="module")
STATE = {
    "cookies": [
        {
            "name": "SID",
            "value": "one",
            "domain": "127.0.0.1",
            "path": "/",
            "expires": -1,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Lax",
        }
    ],
    "origins": [],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with Stage(tmp_path_factory.mktemp("profile")) as stage:
        yield stage


async def test_a_signed_in_visit_keeps_what_was_renewed(stage: Stage, tmp_path: Path) -> None:
    profile = Profile(tmp_path / "profile")
    profile.save(STATE)  # type: ignore[arg-type]
    meet = stage.new_meet(profile_dir=tmp_path / "profile", data_dir=tmp_path)
    await meet.start()
    bot = await stage.bot(meet=meet, name_field="absent")
    await bot.see("PageOpened", signed_in=True)
    renewed = STATE["cookies"][0] | {"value": "two"}
    await bot.caller._place.lease.context.add_cookies([renewed])  # type: ignore[list-item]
    await bot.close()
    await meet.stop()
    kept = profile.load()
    assert kept
    assert kept["cookies"][0]["value"] == "two"
    assert (tmp_path / "profile" / "storage_state.json").stat().st_mode & 0o077 == 0


async def test_a_profile_that_is_signed_out_comes_as_a_guest_and_is_left_alone(
    stage: Stage, tmp_path: Path
) -> None:
    profile = Profile(tmp_path / "profile")
    profile.save(STATE)  # type: ignore[arg-type]
    meet = stage.new_meet(profile_dir=tmp_path / "profile", data_dir=tmp_path)
    await meet.start()
    bot = await stage.bot(meet=meet)
    await bot.see("PageOpened", signed_in=False)
    await bot.see("Evidence", has="no longer signed in")
    await bot.caller._place.lease.context.clear_cookies()
    await bot.close()
    await meet.stop()
    assert profile.load() == STATE


@pytest.mark.parametrize("content", [None, "", "{broken"])
async def test_without_a_readable_profile_the_bot_is_a_guest(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "storage_state.json").write_text(content)
    assert Profile(tmp_path).load() is None
    assert Profile(None).load() is None


@pytest_asyncio.fixture(loop_scope="module")
async def sign_in_page(stage: Stage) -> AsyncIterator[str]:
    """A page that signs whoever opens it in."""

    async def page(request: Request) -> HTMLResponse:
        answer = HTMLResponse("<h1>Sign in</h1>")
        answer.set_cookie("SID" if request.url.path == "/good" else "OTHER", "one")
        return answer

    server = uvicorn.Server(
        uvicorn.Config(
            Starlette(routes=[Route("/{any}", page)]),
            host="127.0.0.1",
            port=0,
            log_config=None,
            lifespan="off",
        )
    )
    socket = server.config.bind_socket()
    serving = asyncio.create_task(server.serve(sockets=[socket]))
    yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    server.should_exit = True
    await serving


async def test_signing_in_keeps_the_session(sign_in_page: str, tmp_path: Path) -> None:
    await sign_in(
        Launch(executable=CHROMIUM), tmp_path, url=f"{sign_in_page}/good", wait_seconds=PATIENCE_SECONDS
    )
    state = json.loads((tmp_path / "storage_state.json").read_text())
    assert is_signed_in(state)


async def test_nobody_signing_in_keeps_nothing(sign_in_page: str, tmp_path: Path) -> None:
    with pytest.raises(Temporary, match="Nobody signed in"):
        await sign_in(Launch(executable=CHROMIUM), tmp_path, url=f"{sign_in_page}/bad", wait_seconds=1)
    assert list(tmp_path.iterdir()) == []


async def test_only_a_session_cookie_counts_as_signed_in() -> None:
    assert is_signed_in(STATE)  # type: ignore[arg-type]
    assert not is_signed_in({"cookies": [], "origins": []})


async def test_each_meeting_gets_the_account_that_is_in_the_fewest(tmp_path: Path) -> None:
    for name in (".", "second", "third"):
        Profile(tmp_path / name).save(STATE)  # type: ignore[arg-type]
    profiles = Profiles(tmp_path)
    first, second, third = (profiles.take() for _ in range(3))
    assert len({id(first), id(second), id(third)}) == 3
    second.leave()
    assert profiles.take() is second


async def test_an_account_added_while_the_bot_runs_is_used(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path)
    assert profiles.take().load() is None
    Profile(tmp_path / "second").save(STATE)  # type: ignore[arg-type]
    assert profiles.take().load() == STATE


async def test_two_meetings_are_visited_by_two_accounts(stage: Stage, tmp_path: Path) -> None:
    for name, value in (("first", "one"), ("second", "two")):
        state = {"cookies": [STATE["cookies"][0] | {"value": value}], "origins": []}  # type: ignore[operator]
        Profile(tmp_path / "accounts" / name).save(state)  # type: ignore[arg-type]
    meet = stage.new_meet(profile_dir=tmp_path / "accounts", data_dir=tmp_path)
    await meet.start()
    bots = [await stage.bot(meet=meet, name_field="absent") for _ in range(2)]
    seen = [(await bot.caller._place.lease.context.cookies())[0]["value"] for bot in bots]
    assert sorted(seen) == ["one", "two"]
    for bot in bots:
        await bot.close()
    await meet.stop()


def run_login(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str, profile: str = "profile"):  # type: ignore[no-untyped-def]
    """The command, on a machine without a screen."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    lines = [
        "[bot]",
        'email = "bot@example.com"',
        "[meet]",
        f'profile_dir = "{folder / profile}"' if profile else "",
    ]
    (folder / "meetbot.toml").write_text("\n".join([*lines, "[browser]", f'executable = "{CHROMIUM}"']))
    return CliRunner().invoke(app, ["google-login", "--config", str(folder / "meetbot.toml"), *arguments])


async def test_without_a_screen_it_is_said_where_to_sign_in(
    sign_in_page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await asyncio.to_thread(run_login, monkeypatch, tmp_path, "--url", f"{sign_in_page}/good")
    assert isinstance(done.exception, Misconfigured)
    assert "no screen here" in done.exception.safe
    assert "copy the profile directory" in done.exception.safe


async def test_without_a_place_for_the_session_it_is_said_how_to_give_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run_login(monkeypatch, tmp_path, profile="")
    assert isinstance(done.exception, Misconfigured)
    assert 'profile_dir = "' in done.exception.safe


async def test_the_name_of_an_account_leads_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("../elsewhere", ".", "a/b"):
        done = run_login(monkeypatch, tmp_path, "--account", name)
        assert isinstance(done.exception, Invalid)
