"""The common way through a meeting, from the closed door to the end."""

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_guest_knocks_waits_and_is_admitted(bot, teller):
    await teller.create()
    await bot.open()
    await expect(bot.button("Ask to join")).to_be_disabled()
    await bot.knock("Note Taker")
    await bot.sees("Asking to be let in")
    await expect(bot.button("Leave call")).to_be_visible()
    await expect(bot.button("Chat with everyone")).to_have_count(0)
    waiting = await teller.wait("knocked")
    assert waiting["visitors"][0]["state"] == "lobby"
    await teller.do("admit")
    await expect(bot.button("Chat with everyone")).to_be_visible()
    seen = await teller.wait("in_call")
    assert seen["visitors"][0]["name"] == "Note Taker"
    assert seen["visitors"][0]["knocked_at"] <= seen["visitors"][0]["admitted_at"]


async def test_a_denied_guest_reads_so(bot, teller):
    await teller.create()
    await bot.open()
    await bot.knock()
    await teller.wait("knocked")
    await teller.do("deny")
    await bot.sees("Someone in the call denied your request to join")
    assert (await teller.visitor())["state"] == "denied"


async def test_chat_goes_both_ways(bot, teller):
    await bot.enter()
    await bot.button("Chat with everyone").click()
    composer = bot.page.get_by_role("textbox", name="Send a message")
    await composer.click()
    await bot.page.keyboard.type("May I take notes?")
    await bot.page.keyboard.press("Enter")
    await teller.wait("chat:take notes")
    await teller.do("say", name="Host Person", text="yes, go on")
    await bot.sees("yes, go on")
    await expect(bot.page.locator("[data-message-id]")).to_have_count(2)
    await expect(bot.page.get_by_text("You", exact=True)).to_be_visible()
    await expect(composer).to_have_value("")


async def test_the_roster_names_everyone_and_self(bot, teller):
    await bot.enter()
    await teller.tell(
        {"do": "join_person", "name": "Host Person", "id": "host", "host": True},
        {"do": "join_person", "name": "Guest Person"},
    )
    await bot.button("People").click()
    rows = bot.page.get_by_role("list", name="Participants").get_by_role("listitem")
    await expect(rows).to_have_count(3)
    labels = [await row.get_attribute("aria-label") for row in await rows.all()]
    assert labels == ["Note Taker", "Host Person", "Guest Person"]
    assert "(You)" in await rows.nth(0).inner_text()
    assert "Meeting host" in await rows.nth(1).inner_text()
    assert (await rows.nth(0).get_attribute("data-participant-id")) == (await teller.visitor())["device"]
    await teller.do("leave_person", id="host")
    await expect(rows).to_have_count(2)


async def test_captions_grow_in_their_block(bot, teller):
    await bot.enter()
    await bot.page.keyboard.press("Shift+C")
    await teller.wait("captions_on")
    blocks = bot.page.get_by_role("region", name="Captions").locator("[aria-live]")
    first = await teller.do("caption", speaker="Host Person", text="hello")
    await expect(blocks).to_have_count(1)
    await teller.do("caption", speaker="Host Person", text="hello everybody", id=first["id"], final=True)
    await expect(blocks.nth(0)).to_contain_text("hello everybody")
    await expect(blocks.nth(0)).to_contain_text("Host Person")
    assert (await teller.seen())["captions"][0]["updates"] == 2


async def test_a_removed_bot_reads_so(bot, teller):
    await bot.enter()
    await teller.do("remove_bot")
    await bot.sees("You’ve been removed from the meeting")
    await expect(bot.button("Leave call")).to_have_count(0)
    assert (await teller.visitor())["how_left"] == "removed"


async def test_the_host_ends_the_call_for_everyone(bot, teller):
    await bot.enter()
    await teller.do("end_for_all")
    await bot.sees("Your host ended the meeting for everyone")
    assert (await teller.visitor())["state"] == "ended"


async def test_leaving_shows_the_way_back(bot, teller):
    await bot.enter()
    await bot.button("Leave call").click()
    await bot.sees("You left the meeting")
    await expect(bot.button("Rejoin")).to_be_visible()
    assert (await teller.wait("left"))["visitors"][0]["how_left"] == "clicked"
    await bot.button("Return to home screen").click()
    await bot.page.wait_for_url("**/meet/landing")


async def test_a_closed_page_is_told_apart_from_a_click(bot, teller):
    await bot.enter()
    await bot.page.close()
    assert (await teller.wait("left"))["visitors"][0]["how_left"] == "closed"
