"""Everything that can stand between the link and the call."""

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("access", "text"),
    [
        ("blocked", "You can’t join this video call"),
        ("not_found", "Check your meeting code"),
        ("expired", "Your meeting code has expired"),
        ("full", "This video call is full"),
    ],
)
async def test_a_page_that_is_refused_on_load_says_why(bot, teller, access, text):
    await teller.create(access=access)
    await bot.open()
    await bot.sees(text)
    assert (await teller.visitor())["state"] == access
    await expect(bot.page.get_by_label("Your name")).to_have_count(0)


async def test_a_code_nobody_made_is_unknown(bot, teller):
    await bot.open()
    await bot.sees("Check your meeting code")
    house = (await teller.http.get("/control/meet")).json()
    assert teller.code in [visit["code"] for visit in house["unknown_visits"]]


async def test_an_unknown_code_is_made_on_demand_when_the_house_says_so(bot, teller):
    await teller.http.put("/control/meet", json={"auto_create": True, "defaults": {"access": "open"}})
    await bot.open()
    await expect(bot.button("Join now")).to_be_visible()
    await teller.http.put("/control/meet", json={})
    assert (await teller.seen())["options"]["access"] == "open"


async def test_a_client_can_be_blocked_at_the_knock(bot, teller):
    await teller.create(access="blocked_after_knock", typographic_apostrophes=False)
    await bot.open()
    await bot.knock()
    await bot.sees("You can't join this video call")
    assert (await teller.visitor())["knocked_at"]


