"""The shapes the call itself can take, and what can go wrong in it."""

import asyncio
import re

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("variant", "selector"),
    [
        ("count", 'button[aria-label="People - 1 joined"]'),
        ("dialog_div", 'div[role="button"][aria-haspopup="dialog"]:has(span)'),
        ("show_everyone", 'button[aria-label="Show everyone"]'),
    ],
)
async def test_the_people_button_has_had_many_shapes(bot, teller, variant, selector):
    await bot.enter(people_button=variant)
    await bot.page.locator(selector).click()
    await expect(bot.page.get_by_role("list", name="Participants")).to_be_visible()


async def test_people_and_chat_push_each_other_out(bot, teller):
    await bot.enter()
    await bot.button("People").click()
    await bot.button("Chat with everyone").click()
    await expect(bot.page.get_by_role("list", name="Participants")).to_have_count(0)
    await expect(bot.page.get_by_role("list", name="In-call messages")).to_have_count(1)
    await bot.button("Chat with everyone").click()
    await expect(bot.page.locator("aside")).to_have_count(0)


async def test_not_every_row_is_a_person(bot, teller):
    await bot.enter(effects_row=True)
    await teller.tell(
        {"do": "join_person", "name": "Room One", "kind": "merged"},
        {"do": "join_person", "name": "Room Two", "kind": "merged"},
        {"do": "join_person", "name": "Host Person", "id": "host"},
        {"do": "present", "id": "host"},
        {"do": "join_person", "name": "Nameless", "kind": "raw_id"},
    )
    await bot.button("People").click()
    rows = bot.page.get_by_role("list", name="Participants").get_by_role("listitem")
    await expect(rows).to_have_count(8)
    labels = [await row.get_attribute("aria-label") for row in await rows.all()]
    assert labels[:3] == ["Note Taker", "Host Person", "Host Person"]
    assert re.fullmatch(r"spaces/\w+/devices/\d+", labels[3])
    assert labels[4:] == ["Merged audio", "Room One", "Room Two", "Backgrounds and effects"]
    assert "Presentation" in await rows.nth(2).inner_text()
    ids = [await row.get_attribute("data-participant-id") for row in await rows.all()]
    assert len(set(ids)) == 8


async def test_merged_people_can_hide_in_one_row(bot, teller):
    await bot.enter(merged_audio="collapsed")
    await teller.tell(
        {"do": "join_person", "name": "Room One", "kind": "merged"},
        {"do": "join_person", "name": "Room Two", "kind": "merged"},
    )
    await bot.button("People").click()
    rows = bot.page.get_by_role("list", name="Participants").get_by_role("listitem")
    await expect(rows).to_have_count(2)
    await bot.button("Adaptive audio group").click()
    await expect(rows).to_have_count(4)


async def test_tiles_vanish_when_somebody_presents_but_the_count_stays(bot, teller):
    await bot.enter()
    await teller.do("join_person", name="Host Person", id="host")
    await expect(bot.page.locator("[data-requested-participant-id]")).to_have_count(2)
    await teller.do("present", name="Host Person", on=True)
    await expect(bot.page.locator("[data-requested-participant-id]")).to_have_count(0)
    await expect(bot.page.locator("[data-avatar-count]")).to_have_text("2")
    await teller.do("present", name="Host Person", on=False)
    await expect(bot.page.locator("[data-self-name]")).to_have_count(1)


async def test_the_toolbar_hides_until_the_pointer_moves(bot, teller):
    await bot.enter(toolbar_hides=True)
    leave = bot.page.locator('[aria-label="Leave call"]')
    await expect(leave).to_have_count(1)
    await expect(leave).not_to_be_visible()
    await bot.page.mouse.move(300, 300)
    await expect(leave).to_be_visible()


@pytest.mark.parametrize("composer", ["contenteditable", "nested"])
async def test_every_composer_takes_real_keys(bot, teller, composer):
    await bot.enter(composer=composer, message_ids=False, own_messages="name")
    await bot.button("Chat with everyone").click()
    await bot.page.locator('[contenteditable="true"]').click()
    await bot.page.keyboard.type("typed by key")
    await bot.page.locator("button:has(i:text('send'))").click()
    await teller.wait("chat:typed by key")
    items = bot.page.get_by_role("list", name="In-call messages").get_by_role("listitem")
    await expect(items).to_have_count(1)
    await expect(items.first).to_contain_text("Note Taker")
    assert await bot.page.locator("[data-message-id]").count() == 0


