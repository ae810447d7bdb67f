"""Mail comes in by real SMTP on a real socket."""

import asyncio
import ipaddress
import smtplib
import socket
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import Misconfigured, Temporary
from agent.invites.smtp import Limits, SmtpIntake, _Session

MAIL = b"From: host@example.com\r\nSubject: hello\r\n\r\nbody\r\n..dots\r\n"


class Shelf:
    """A door that keeps mail in a list, and can be told to be in trouble."""

    def __init__(self):
        self.kept = []
        self.trouble = None
        self.gate = None
        self.entered = asyncio.Event()

    async def accept(self, envelope, raw):
        self.entered.set()
        if self.gate:
            await self.gate.wait()
        if self.trouble:
            raise self.trouble
        self.kept.append((envelope, raw))
        return f"q{len(self.kept)}"

    def knows(self, recipient):
        return recipient.lower().partition("@")[0].partition("+")[0] == "notes"


@asynccontextmanager
async def intake(shelf, limits=None, **more):
    server = SmtpIntake("127.0.0.1", 0, shelf, hostname="bot.example", limits=limits, **more)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class Wire:
    """A client that says exactly what it is told to."""

    def __init__(self, port):
        self.port = port

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def answer(self):
        lines = []
        while True:
            line = await asyncio.wait_for(self.reader.readline(), 10)
            lines.append(line.decode())
            if line[3:4] != b"-":
                return "".join(lines)

    async def says(self, text):
        self.writer.write(text if isinstance(text, bytes) else text.encode() + b"\r\n")
        return await self.answer()

    async def greet(self):
        banner = await self.answer()
        await self.says("EHLO client.example")
        return banner

    async def send(self, raw=MAIL, recipient="notes@bot.example"):
        await self.says("MAIL FROM:<host@example.com>")
        await self.says(f"RCPT TO:<{recipient}>")
        await self.says("DATA")
        return await self.says(raw + b".\r\n")


async def test_a_mail_is_answered_250_with_its_queue_id_once_stored():
    shelf = Shelf()
    async with intake(shelf) as server, Wire(server.port) as wire:
        await wire.greet()
        assert await wire.send(recipient="Notes+silent@bot.example") == "250 2.0.0 queued as q1\r\n"
    envelope, raw = shelf.kept[0]
    assert envelope.mail_from == "host@example.com"
    assert envelope.rcpt_to == ("Notes+silent@bot.example",)
    assert (envelope.peer, envelope.helo, envelope.tls) == ("127.0.0.1", "client.example", False)
    assert raw == MAIL.replace(b"..dots", b".dots")


async def test_no_250_is_said_before_the_mail_is_stored():
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    async with intake(shelf) as server, Wire(server.port) as wire:
        await wire.greet()
        answer = asyncio.create_task(wire.send())
        await asyncio.wait_for(shelf.entered.wait(), 30)
        assert not answer.done()
        shelf.gate.set()
        assert (await answer).startswith("250 ")


@pytest.mark.parametrize("trouble", [Temporary("disk full"), RuntimeError("secret /var/lib path")])
async def test_any_trouble_of_ours_is_a_451_that_tells_nothing(trouble):
    shelf = Shelf()
    shelf.trouble = trouble
    async with intake(shelf) as server, Wire(server.port) as wire:
        await wire.greet()
        assert await wire.send() == "451 4.3.0 Cannot take the mail now, please try again later\r\n"
        shelf.trouble = None
        assert (await wire.send()).startswith("250 ")


async def test_an_unknown_recipient_is_refused_before_the_mail_is_sent():
    async with intake(Shelf()) as server, Wire(server.port) as wire:
        await wire.greet()
        await wire.says("MAIL FROM:<>")
        assert (await wire.says("RCPT TO:<someone@elsewhere.example>")).startswith("550 5.1.1")
        assert (await wire.says("DATA")).startswith("503")


async def test_the_null_sender_is_a_sender():
    shelf = Shelf()
    async with intake(shelf) as server, Wire(server.port) as wire:
        await wire.greet()
        await wire.says("MAIL FROM:<>")
        await wire.says("RCPT TO:<notes@bot.example>")
        await wire.says("DATA")
        await wire.says(MAIL + b".\r\n")
    assert shelf.kept[0][0].mail_from == ""