async def test_sign_in_is_somewhere_else(bot, teller):
    await teller.create(access="sign_in")
    await bot.open()
    await expect(bot.page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    assert "/meet/signin" in bot.page.url


async def test_a_missing_host_is_waited_for(bot, teller):
    await teller.create(access="host_not_here")
    await bot.open()
    await bot.knock()
    await bot.sees("Waiting for the host to join")
    await teller.do("admit")
    await expect(bot.button("Chat with everyone")).to_be_visible()


async def test_a_signed_in_visitor_has_no_name_field(bot, teller):
    await teller.create(
        access="open", name_field="absent", account_name="Bot Account", join_text="switch_here"
    )
    await bot.open()
    await bot.button("Switch here").click()
    assert (await teller.wait("in_call"))["visitors"][0]["name"] == "Bot Account"
    assert await bot.page.get_by_label("Your name").count() == 0


async def test_ghost_fields_stand_before_the_real_one(bot, teller):
    await teller.create(name_field="ghost")
    await bot.open()
    fields = bot.page.locator('input[aria-label="Your name"]')
    await expect(fields).to_have_count(2)
    assert not await fields.first.is_visible()
    await fields.last.fill("Note Taker")
    await bot.button("Ask to join").click()
    await teller.wait("knocked")


async def test_a_name_set_behind_the_fields_back_is_not_there(bot, teller):
    await teller.create()
    await bot.open()
    await bot.page.get_by_label("Your name").evaluate("field => { field.value = 'Note Taker' }")
    await expect(bot.button("Ask to join")).to_be_disabled()


async def test_a_click_made_by_script_does_not_join(bot, teller):
    await teller.create()
    await bot.open()
    await bot.page.get_by_label("Your name").fill("Note Taker")
    await bot.button("Ask to join").evaluate("button => button.click()")
    seen = await teller.wait("log:join_click")
    assert seen["visitors"][0]["state"] == "prejoin"
    assert seen["log"][-1]["detail"] == "untrusted"


async def test_join_labels_can_be_decorated_and_joining_take_two_steps(bot, teller):
    await teller.create(access="open", join_label="decorated", two_step_join=True, join_text="anyway")
    await bot.open()
    await bot.page.get_by_label("Your name").fill("Note Taker")
    await bot.button("Join anyway without camera").click()
    assert (await teller.visitor())["state"] == "prejoin"
    await bot.button("Join now").click()
    await teller.wait("in_call")


async def test_the_media_dialog_blocks_the_page_beneath(bot, teller):
    await teller.create(media_dialog="before")
    await bot.open()
    await expect(bot.button("Continue without microphone and camera")).to_be_visible()
    covered = "button => { const box = button.getBoundingClientRect();"
    covered += "return !button.contains(document.elementFromPoint(box.x + 5, box.y + 5)) }"
    assert await bot.button("Ask to join").evaluate(covered)
    await bot.button("Continue without microphone and camera").click()
    await bot.knock()
    await teller.wait("knocked")


async def test_the_media_dialog_can_come_after_the_click(bot, teller):
    await teller.create(media_dialog="after_knock", got_it="before")
    await bot.open()
    await bot.button("Got it").click()
    await bot.knock()
    await expect(bot.button("Use microphone and camera")).to_be_visible()
    assert (await teller.visitor())["state"] == "prejoin"
    await bot.button("Use microphone and camera").click()
    await teller.wait("knocked")


@pytest.mark.parametrize("kind", ["div", "button"])
async def test_device_toggles_tell_their_state_in_the_label_only(bot, teller, kind):
    await teller.create(device_controls=kind, device_clicks_ignored=1)
    await bot.open()
    await bot.page.locator(f'{kind}[aria-label="Turn off microphone"]').click()
    await expect(bot.button("Turn off microphone")).to_be_visible()
    await bot.button("Turn off microphone").click()
    await expect(bot.button("Turn on microphone")).to_be_visible()
    assert (await teller.wait("log:microphone_off"))["visitors"][0]["microphone_on"] is False


@pytest.mark.parametrize(
    ("step", "state", "text"),
    [
        ({"do": "deny", "text": "left"}, "denied", "You left the meeting"),
        ({"do": "deny", "text": "not_allowed"}, "denied", "You weren’t allowed to join this call"),
        ({"do": "no_response"}, "no_response", "No one responded to your request to join the call"),
        ({"do": "block"}, "blocked", "You can’t join this video call"),
    ],
)
async def test_a_knock_can_fail_in_many_ways(bot, teller, step, state, text):
    await teller.create()
    await bot.open()
    await bot.knock()
    await teller.wait("knocked")
    await teller.tell(step)
    await bot.sees(text)
    assert (await teller.visitor())["state"] == state


async def test_a_knock_can_be_sent_away(bot, teller):
    await teller.create()
    await bot.open()
    await bot.knock()
    await teller.wait("knocked")
    await teller.do("redirect")
    await bot.page.wait_for_url("**/meet/landing")
    assert (await teller.visitor())["state"] == "redirected"


async def test_a_lobby_can_vanish_without_a_word(bot, teller):
    await teller.create()
    await bot.open()
    await bot.knock()
    await teller.wait("knocked")
    await teller.do("vanish")
    await expect(bot.text("Asking to be let in")).to_have_count(0)
    assert await bot.page.locator("body").inner_text() == ""


async def test_the_lobby_is_full_of_false_signs_and_stays_on_the_denied_page(bot, teller):
    await teller.create(
        lobby_effects_panel=True, lobby_home_button=True, stale_lobby_text=True, lobby_text="host_brings"
    )
    await bot.open()
    await bot.knock()
    await bot.sees("Please wait until a meeting host brings you into the call")
    await expect(bot.page.locator("[data-participant-id]")).to_have_count(1)
    await expect(bot.button("Leave call")).to_be_visible()
    await expect(bot.button("Return to home screen")).to_be_visible()
    for sign in ("Chat with everyone", "People", "Turn on captions"):
        assert await bot.button(sign).count() == 0
    await teller.do("deny")
    await bot.sees("Someone in the call denied your request to join")
    await bot.sees("Please wait until a meeting host brings you into the call")


async def test_meets_own_consent_dialog_comes_before_the_call(bot, teller):
    await teller.create(access="open", consent_dialog="gemini")
    await bot.open()
    await bot.knock(text="Join now")
    await bot.sees("Gemini is taking notes")
    seen = await teller.wait("admitted")
    assert seen["visitors"][0]["state"] == "consent"
    assert await bot.button("Chat with everyone").count() == 0
    await bot.page.locator('[role="dialog"] [data-mdc-dialog-action="ok"]').click()
    await teller.wait("in_call")


@pytest.mark.parametrize(
    ("query", "forced", "join"),
    [
        ("?hl=de", None, "Teilnahme erbitten"),
        ("?hl=en", "fr", "Demander à participer"),
        ("?hl=xx", None, "Ask to join"),
    ],
)
async def test_the_page_speaks_the_language_asked_for_or_forced(bot, teller, query, forced, join):
    await teller.create(language=forced)
    await bot.open(query)
    await expect(bot.button(join)).to_be_visible()
    assert "Ask to join" not in await bot.page.content() or join == "Ask to join"


async def test_a_page_loaded_after_the_end_finds_the_end(bot, teller):
    await teller.create()
    await teller.do("end_for_all")
    await bot.open()
    await bot.sees("Your host ended the meeting for everyone")
