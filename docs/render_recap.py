"""Renders a sample recap mail as pictures: docs/images/recap-{light,dark,phone,text}.png.

Usage: python docs/render_recap.py [CHROMIUM]
"""

import asyncio
import sys
from datetime import UTC, datetime
from email import message_from_bytes, policy
from html import escape
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from agent.delivery.letters import LetterWriter
from agent.model.letter import ConsentTold, RecapLetter, Thread
from agent.model.summary import ActionItem, Decision, Question, Statement, Summary, Topic

IMAGES = Path(__file__).parent / "images"
SHOTS = {"light": ("light", 760), "dark": ("dark", 760), "phone": ("light", 390), "text": ("light", 720)}
NOW = datetime(2026, 11, 24, 14, 52, tzinfo=UTC)

SUMMARY = Summary(
    title="Release 4.2",
    tldr=(
        Statement(text="Release 4.2 moves to 3 December, because the payment tests need two more days.", cites=(4,)),
        Statement(text="The German texts are done; the French ones arrive on Friday.", cites=(6,)),
    ),
    action_items=(
        ActionItem(text="Tell customers about the new date.", owner="Host Person", due="Wednesday", cites=(5,)),
        ActionItem(text="Finish the payment tests on the second terminal.", owner="Test Lead", due="1 December", cites=(3,)),
        ActionItem(text="Send the French texts.", owner="Translator", due="Friday", cites=(6,)),
        ActionItem(text="Look at the price page.", cites=(8,), verified=False),
    ),
    decisions=(
        Decision(text="Release 4.2 ships on 3 December.", agreed_by=("Host Person", "Test Lead"), cites=(4,)),
        Decision(text="No new features go in before then.", cites=(7,)),
    ),
    open_questions=(Question(text="Does the price page change with this release or the next?", cites=(8,)),),
    topics=(
        Topic(
            title="Where the tests stand",
            points=("All but the payment tests pass.", "The second terminal came late."),
            start_seconds=0,
            end_seconds=742,
            cites=(2, 3),
        ),
        Topic(title="The new date", points=("Two days are enough.",), start_seconds=742, end_seconds=1610, cites=(4, 5)),
        Topic(title="Translations", start_seconds=1610, end_seconds=2222, cites=(6,)),
    ),
    language="en",
)  # fmt: skip

LETTER = RecapLetter(
    message_id="<recap.sample@example.com>",
    recipient="host@example.com",
    recipient_name="Host Person",
    title="Release 4.2 weekly",
    starts_at=datetime(2026, 11, 24, 14, 0, tzinfo=UTC),
    ended_at=datetime(2026, 11, 24, 14, 41, tzinfo=UTC),
    timezone="Europe/Berlin",
    attended=("Host Person", "Test Lead", "Translator"),
    absent=("Sales Lead",),
    rivals=(),
    inviter="host@example.com",
    consent=ConsentTold("granted", "Host Person", datetime(2026, 11, 24, 14, 1, tzinfo=UTC), "Yes, go ahead"),
    source="meet",
    summary=SUMMARY,
    quotes={
        2: (31.0, "Test Lead", "Everything is green except payments."),
        3: (
            247.0,
            "Test Lead",
            "I need until the first of December, the second terminal came only yesterday.",
        ),
        4: (760.0, "Host Person", "Then we ship on the third, two days later than planned. Agreed?"),
        5: (905.0, "Host Person", "I will tell customers on Wednesday."),
        6: (1655.0, "Translator", "German is finished, and you get French on Friday."),
        7: (2001.0, "Test Lead", "Please, nothing new until it is out."),
        8: (2190.0, "Translator", "And the price page, does that belong to this one?"),
    },
    recipients=("host@example.com", "tests@example.com"),
    transcript_url="https://meetbot.example.com/share/sample",
    delete_url="https://meetbot.example.com/meetings/sample/delete",
    unsubscribe_url="https://meetbot.example.com/unsubscribe/sample",
    retention_days=30,
    thread=Thread(message_id="<invite.sample@example.com>"),
    carried_over=("Ask for a third test terminal (Test Lead)",),
)


def sample(kind: str) -> str:
    """Return the HTML part of the sample recap as it is mailed, or its plain part set as a page."""
    writer = LetterWriter("meetbot@example.com", "Meetbot", "https://meetbot.example.com", lambda: NOW)
    message = message_from_bytes(writer.recap(LETTER).raw, policy=policy.default)
    part = message.get_body((kind,))
    if part is None:
        raise SystemExit(f"the recap has no {kind} part")
    content = str(part.get_content())
    return content if kind == "html" else f"<pre style='margin:24px'>{escape(content)}</pre>"


async def shoot(browser: Browser, name: str) -> None:
    """Take one picture of the sample."""
    scheme, width = SHOTS[name]
    page = await browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    await page.set_content(sample("plain" if name == "text" else "html"))
    await page.screenshot(path=IMAGES / f"recap-{name}.png", full_page=True)
    await page.close()


async def main(executable: str) -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=["--disable-lcd-text"])
        for name in SHOTS:
            await shoot(browser, name)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "/usr/bin/chromium"))
