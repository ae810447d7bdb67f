"""Random lines to a server in every state: it always answers with a code, and the next client is served."""

import asyncio
import random
import re

import pytest

from agent.invites.smtp import Limits, SmtpIntake
from tests.waiting import PATIENCE_SECONDS

STATES = {
    "fresh": [],
    "greeted": ["EHLO client.example"],
    "mail": ["EHLO client.example", "MAIL FROM:<host@example.com>"],
    "rcpt": ["EHLO client.example", "MAIL FROM:<host@example.com>", "RCPT TO:<notes@bot.example>"],
    "null sender": ["EHLO client.example", "MAIL FROM:<>"],
    "old greeting": ["HELO client.example"],
}
WORDS = [
    *(
        "EHLO",
        "HELO",
        "MAIL FROM:",
        "RCPT TO:",
        "RSET",
        "NOOP",
        "VRFY",
        "EXPN",
        "HELP",
        "STARTTLS",
        "AUTH PLAIN",
        "BDAT 10",
    ),
    *(
        "<>",
        "<a@b>",
        "<notes@bot.example>",
        "<" + "(" * 200,
        '<"' + "a" * 100,
        "SIZE=1",
        "SIZE=x",
        "SMTPUTF8",
        "BODY=8BITMIME",
    ),
    *("\x00", "\xff\xfe", "\u2028", "é", " ", "\t", "%s%n", "../..", "x" * 600),
]


class Shelf:
    async def accept(self, envelope, raw):
        return "q1"

    def knows(self, recipient):
        return recipient.startswith("notes@")


async def answer(reader):
    while True:
        line = await asyncio.wait_for(reader.readline(), PATIENCE_SECONDS)
        if not line:
            return ""
        assert re.match(rb"[245]\d\d[ -]", line), line
        if line[3:4] == b" ":
            return line.decode()


async def converse(port, opening, lines):
    """Say the lines and return the answers, up to where the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = [await answer(reader)]
    try:
        for line in [*(text.encode() for text in opening), *lines]:
            writer.write(line + b"\r\n")
            answers.append(await answer(reader))
            if not answers[-1] or answers[-1].startswith("421"):
                break
    except ConnectionError:
        pass
    finally:
        writer.close()
    return answers


@pytest.mark.parametrize("state", STATES)
async def test_random_lines_are_always_answered(state):
    chance = random.Random(state)
    server = SmtpIntake("127.0.0.1", 0, Shelf(), hostname="bot.example", limits=Limits())
    await server.start()
    try:
        for _ in range(25):
            lines = []
            for _ in range(12):
                text = " ".join(chance.choices(WORDS, k=chance.randint(1, 4)))
                lines.append(
                    re.sub(rb"[\r\n]", b"", text.encode(chance.choice(["utf-8", "utf-16-le", "utf-8"])))
                )
            answers = await converse(
                server.port, STATES[state], [line for line in lines if line.upper() != b"DATA"]
            )
            assert all(re.fullmatch(r"[245]\d\d [^\x00]*\r\n", one) for one in answers if one)
        assert (await converse(server.port, STATES["rcpt"], []))[-1].startswith("250")
    finally:
        await server.stop()
