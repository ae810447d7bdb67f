"""The mail sink, spoken to by a real SMTP client."""

import asyncio
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx2
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


def letter(to: str, subject: str = "Recap: Wöchentlich") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "meetbot@example.org"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Hello\n.\nThe end.")
    return message


async def send(world, to: str, **options: object) -> None:
    await aiosmtplib.send(
        letter(to), hostname="127.0.0.1", port=world.smtp_port, start_tls=False, timeout=30, **options
    )


async def test_an_accepted_mail_is_on_disk_and_listed(world, teller) -> None:
    await send(world, "host@example.com")
    [mail] = await teller.mails()
    assert mail["mail_from"] == "meetbot@example.org"
    assert mail["rcpt_tos"] == ["host@example.com"]
    assert mail["subject"] == "Recap: Wöchentlich"
    assert ["To", "host@example.com"] in mail["headers"]
    assert await teller.raw_mail(mail["id"]) == Path(mail["path"]).read_bytes()
    assert Path(mail["path"]).parent == world.maildir / "example.com" / "new"


async def test_one_mail_to_two_domains_is_kept_in_both(world, teller) -> None:
    await send(world, "a@one.example", recipients=["a@one.example", "b@two.example"])
    [mail] = await teller.mails()
    assert [Path(path).parts[-3] for path in mail["paths"]] == ["one.example", "two.example"]


async def test_a_domain_that_is_no_domain_does_not_become_a_path(world, teller) -> None:
    await send(world, "x@ok.example", recipients=["x@[IPv6:::1]"])
    assert Path((await teller.mails())[0]["path"]).parts[-3] == "unnamed"


@pytest.mark.parametrize(("name", "code"), [("temperror", 451), ("permerror", 550), ("permerror+tag", 550)])
async def test_names_provoke_their_refusal(world, teller, name, code) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await send(world, f"{name}@example.com")
    assert refused.value.recipients[0].code == code
    assert await teller.mails() == []


async def test_greylist_accepts_the_second_attempt(world, teller) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await send(world, "greylist@example.com")
    await send(world, "greylist@example.com")
    assert len(await teller.mails()) == 1


async def test_timeout_never_answers(world) -> None:
    with pytest.raises(aiosmtplib.SMTPTimeoutError):
        await aiosmtplib.send(
            letter("timeout@example.com"),
            hostname="127.0.0.1",
            port=world.smtp_port,
            start_tls=False,
            timeout=0.2,
        )


async def test_blackhole_accepts_and_loses(world, teller) -> None:
    await send(world, "blackhole@example.com")
    assert await teller.mails() == []


async def test_while_down_every_connection_is_turned_away(world, teller, clock) -> None:
    await teller.mail_down(60)
    with pytest.raises(aiosmtplib.SMTPConnectResponseError) as refused:
        await send(world, "host@example.com")
    assert refused.value.code == 421
    clock.move(60)
    await send(world, "host@example.com")
    assert len(await teller.mails()) == 1


async def test_a_login_is_welcome(world, teller) -> None:
    await send(world, "host@example.com", username="any", password="thing")
    assert len(await teller.mails()) == 1


async def test_waiting_finds_the_mail_that_fits_and_says_when_none_came(world, teller) -> None:
    waiting = asyncio.create_task(teller.wait_mail(to="HOST@example.com", subject="recap"))
    await send(world, "other@example.com")
    await send(world, "host@example.com")
    assert (await waiting)["id"] == 2
    with pytest.raises(httpx2.HTTPStatusError, match="404"):
        await teller.wait_mail(to="nobody@example.com", timeout=0.01)


@pytest.mark.parametrize(
    ("fault", "match", "error"),
    [
        ("status", "RCPT host@*", aiosmtplib.SMTPRecipientsRefused),
        ("status", "DATA *", aiosmtplib.SMTPDataError),
        ("reset", "DATA *", aiosmtplib.SMTPServerDisconnected),
    ],
)
async def test_faults_strike_at_the_command_they_name(world, teller, fault, match, error) -> None:
    await teller.add_fault("mail", fault, match, status=452)
    with pytest.raises(error):
        await send(world, "host@example.com")
    assert await teller.mails() == []
    await send(world, "host@example.com")


async def test_the_drop_fault_accepts_and_loses_once(world, teller) -> None:
    await teller.add_fault("mail", "drop", "DATA *")
    await send(world, "host@example.com")
    await send(world, "host@example.com")
    assert len(await teller.mails()) == 1
