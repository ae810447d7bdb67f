import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpcore2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from agent.delivery.hooks import GuardedHooks, checked_url, retry_after_seconds
from agent.errors import MeetbotError
from tests.waiting import PATIENCE_SECONDS

SECRET = "whsec_bmV3LXNlY3JldC0wMTIzNDU2Nzg5MDEyMzQ1"

ATTACKS = [
    "http://127.0.0.1/", "http://127.0.0.1:80/", "https://127.0.0.1/", "https://127.0.0.1:8443/", "http://127.1/",
    "http://127.0.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/",
    "http://017700000001/", "http://127.000.000.001/", "http://0/", "http://0.0.0.0/", "http://0.0.0.0:80/",
    "http://localhost/", "http://LOCALHOST/", "http://localhost./", "https://localhost:8443/", "http://[::1]/",
    "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::7f00:1]/", "http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:7f00:1::]/", "http://[fe80::1]/", "http://[fec0::1]/", "http://[fc00::1]/", "http://[fd00::1]/",
    "http://[ff02::1]/", "http://[100::1]/", "http://[2001:db8::1]/", "http://[5f00::1]/", "http://10.0.0.1/",
    "http://10.255.255.255/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/",
    "http://100.64.0.1/", "http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xa9fea9fe/",
    "http://169.254.170.2/", "http://168.63.129.16/", "http://192.0.0.1/", "http://192.88.99.1/", "http://198.18.0.1/",
    "http://224.0.0.1/", "http://240.0.0.1/", "http://255.255.255.255/", "http://１２７.０.０.１/", "http://①②⑦.0.0.1/",
    "http://127。0。0。1/", "http://user@127.0.0.1/", "http://example.com@127.0.0.1/", "http://8.8.8.8:25/",
    "http://8.8.8.8:22/", "https://8.8.8.8:80/", "http://8.8.8.8:443/", "https://8.8.8.8:6379/", "ftp://8.8.8.8/",
    "file:///etc/passwd", "gopher://8.8.8.8:80/_x", "unix:///run/docker.sock", "//8.8.8.8/", "8.8.8.8", "",
    "http://", "http:///path", "http://%31%32%37.0.0.1/", "http://a.example\r\nHost: b/", "http://[::1", "javascript:1",
    "http://" + "a" * 64 + ".example/", "http://" + "a." * 130 + "example/", "https://user:word@8.8.8.8/",
]  # fmt: skip


class Dialler(httpcore2.AsyncNetworkBackend):
    """Notes where a connection would go, and goes nowhere."""

    def __init__(self):
        self.dialled = []

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.dialled.append((host, port))
        raise httpcore2.ConnectError("nobody there")


def names(*answers):
    """A resolver that gives one answer after the other, the last for ever."""
    left = list(answers)

    async def resolve(host, port):
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


@asynccontextmanager
async def patient(total_seconds, **options):
    hooks = GuardedHooks(allow_private=True, total_seconds=total_seconds, **options)
    yield hooks
    await hooks.close()


@pytest.fixture
async def hooks():
    async with patient(5) as one:
        yield one


@pytest.mark.parametrize("url", ATTACKS)
async def test_an_attack_reaches_nothing(url, notice):
    dialler = Dialler()
    answer = await GuardedHooks(dialler=dialler).post(notice(url))

    assert (answer.status, dialler.dialled) == (0, [])
    assert answer.error


async def test_a_name_with_one_inner_address_is_refused_as_a_whole(notice):
    dialler = Dialler()
    hooks = GuardedHooks(resolver=names(["93.184.216.34", "10.0.0.7"]), dialler=dialler)

    answer = await hooks.post(notice("https://both.example/"))

    assert (answer.status, answer.error) == (0, "this address is not allowed for webhooks")
    assert dialler.dialled == []


async def test_a_name_that_turns_inward_after_the_check_gains_nothing(notice):
    dialler = Dialler()
    hooks = GuardedHooks(resolver=names(["93.184.216.34"], ["127.0.0.1"]), dialler=dialler)

    await hooks.post(notice("https://rebinding.example/"))
    second = await hooks.post(notice("https://rebinding.example/"))

    assert dialler.dialled == [("93.184.216.34", 443)]
    assert second.error == "this address is not allowed for webhooks"


async def test_a_dead_address_leaves_the_next_one_its_chance(notice):
    dialler = Dialler()
    hooks = GuardedHooks(resolver=names(["2606:4700::1", "93.184.216.34"]), dialler=dialler)

    answer = await hooks.post(notice("https://two.example:8443/"))

    assert dialler.dialled == [("2606:4700::1", 8443), ("93.184.216.34", 8443)]
    assert answer.error == "no answer: nobody there"


async def test_the_error_tells_the_owner_no_inner_address(notice):
    answer = await GuardedHooks(resolver=names(["10.1.2.3"])).post(notice("https://inner.example/"))

    assert "10.1.2.3" not in answer.error


async def test_a_notice_arrives_signed_over_the_bytes_sent(receiver, notice, hooks):
    receiver.answer = receiver.plain(200, b"thanks")

    answer = await hooks.post(notice(receiver.url("/hook?a=b")))

    head, body = receiver.requests[0]
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    assert (answer.status, answer.body, answer.error) == (200, "thanks", "")
    assert head.startswith("POST /hook?a=b HTTP/1.1\r\n")
    assert headers["content-type"] == "application/json"
    assert Webhook(SECRET).verify(body, headers)["data"] == {"jobId": "job_01"}
    assert "cookie" not in headers


