"""Recaps and the links in them: who reads how much, what is carried over, what a click does."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agent.errors import Missing
from agent.lifecycle.aftermath.summarise import Summarise
from agent.lifecycle.commands import Commands
from agent.lifecycle.outbox import DELIVER
from agent.lifecycle.queries import Queries
from agent.model.account import Principal
from agent.model.series import Series
from agent.model.tables import (
    Delivery,
    EventSeries,
    Occurrence,
    Participant,
    Presence,
    SummaryVersion,
    TranscriptEntry,
    Undeliverable,
)
from agent.rules.tallies import Prices
from agent.web import server
from agent.web.desk import Choices, furnish
from tests.after_call_stage import GUEST, HOST, LENGTH, LINES, AfterCallStage, plain

ME = Principal(user_id=None, email=HOST)
STRANGER = Principal(user_id=99, email="stranger@example.com")


@asynccontextmanager
async def browser(stage: AfterCallStage) -> AsyncIterator[httpx2.AsyncClient]:
    """The server's pages, as somebody without an account sees them."""
    app = server.create(furnish(stage.house, Choices(version="1.2.3")))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


def link(mail: EmailMessage, purpose: str) -> str:
    """The link for one purpose in a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(rf"http://\S+/recap/{purpose}/\S+", body.get_content())
    assert found, body.get_content()
    return found[0]


async def met(stage: AfterCallStage, name: str = "one", **columns: Any) -> int:
    """A meeting that was transcribed, with its recaps sent."""
    number = stage.meeting(name, **columns)
    await stage.record()
    await stage.play(number)
    return number


def put_into_series(stage: AfterCallStage, *numbers: int) -> None:
    """Make meetings occurrences of one calendar series."""
    with stage.database.write() as session:
        series = EventSeries(uid="s@example.com", inviter=HOST, updated_at=stage.clock.now())
        series.body = Series(uid=series.uid).model_dump(mode="json")
        session.add(series)
        session.flush()
        for number in numbers:
            at = stage.clock.now() + timedelta(days=number)
            session.add(
                Occurrence(series_id=series.id, slot=str(number), starts_at=at, ends_at=at, job_id=number)
            )


async def test_the_queued_row_bears_the_subject_of_the_mail(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        number = await met(stage)
        (delivery,) = stage.rows(Delivery, job_id=number)
        assert delivery.subject == (await stage.mails(HOST))[0]["Subject"]


async def test_a_reader_who_left_early_reads_what_they_were_there_for(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, recap_recipients="invited") as stage:
        number = stage.meeting()
        (guest,) = stage.rows(Participant, job_id=number, name="Guest Person")
        with stage.database.write() as session:
            (stay,) = stage.rows(Presence, participant_id=guest.id)
            stay.left_at = stay.joined_at + timedelta(seconds=50)
            session.add(stay)
        await stage.record()
        await stage.play(number)
        (mail,) = await stage.mails(GUEST)
        assert "You left at" in plain(mail)
        assert "14 euros" not in plain(mail)
        assert "You left at" not in plain((await stage.mails(HOST))[0])
        async with browser(stage) as client:
            cut = (await client.get(link(mail, "transcript"))).text
            whole = (await client.get(link((await stage.mails(HOST))[0], "transcript"))).text
        assert re.findall(r'id="e(\d+)"', cut) == ["1", "2"]
        assert "The transcript ends there" in cut
        assert re.findall(r'id="e(\d+)"', whole) == [str(n + 1) for n in range(len(LINES))]


async def test_the_transcript_page_is_safe_and_its_link_ends(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, recap_link_days=2) as stage:
        number = stage.meeting(title="<script>alert(1)</script>")
        await stage.record(lines=(("Host Person", "<img src=x onerror=alert(1)>"), *LINES[1:]))
        await stage.play(number)
        address = link((await stage.mails(HOST))[0], "transcript")
        async with browser(stage) as client:
            page = await client.get(address)
            assert page.status_code == 200
            assert "<script>" not in page.text
            assert "<img" not in page.text
            assert "script-src" not in page.headers["Content-Security-Policy"]
            assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert page.headers["Cache-Control"] == "no-store"
            assert page.headers["Referrer-Policy"] == "no-referrer"
            assert (await client.get(address[:-3] + "abc")).status_code == 403
            assert (await client.get(address.replace("/transcript/", "/delete/"))).status_code == 403
            stage.clock.ahead += timedelta(days=2)
            late = await client.get(address)
            assert late.status_code == 403
            assert "expired" in late.text


async def test_one_click_ends_the_recaps_of_a_series_and_of_no_other(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, recap_recipients="invited") as stage:
        first, second = stage.meeting("one"), stage.meeting("two")
        other = stage.meeting("three", meeting_code="xyz-abcd-efg")
        put_into_series(stage, first, second)
        await stage.record()
        await stage.play(first)
        (mail,) = await stage.mails(GUEST)
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = mail["List-Unsubscribe"].strip("<>")
        async with browser(stage) as client:
            assert "no more recaps" in (await client.get(address)).text
            for _ in range(2):
                done = await client.post(address, data={"List-Unsubscribe": "One-Click"})
                assert done.status_code == 200
        await stage.play(second)
        stage.captions(other)
        await stage.play(other)
        assert {row.target for row in stage.rows(Delivery, job_id=second)} == {HOST}
        assert {row.target for row in stage.rows(Delivery, job_id=other)} == {HOST, GUEST}


async def test_the_same_link_begins_the_recaps_again_also_after_a_mail_came_back(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, recap_recipients="invited") as stage:
        numbers = [stage.meeting(name) for name in ("one", "two", "three")]
        put_into_series(stage, *numbers)
        await stage.record()
        await stage.play(numbers[0])
        ends = link((await stage.mails(GUEST))[0], "unsubscribe")
        async with browser(stage) as client:
            assert "Send them again" in (await client.post(ends)).text
            with stage.database.write() as session:
                session.add(Undeliverable(email=GUEST, at=stage.clock.now()))
            await stage.play(numbers[1])
            again = re.search(r'action="([^"]+)"', (await client.get(ends)).text)
            assert again
            begins = httpx2.URL(ends).join(again[1])
            assert "Send them again" in (await client.get(begins)).text
            assert {row.target for row in stage.rows(Delivery, job_id=numbers[1])} == {HOST}
            assert (await client.post(begins)).status_code == 200
            assert "End the recaps" in (await client.get(ends)).text
        await stage.play(numbers[2])
        assert {row.target for row in stage.rows(Delivery, job_id=numbers[2])} == {HOST, GUEST}


async def test_who_wants_no_more_recaps_does_not_get_the_one_that_is_held_back(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, recap_recipients="invited") as stage:
        first = await met(stage)
        stage.engine.kept_waiting = frozenset({DELIVER})
        stage.house = replace(stage.house, habits=replace(stage.house.habits, recap_hold_minutes=10))
        async with browser(stage) as client:
            await Summarise(stage.house)(first, 2)
            await client.post(link((await stage.mails(GUEST))[0], "unsubscribe"))
        states = {
            row.target: row.state
            for row in stage.rows(Delivery, job_id=first, event="recap")
            if ":v2:" in row.key
        }
        assert states == {HOST: "due", GUEST: "cancelled"}


async def test_a_look_at_the_delete_page_deletes_nothing_and_its_button_all(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, recap_recipients="invited") as stage:
        number = await met(stage)
        address = link((await stage.mails(HOST))[0], "delete")
        assert "/recap/delete/" not in plain((await stage.mails(GUEST))[0])
        picture = stage.house.habits.data_dir / "meetings" / "job_one" / "evidence" / "01-lost.png"
        picture.parent.mkdir(parents=True)
        picture.write_bytes(b"a picture of people")
        async with browser(stage) as client:
            page = await client.get(address)
            assert "for everybody, for good" in page.text
            assert stage.entries(number)
            assert picture.exists()
            assert (await client.post(address)).status_code == 200
            assert not picture.exists()
            gone = await client.get(link((await stage.mails(GUEST))[0], "transcript"))
            assert gone.status_code == 404
        assert stage.rows(TranscriptEntry) == stage.rows(SummaryVersion) == []
        assert [row.raw for row in stage.rows(Delivery, job_id=number)] == [None, None]
        hits, total = Queries(stage.house).search(ME, "pricing", page=1, page_size=10)
        assert (list(hits), total) == ([], 0)
        with pytest.raises(Missing):
            await Commands(stage.house).ask(ME, "job_one", "What does the plan cost?")


async def test_a_recap_on_hold_can_be_stopped_and_goes_otherwise(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, recap_recipients="invited", recap_hold_minutes=10) as stage:
        stage.engine.kept_waiting = frozenset({"deliver"})
        number = stage.meeting()
        await stage.record()
        stage.harvest(number)
        await stage.until(
            lambda: [row for row in stage.rows(Delivery, event="recap_held") if row.state == "done"]
        )
        (notice,) = await stage.mails()
        assert HOST in plain(notice)
        assert GUEST in plain(notice)
        address = link(notice, "stop")
        async with browser(stage) as client:
            assert "goes to nobody" in (await client.get(address)).text
            assert {row.state for row in stage.rows(Delivery, event="recap")} == {"due"}
            assert "goes to nobody" in (await client.post(address)).text
            assert "Nothing to stop" in (await client.post(address)).text
        assert {row.state for row in stage.rows(Delivery, event="recap")} == {"cancelled"}
        assert stage.told(number, "recap_stopped")[0]["mails"] == 2
        stage.engine.kept_waiting = frozenset()
        second = stage.meeting("two")
        await stage.play(second)
        assert {row.state for row in stage.rows(Delivery, job_id=second)} == {"done"}


async def test_open_actions_are_carried_over_to_who_was_told_of_them(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, recap_recipients="invited") as stage:
        only_host = [{"email": HOST, "raw": HOST, "name": "Host Person", "partstat": "ACCEPTED"}]
        week = timedelta(days=7)
        now = stage.clock.now()
        first = stage.meeting("one", invited=only_host)
        stage.captions(first)
        await stage.play(first)
        actions = [one["text"] for one in stage.summary(first).body["action_items"]]
        assert any("resellers" in text for text in actions)
        stage.clock.ahead += week
        second = stage.meeting("two")
        put_into_series(stage, first, second)
        stage.captions(second, (("Host Person", "Today we only speak of the office move."), *LINES[4:5]))
        await stage.play(second)
        last = {mail["To"]: plain(mail) for mail in (await stage.mails())[-2:]}
        carried = [text for to, text in last.items() if "STILL OPEN FROM LAST TIME" in text]
        assert len(carried) == 1
        assert "resellers" in carried[0]
        assert stage.summary(second).carried_over[0]["since"] < now.isoformat()
        stage.clock.ahead += week
        third = stage.meeting("three", starts_at=stage.clock.now() - LENGTH)
        with stage.database.write() as session:
            at = stage.clock.now()
            series_id = stage.rows(Occurrence)[0].series_id
            session.add(Occurrence(series_id=series_id, slot="3", starts_at=at, ends_at=at, job_id=third))
        stage.captions(third, (("Guest Person", "I did write to the resellers, that is done."), *LINES[4:5]))
        await stage.play(third)
        assert not any("resellers" in one["text"] for one in stage.summary(third).carried_over)


async def test_another_version_says_what_changed(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, model=True) as stage:
        number = stage.meeting()
        await stage.record()
        await stage.teller.model_behaves("refusal", times=2)
        await stage.play(number)
        assert await Commands(stage.house).summarise_again(ME, "job_one") == 2
        await stage.until(lambda: len(stage.rows(SummaryVersion, job_id=number)) == 2)
        await stage.finished(number)
        mail = (await stage.mails(HOST))[-1]
        assert mail["Subject"].startswith("Recap v2:")
        assert "Changed since version 1:" in plain(mail)
        changes = Queries(stage.house).summary_changes(ME, "job_one", 1, 2)
        assert changes
        assert stage.summary(number).cost is None


async def test_tokens_and_costs_are_kept_with_each_version(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path, model=True, prices=Prices(3.0, 15.0)) as stage:
        row = stage.summary(await met(stage))
        assert row.cost == pytest.approx((row.input_tokens * 3 + row.output_tokens * 15) / 1e6, abs=1e-6)
        assert row.cost > 0
        assert row.took_ms > 0


@pytest.mark.parametrize("model", [False, True])
async def test_a_question_is_answered_with_the_words_it_rests_on(tmp_path: Path, model: bool) -> None:
    async with AfterCallStage(tmp_path, model=model) as stage:
        await met(stage)
        found = await Commands(stage.house).ask(ME, "job_one", "What does the basic plan cost from May?")
        assert found.answer.statements
        cites = {cite for statement in found.answer.statements for cite in statement.cites}
        assert {row.ordinal for row in found.cited} == cites
        for ask in (STRANGER, Principal(user_id=None)):
            with pytest.raises(Missing):
                await Commands(stage.house).ask(ask, "job_one", "What does it cost?")


async def test_only_the_askers_own_meetings_are_searched(tmp_path: Path) -> None:
    async with AfterCallStage(tmp_path) as stage:
        await met(stage)
        look = Queries(stage.house).search
        hits, total = look(ME, "resellers", page=1, page_size=10)
        assert total == len(hits) >= 2
        assert {hit.kind for hit in hits} == {"transcript", "summary"}
        assert all("reseller" in hit.excerpt for hit in hits)
        operator = Principal(user_id=99, email="operator@example.com", is_operator=True)
        for asker in (STRANGER, operator, Principal(user_id=None)):
            assert look(asker, "resellers", page=1, page_size=10) == ([], 0)
        assert look(ME, "resellers", public_id="job_one", page=2, page_size=1)[1] == total
