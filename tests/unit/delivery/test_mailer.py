import asyncio
from contextlib import asynccontextmanager

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from agent.delivery.mailer import SmtpMailer
from agent.errors import Invalid, Kind, Misconfigured, Temporary
from agent.model.letter import Mail

MAIL = Mail(
    message_id="<recap.1@example.com>",
    recipients=("host@example.com",),
    raw=b"Message-ID: <recap.1@example.com>\r\nSubject: Recap\r\n\r\n.a line that begins with a dot\r\n",
    envelope_from="meetbot@example.com",
)


class Postbox:
    """An SMTP server's opinions; `answers` maps a recipient, or DATA, to what it says."""

    def __init__(self, **answers):
        self.answers = answers
        self.mails = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.answers.get(address.partition("@")[0], "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        answer = self.answers.get("DATA", "250 2.0.0 queued as 42")
        if answer.startswith("250"):
            self.mails.append((envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content))
        return answer


def password_is_right(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"meetbot", b"right")
    return AuthResult(success=right, handled=False)


@asynccontextmanager
async def listening(postbox, ssl=None, **options):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(postbox, loop=loop, **options), "127.0.0.1", 0, ssl=ssl)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_a_mail_arrives_as_it_was_written():
    postbox = Postbox()
    async with listening(postbox) as port:
        answer = await SmtpMailer("127.0.0.1", port, "none").send(MAIL)

    assert answer == "2.0.0 queued as 42"
    assert postbox.mails == [("meetbot@example.com", ("host@example.com",), MAIL.raw)]


async def test_the_null_sender_is_kept():
    postbox = Postbox()
    async with listening(postbox) as port:
        await SmtpMailer("127.0.0.1", port, "none").send(Mail(MAIL.message_id, MAIL.recipients, MAIL.raw))

    assert postbox.mails[0][0] == "<>"


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"DATA": "451 4.3.0 try later"}, Temporary),
        ({"DATA": "554 5.7.1 not wanted"}, Invalid),
        ({"host": "450 4.2.1 greylisted"}, Temporary),
        ({"host": "550 5.1.1 nobody here"}, Invalid),
    ],
)
async def test_4xx_is_temporary_and_5xx_is_final(answers, error):
    async with listening(Postbox(**answers)) as port:
        with pytest.raises(error) as caught:
            await SmtpMailer("127.0.0.1", port, "none").send(MAIL)

    assert next(iter(answers.values()))[4:] in caught.value.full
    assert "127.0.0.1" not in caught.value.safe


async def test_one_refused_recipient_does_not_stop_the_others():
    postbox = Postbox(gone="550 5.1.1 nobody here")
    mail = Mail(MAIL.message_id, ("gone@example.com", "host@example.com"), MAIL.raw, MAIL.envelope_from)
    async with listening(postbox) as port:
        answer = await SmtpMailer("127.0.0.1", port, "none").send(mail)

    assert answer == "2.0.0 queued as 42; gone@example.com refused: 550 5.1.1 nobody here"
    assert postbox.mails[0][1] == ("host@example.com",)


async def test_a_mixture_of_refusals_may_get_better():
    postbox = Postbox(gone="550 5.1.1 nobody here", host="450 4.2.1 greylisted")
    mail = Mail(MAIL.message_id, ("gone@example.com", "host@example.com"), MAIL.raw, MAIL.envelope_from)
    async with listening(postbox) as port:
        with pytest.raises(Temporary):
            await SmtpMailer("127.0.0.1", port, "none").send(mail)


async def test_nobody_listening_is_temporary():
    with pytest.raises(Temporary):
        await SmtpMailer("127.0.0.1", 1, "none").send(MAIL)


async def test_a_server_that_says_nothing_is_temporary():
    async def mute(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    with pytest.raises(Temporary):
        await SmtpMailer("127.0.0.1", server.sockets[0].getsockname()[1], "none", timeout_seconds=0.3).send(
            MAIL
        )
    server.close()


async def test_a_line_cut_in_the_middle_of_the_mail_is_temporary():
    async def cut(reader, writer):
        writer.write(b"220 hello\r\n")
        while not (await reader.readline()).startswith(b"DATA"):
            writer.write(b"250 OK\r\n")
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    with pytest.raises(Temporary):
        await SmtpMailer("127.0.0.1", server.sockets[0].getsockname()[1], "none").send(MAIL)
    server.close()


@pytest.mark.parametrize("recipient", ["host@example.com\r\nRCPT TO:<x@example.com>", "a b@example.com>", ""])
async def test_an_address_cannot_smuggle_a_command(recipient):
    postbox = Postbox()
    mail = Mail(MAIL.message_id, (recipient,), MAIL.raw, MAIL.envelope_from)
    async with listening(postbox) as port:
        with pytest.raises(Invalid):
            await SmtpMailer("127.0.0.1", port, "none").send(mail)

    assert postbox.mails == []


async def test_starttls_is_used_before_the_password_is_told(server_tls, trust):
    postbox = Postbox()
    options = {"tls_context": server_tls, "authenticator": password_is_right, "auth_required": True}
    async with listening(postbox, **options) as port:
        mailer = SmtpMailer("127.0.0.1", port, "starttls", "meetbot", "right", trust=trust)
        await mailer.send(MAIL)
        found = await mailer.check()

    assert len(postbox.mails) == 1
    assert found == f"127.0.0.1:{port} answers (security starttls, signed in as meetbot)"


async def test_tls_from_the_first_byte(server_tls, trust):
    postbox = Postbox()
    async with listening(postbox, ssl=server_tls) as port:
        await SmtpMailer("127.0.0.1", port, "tls", trust=trust).send(MAIL)

    assert len(postbox.mails) == 1


async def test_a_server_without_starttls_gets_no_mail_in_clear():
    postbox = Postbox()
    async with listening(postbox) as port:
        with pytest.raises(Temporary):
            await SmtpMailer("127.0.0.1", port, "starttls").send(MAIL)

    assert postbox.mails == []


async def test_a_wrong_password_waits_for_the_operator_and_loses_no_mail(server_tls, trust):
    options = {"tls_context": server_tls, "authenticator": password_is_right, "auth_required": True}
    async with listening(Postbox(), **options) as port:
        mailer = SmtpMailer("127.0.0.1", port, "starttls", "meetbot", "wrong-word", trust=trust)
        with pytest.raises(Temporary) as sending:
            await mailer.send(MAIL)
        with pytest.raises(Misconfigured, match=r"mail\.username and mail\.password"):
            await mailer.check()

    assert "wrong-word" not in sending.value.full


async def test_check_says_what_to_do_when_nobody_listens():
    with pytest.raises(Misconfigured, match=r"mail\.host and mail\.port") as caught:
        await SmtpMailer("127.0.0.1", 1, "none").check()

    assert caught.value.kind is Kind.INVALID


async def test_check_says_what_to_do_about_an_untrusted_certificate(server_tls):
    async with listening(Postbox(), ssl=server_tls) as port:
        with pytest.raises(Misconfigured, match=r"TLS .* mail\.security"):
            await SmtpMailer("127.0.0.1", port, "tls").check()