async def test_a_message_over_the_limit_is_not_sent(bot, teller):
    await bot.enter(chat_limit=20)
    await bot.button("Chat with everyone").click()
    composer = bot.page.get_by_role("textbox", name="Send a message")
    await composer.fill("x" * 21)
    await composer.press("Enter")
    await bot.sees("This message is too long")
    await composer.fill("x" * 20)
    await composer.press("Enter")
    await teller.wait("chat:xxx")
    assert [len(line["text"]) for line in (await teller.seen())["chat"]] == [20]


async def test_the_first_message_can_be_lost_without_a_word(bot, teller):
    await bot.enter(chat_drops=1)
    await bot.button("Chat with everyone").click()
    composer = bot.page.get_by_role("textbox", name="Send a message")
    for text in ("first", "second"):
        await composer.fill(text)
        await composer.press("Enter")
    await teller.wait("chat:second")
    assert [line["text"] for line in (await teller.seen())["chat"]] == ["second"]


async def test_history_is_there_when_the_chat_opens_but_not_what_was_said_before_admission(bot, teller):
    await teller.create(history=[{"name": "Host Person", "text": "the agenda"}])
    await bot.open()
    await bot.knock()
    await teller.wait("knocked")
    await teller.do("say", name="Host Person", text="who is that?")
    await teller.do("admit")
    await teller.do("say", name="Guest Person", text="welcome")
    await bot.button("Chat with everyone").click()
    bubbles = bot.page.locator("[data-message-id]")
    await expect(bubbles).to_have_text(["the agenda", "welcome"])
    messages = bot.page.get_by_role("list", name="In-call messages").get_by_role("listitem")
    await expect(messages.first).to_contain_text("Host Person")


@pytest.mark.parametrize(
    ("mode", "notice", "composers"),
    [("off", "The host turned off the chat", 0), ("continuous_off", "Continuous chat is turned off", 1)],
)
async def test_the_chat_can_be_off_in_two_ways(bot, teller, mode, notice, composers):
    await bot.enter()
    await bot.button("Chat with everyone").click()
    await teller.do("chat", mode=mode)
    await bot.sees(notice)
    await expect(bot.page.get_by_role("textbox", name="Send a message")).to_have_count(composers)


async def test_the_chat_button_can_be_missing(bot, teller):
    await bot.enter(chat="no_button")
    await expect(bot.button("People")).to_be_visible()
    assert await bot.button("Chat with everyone").count() == 0


async def test_captions_interleave_are_corrected_late_and_trimmed(bot, teller):
    await bot.enter()
    await bot.button("Turn on captions").click()
    await teller.wait("captions_on")
    blocks = bot.page.get_by_role("region", name="Captions").locator("[aria-live]")
    await teller.tell(
        {"do": "caption", "speaker": "Host Person", "text": "we ship on", "id": "a"},
        {"do": "caption", "speaker": "Guest Person", "text": "sure", "id": "b"},
        {"do": "caption", "speaker": "Host Person", "text": "we ship on friday", "id": "a"},
        {"do": "caption", "speaker": "Host Person", "text": "We ship on Friday.", "id": "a", "replace": True},
    )
    await expect(blocks).to_have_text(["Host PersonWe ship on Friday.", "Guest Personsure"])
    await teller.do("captions_trim", keep=1)
    await expect(blocks).to_have_text(["Guest Personsure"])


async def test_a_caption_that_would_shrink_is_the_tellers_mistake(bot, teller):
    await teller.create()
    step = {"do": "caption", "speaker": "Host Person", "text": "hello", "id": "a"}
    answer = await teller.http.post(f"{teller.desk}/steps", json=[step, step | {"text": "bye"}])
    assert answer.status_code == 409
    assert "replace" in answer.json()["detail"]