async def test_a_name_is_sent_as_host_though_the_address_is_pinned(receiver, notice):
    hooks = GuardedHooks(allow_private=True, resolver=names(["127.0.0.1"]))

    await hooks.post(notice(receiver.url(host="hooks.example")))

    assert f"Host: hooks.example:{receiver.port}\r\n" in receiver.requests[0][0]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_an_answer_and_not_an_order(status, receiver, notice, hooks):
    receiver.answer = receiver.plain(status, location="http://169.254.169.254/latest/meta-data/")

    answer = await hooks.post(notice(receiver.url()))

    assert (answer.status, receiver.connections) == (status, 1)


async def test_proxies_of_the_environment_are_not_asked(receiver, notice, hooks, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert (await hooks.post(notice(receiver.url()))).status == 200


async def test_an_endless_answer_is_read_for_its_beginning_only(receiver, notice, hooks):
    sent = 0

    async def endless(_, writer, __):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 20000000\r\n\r\n")
        while True:
            writer.write(b"x" * 1024)
            await writer.drain()
            sent += 1024

    receiver.answer = endless
    answer = await hooks.post(notice(receiver.url()))

    assert (answer.status, answer.body) == (200, "x" * 1024)
    assert sent < 10_000_000


async def test_the_status_stands_though_its_body_never_ends(receiver, notice):
    async def stalled(reader, writer, _):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nbegun")
        await writer.drain()
        await reader.read()

    receiver.answer = stalled
    async with patient(0.3) as hooks:
        answer = await hooks.post(notice(receiver.url()))

    assert (answer.status, answer.body, answer.error) == (200, "begun", "")


async def test_silence_ends_in_time(receiver, notice):
    async def silent(reader, _, __):
        await reader.read()

    receiver.answer = silent
    async with patient(0.3) as hooks:
        answer = await hooks.post(notice(receiver.url()))

    assert (answer.status, answer.error) == (0, "no answer in time")
    assert answer.duration_ms >= 300


async def test_a_hanging_endpoint_does_not_hold_up_another(receiver, notice):
    released = asyncio.Event()
    asked = asyncio.Event()

    async def by_path(reader, writer, body):
        if "/slow" in receiver.requests[-1][0]:
            asked.set()
            await released.wait()
        await receiver.plain(200)(reader, writer, body)

    receiver.answer = by_path
    async with patient(PATIENCE_SECONDS) as hooks, asyncio.TaskGroup() as group:
        slow = [group.create_task(hooks.post(notice(receiver.url("/slow")))) for _ in range(20)]
        await asked.wait()
        assert (await hooks.post(notice(receiver.url("/fast")))).status == 200
        assert not any(task.done() for task in slow)
        released.set()


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00\x01\x02\r\n\r\n", b"HTTP/1.1 two OK\r\n\r\n", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200"],
)
async def test_nonsense_is_no_answer(garbage, receiver, notice, hooks):
    async def nonsense(_, writer, __):
        writer.write(garbage)
        await writer.drain()

    receiver.answer = nonsense
    answer = await hooks.post(notice(receiver.url()))

    assert answer.status == 0
    assert answer.error.startswith("no answer")


async def test_an_answer_of_any_bytes_becomes_text(receiver, notice, hooks):
    receiver.answer = receiver.plain(500, b"\x00\xff\xfeoops")

    assert (await hooks.post(notice(receiver.url()))).body == "\ufffd\ufffdoops"


async def test_nobody_listening_is_no_answer(notice, hooks):
    answer = await hooks.post(notice("http://127.0.0.1:1/"))

    assert (answer.status, bool(answer.error)) == (0, True)


async def test_tls_proves_the_name_though_the_address_is_pinned(tls_receiver, trust, notice):
    async with patient(5, resolver=names(["127.0.0.1"]), trust=trust) as hooks:
        good = await hooks.post(notice(tls_receiver.url(scheme="https", host="hooks.example")))
        other = await hooks.post(notice(tls_receiver.url(scheme="https", host="other.example")))

    assert (good.status, other.status) == (200, 0)
    assert "certificate verify failed" in other.error
    assert len(tls_receiver.requests) == 1


async def test_an_untrusted_certificate_is_no_answer(tls_receiver, notice):
    async with patient(5, resolver=names(["127.0.0.1"])) as hooks:
        answer = await hooks.post(notice(tls_receiver.url(scheme="https", host="hooks.example")))

    assert (answer.status, tls_receiver.requests) == (0, [])
    assert "certificate verify failed" in answer.error


async def test_retry_after_is_handed_on(receiver, notice, hooks):
    receiver.answer = receiver.plain(429, retry_after="120")

    assert (await hooks.post(notice(receiver.url()))).retry_after_seconds == 120


async def test_more_than_a_webhook_may_carry_is_not_sent(receiver, notice, hooks):
    answer = await hooks.post(notice(receiver.url(), data={"text": "x" * 70_000}))

    assert (answer.status, receiver.connections) == (0, 0)
    assert "more than a webhook may carry" in answer.error


NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", None),
        ("120", 120),
        ("0.5", 0.5),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("9" * 400, None),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), 0),
        ("Tue, 99 Nov 2026 99:00:00 GMT", None),
        ("Tue, 24 Nov 2026 14:00:00 +99999999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after_seconds(value, NOW) == seconds


@given(st.text() | st.builds("http://{}".format, st.text()))
def test_no_url_surprises_the_check(url):
    with suppress(MeetbotError):
        assert checked_url(url).scheme in (b"http", b"https")