async def test_the_banner_and_ehlo_say_what_is_offered_and_no_version():
    async with intake(Shelf()) as server, Wire(server.port) as wire:
        banner = await wire.answer()
        offered = await wire.says("EHLO client.example")
        assert banner == "220 bot.example ESMTP\r\n"
        assert f"SIZE {10 * 1024 * 1024}" in offered
        assert "SMTPUTF8" in offered
        assert "STARTTLS" not in offered
        assert "AUTH" not in offered
        assert (await wire.says("VRFY notes@bot.example")).startswith("252")
        assert (await wire.says("EXPN list")).startswith("502")


async def test_recipients_of_one_mail_are_limited():
    async with intake(Shelf(), Limits(recipients=3)) as server, Wire(server.port) as wire:
        await wire.greet()
        await wire.says("MAIL FROM:<host@example.com>")
        for tag in range(3):
            assert (await wire.says(f"RCPT TO:<notes+{tag}@bot.example>")).startswith("250")
        assert (await wire.says("RCPT TO:<notes+4@bot.example>")).startswith("452 4.5.3")


async def test_a_mail_over_the_size_is_refused_by_its_announcement_and_by_its_bytes():
    shelf = Shelf()
    async with intake(shelf, Limits(mail_bytes=10_000)) as server, Wire(server.port) as wire:
        await wire.greet()
        assert (await wire.says("MAIL FROM:<host@example.com> SIZE=10001")).startswith("552")
        assert (await wire.send(b"x" * 500 + b"\r\n" + b"y" * 900 + b"\r\n" * 5000)).startswith("552")
        assert (await wire.send()).startswith("250")
    assert len(shelf.kept) == 1


async def test_a_long_line_is_taken_and_an_endless_one_ends_the_connection():
    shelf = Shelf()
    limits = Limits(unended_line_bytes=200_000)
    async with intake(shelf, limits) as server, Wire(server.port) as wire:
        await wire.greet()
        assert (await wire.send(b"Subject: x\r\n\r\n" + b"y" * 20_000 + b"\r\n")).startswith("250")
        await wire.says("MAIL FROM:<host@example.com>")
        await wire.says("RCPT TO:<notes@bot.example>")
        await wire.says("DATA")
        sent = 0
        with pytest.raises((ConnectionError, asyncio.TimeoutError)):  # noqa: PT012 - the last of many writes fails
            while sent < 50_000_000:
                wire.writer.write(b"z" * 65_536)
                await asyncio.wait_for(wire.writer.drain(), 5)
                sent += 65_536
        assert sent < 20_000_000
    assert len(shelf.kept) == 1