async def test_caption_nodes_can_be_recycled_for_the_next_speaker(bot, teller):
    await bot.enter(caption_nodes="recycled", caption_blocks=2)
    await bot.page.keyboard.press("Shift+C")
    await teller.wait("captions_on")
    blocks = bot.page.get_by_role("region", name="Captions").locator("[aria-live]")
    await teller.tell(
        *({"do": "caption", "speaker": f"Person {n}", "text": "one", "id": f"c{n}"} for n in (1, 2))
    )
    await expect(blocks).to_have_count(2)
    await blocks.first.evaluate("block => { block.seenBefore = true }")
    await teller.do("caption", speaker="Person 3", text="three", id="c3")
    await expect(blocks.last).to_have_text("Person 3three")
    assert await blocks.last.evaluate("block => block.seenBefore")


async def test_captions_can_be_forbidden(bot, teller):
    await bot.enter()
    await bot.page.keyboard.press("Shift+C")
    await teller.wait("captions_on")
    await teller.do("captions", mode="disabled")
    await expect(bot.page.get_by_role("region", name="Captions")).to_have_count(0)
    await bot.page.keyboard.press("Shift+C")
    await teller.wait("log:captions_press", count=2)
    assert (await teller.visitor())["captions_on"] is False


async def test_typing_a_capital_c_in_the_chat_does_not_switch_captions(bot, teller):
    await bot.enter()
    await bot.button("Chat with everyone").click()
    await bot.page.get_by_role("textbox", name="Send a message").press("Shift+C")
    assert await bot.page.get_by_role("textbox", name="Send a message").input_value() == "C"
    assert "captions_press" not in [line["what"] for line in (await teller.seen())["log"]]


async def test_the_caption_language_is_chosen_in_the_settings(bot, teller):
    await bot.enter()
    await bot.button("More options").click()
    await bot.page.get_by_role("menuitem").get_by_text("Settings").click()
    await bot.page.get_by_role("dialog").get_by_role("button", name="Captions").click()
    await bot.page.locator('ul[aria-label="Meeting language"] li[data-value="de-DE"]').click()
    await bot.button("Close dialog").click()
    assert (await teller.wait("log:caption_language"))["visitors"][0]["caption_language"] == "de-DE"


async def test_a_dialog_lies_over_the_call_and_a_pill_does_not(bot, teller):
    await bot.enter()
    await teller.tell({"do": "dialog", "kind": "gemini_pill"}, {"do": "dialog", "kind": "recording"})
    dialog = bot.page.get_by_role("dialog")
    await expect(dialog).to_have_count(1)
    await expect(dialog).to_contain_text("This video call is being recorded")
    await dialog.get_by_text("Join now").click()
    await expect(dialog).to_have_count(0)
    await bot.sees("Gemini is taking notes")
    assert "recording" in [line["detail"] for line in (await teller.wait("log:dialog_ok"))["log"]]


async def test_a_lost_network_shows_a_banner_and_the_call_comes_back(bot, teller):
    await bot.enter()
    await teller.do("network", on=False)
    await bot.sees("You lost your network connection")
    await teller.do("say", name="Host Person", text="still there?")
    assert (await teller.visitor())["state"] == "in_call"
    await teller.do("network", on=True)
    await teller.wait("log:reconnected")
    await expect(bot.text("You lost your network connection")).not_to_be_visible()
    await bot.button("Chat with everyone").click()
    await bot.sees("still there?")


async def test_a_hanging_page_answers_nothing_until_it_wakes(bot, teller):
    await bot.enter()
    before = await bot.page.evaluate("performance.now()")
    asleep = asyncio.create_task(bot.page.wait_for_event("request", lambda request: "asleep" in request.url))
    await asyncio.sleep(0)
    await teller.do("hang", seconds=0.6)
    await asleep
    assert await bot.page.evaluate("performance.now()") - before >= 600


async def test_two_bots_see_each_other(bot, teller):
    await bot.enter()
    page = await bot.page.context.new_page()
    await page.goto(teller.url)
    await page.get_by_label("Your name").fill("Other Bot")
    await page.get_by_role("button", name="Join now").click()
    await teller.wait("in_call", count=2)
    await bot.button("People").click()
    await expect(bot.page.get_by_role("listitem")).to_have_count(2)
    await teller.do("remove_bot", visitor="v2")
    await expect(bot.page.get_by_role("listitem")).to_have_count(1)
    assert [v["state"] for v in (await teller.seen())["visitors"]] == ["in_call", "removed"]
