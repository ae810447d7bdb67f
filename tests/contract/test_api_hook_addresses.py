"""No address that a person hands in makes the server call what is inside: every door, a table of hostile URLs."""

import pytest
import pytest_asyncio

from agent.model.tables import Endpoint
from tests.bots_stage import BotsStage, HookReceiver
from tests.web_stage import LINK

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOSTILE = [
    "http://127.0.0.1/",
    "https://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[ff02::1]/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://168.63.129.16/",
    "http://192.0.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://１２７.０.０.１/",
    "http://①②⑦.0.0.1/",
    "http://user@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://8.8.8.8:25/",
    "https://8.8.8.8:6379/",
    "ftp://8.8.8.8/",
    "gopher://127.0.0.1/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "http://",
    "http:///path",
    "//127.0.0.1/",
    "http://a.example\r\nHost: b/",
    "http://[::1",
    "",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory):
    async with BotsStage(tmp_path_factory.mktemp("addresses"), allow_private=False) as one:
        yield one


def doors(url, hook_id, bot_id):
    info = {"platform": "google", "meetingUrl": LINK}
    return [
        ("POST", "/v1/webhooks", {"url": url}),
        ("PATCH", f"/v1/webhooks/{hook_id}", {"url": url}),
        ("POST", "/v1/bots", {"meetingInfo": info, "callbackUrl": url}),
        ("PATCH", f"/v1/bots/{bot_id}", {"callbackUrl": url}),
        ("POST", "/api/v1/jobs", {"meetingUrl": LINK, "webhooks": {"onFinalize": url}}),
    ]


@pytest.mark.parametrize("url", HOSTILE)
async def test_a_hostile_address_is_refused_at_every_door(stage, url):
    client = await stage.client(stage.key("host@example.com"))
    hook = (await client.post("/v1/webhooks", json={"url": "https://hooks.example.com/"})).json()
    bot = {"meetingInfo": {"platform": "google", "meetingUrl": LINK}}
    bot_id = (await client.post("/v1/bots", json=bot)).json()["id"]
    for method, path, body in doors(url, hook["id"], bot_id):
        if url == "" and path.startswith("/v1/bots/"):
            continue  # an empty text takes the callback away
        answer = await client.request(method, path, json=body)
        assert answer.status_code in {403, 422}, (path, answer.text)
    await client.delete(f"/v1/webhooks/{hook['id']}")


async def test_an_address_inside_is_never_reached(stage):
    client = await stage.client(stage.key("host@example.com"))
    async with HookReceiver() as receiver:
        port = receiver.url.split(":")[2]
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"):
            answer = await client.post("/v1/webhooks", json={"url": f"http://{host}:{port}"})
            assert answer.status_code in {403, 422}
        assert receiver.connections == 0


async def test_a_name_that_turned_hostile_later_is_not_called_either(stage):
    client = await stage.client(stage.key("host@example.com"))
    hook = (await client.post("/v1/webhooks", json={"url": "https://hooks.example.com/"})).json()
    async with HookReceiver() as receiver:
        with stage.database.write() as session:
            row = session.get(Endpoint, hook["id"])
            row.url = receiver.url
            session.add(row)
        tried = (await client.post(f"/v1/webhooks/{hook['id']}/test")).json()
        assert not tried["success"]
        assert receiver.connections == 0