@pytest.mark.parametrize(
    "ending", [b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n\n.\r\r\n"]
)
async def test_no_false_end_of_data_smuggles_a_second_mail(ending):
    shelf = Shelf()
    inner = b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<notes@bot.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"
    async with intake(shelf) as server, Wire(server.port) as wire:
        await wire.greet()
        answer = await wire.send(b"Subject: outer\r\n\r\nbody" + ending + inner.rstrip(b".\r\n") + b"\r\n")
        assert answer.startswith("250")
    assert [envelope.mail_from for envelope, _ in shelf.kept] == ["host@example.com"]


async def test_a_stranger_may_hold_few_connections_and_open_few_a_minute():
    limits = Limits(connections_per_peer=2, connections_per_peer_and_minute=4, trust_loopback=False)
    async with intake(Shelf(), limits) as server:
        async with Wire(server.port) as one, Wire(server.port) as two, Wire(server.port) as three:
            assert (await one.answer()).startswith("220")
            assert (await two.answer()).startswith("220")
            assert (await three.answer()).startswith("421 4.7.0")
            assert (await one.says("QUIT")).startswith("221")
        async with Wire(server.port) as four, Wire(server.port) as five:
            await four.answer()
            assert (await five.answer()).startswith("421 4.7.0")


async def test_all_connections_together_are_limited_even_from_this_machine():
    async with (
        intake(Shelf(), Limits(connections=1)) as server,
        Wire(server.port) as one,
        Wire(server.port) as two,
    ):
        assert (await one.answer()).startswith("220")
        assert (await two.answer()).startswith("421")


async def test_a_stranger_sends_a_limited_number_of_mails_on_one_connection():
    limits = Limits(mails_per_connection=1, trust_loopback=False)
    async with intake(Shelf(), limits) as server, Wire(server.port) as wire:
        await wire.greet()
        assert (await wire.send()).startswith("250")
        assert (await wire.says("MAIL FROM:<host@example.com>")).startswith("421 4.7.0")


async def test_idle_commands_do_not_hold_a_connection_for_ever():
    async with intake(Shelf()) as server, Wire(server.port) as wire:
        await wire.greet()
        answers = [await wire.says("NOOP") for _ in range(31)]
        assert answers[-1].startswith("421")


async def test_a_session_ends_after_its_time():
    async with intake(Shelf(), Limits(session_seconds=0.2)) as server, Wire(server.port) as wire:
        await wire.greet()
        assert await asyncio.wait_for(wire.reader.read(), 5) == b""


async def test_a_client_that_hangs_up_during_the_commit_does_not_interrupt_it():
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    async with intake(shelf) as server:
        async with Wire(server.port) as wire:
            await wire.greet()
            answer = asyncio.create_task(wire.send())
            await asyncio.wait_for(shelf.entered.wait(), 30)
            answer.cancel()
            wire.writer.transport.abort()
        shelf.gate.set()
        async with asyncio.timeout(30):
            while not shelf.kept:
                await asyncio.sleep(0)


async def test_stopping_answers_the_mail_under_way():
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    server = SmtpIntake("127.0.0.1", 0, shelf)
    await server.start()
    async with Wire(server.port) as wire:
        await wire.greet()
        answer = asyncio.create_task(wire.send())
        await asyncio.wait_for(shelf.entered.wait(), 30)
        stopping = asyncio.create_task(server.stop())
        shelf.gate.set()
        assert (await answer).startswith("250")
        await asyncio.wait_for(stopping, 30)


async def test_a_socket_handed_over_by_the_service_manager_is_served():
    with socket.create_server(("127.0.0.1", 0)) as given:
        shelf = Shelf()
        async with intake(shelf, sockets=[given]) as server, Wire(given.getsockname()[1]) as wire:
            await wire.greet()
            assert (await wire.send()).startswith("250")
            assert server.port == given.getsockname()[1]


async def test_a_taken_port_says_what_to_do():
    async with intake(Shelf()) as server:
        second = SmtpIntake("127.0.0.1", server.port, Shelf())
        with pytest.raises(Misconfigured, match=r"smtp_intake\.port"):
            await second.start()


async def test_starttls_encrypts_the_mail(tmp_path):
    certificate, key = _certificate(tmp_path)
    shelf = Shelf()
    async with intake(shelf, tls_cert_file=certificate, tls_key_file=key) as server:
        await asyncio.to_thread(_send_encrypted, server.port, certificate)
    assert shelf.kept[0][0].tls


async def test_a_certificate_that_cannot_be_read_says_what_to_do(tmp_path):
    server = SmtpIntake("127.0.0.1", 0, Shelf(), tls_cert_file=str(tmp_path / "none.pem"))
    with pytest.raises(Misconfigured, match="tls_cert_file"):
        await server.start()


def _send_encrypted(port, certificate):
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.starttls(context=ssl.create_default_context(cafile=certificate))
        client.sendmail("host@example.com", ["notes@bot.example"], MAIL)


def _certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)

    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(secret)
    return str(folder / "cert.pem"), str(folder / "key.pem")


ODD = st.text("aB9.@<>+=_'!- \"(\t;é\u00b2", max_size=12)
LOCAL = st.one_of(ODD, st.sampled_from(["notes", "notes+silent", "a.b", ".a", "a.", "o'hara", "bounces+x=y"]))
DOMAIN = st.one_of(ODD, st.sampled_from(["example.com", "b", "[192.0.2.1]", "-x-.example", "a..b"]))
REST = st.one_of(
    ODD, st.sampled_from(["", " SIZE=1000", " SIZE=1000 BODY=8BITMIME", " NOTIFY=SUCCESS,FAILURE"])
)


@given(LOCAL, DOMAIN, REST)
def test_an_address_is_read_as_the_library_reads_it(local, domain, rest):
    session = _Session.__new__(_Session)
    session.local_part_limit = 0
    told = f"<{local}@{domain}>{rest}"
    try:
        address, more = super(_Session, session)._getaddr(told)
    except IndexError:  # what it chokes on is left to it
        with pytest.raises(IndexError):
            session._getaddr(told)
        return
    found, rest_found = session._getaddr(told)
    assert (found, rest_found.split() if found else None) == (address, more.split() if address else None)
