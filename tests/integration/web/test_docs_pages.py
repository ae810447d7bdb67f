"""The description as it is served: by every promised address, and with nothing fetched from elsewhere."""

import json
import re

import httpx2
import yaml

from agent.web.postman.collection import collection


async def test_the_description_is_served_in_both_spellings(stranger: httpx2.AsyncClient) -> None:
    as_json = (await stranger.get("/openapi.json")).json()
    as_yaml = yaml.safe_load((await stranger.get("/openapi.yaml")).text)
    assert as_json["openapi"] == "3.1.0"
    assert json.dumps(as_yaml, sort_keys=True) == json.dumps(as_json, sort_keys=True)


async def test_the_collection_is_served_as_made_from_it(stranger: httpx2.AsyncClient) -> None:
    served = (await stranger.get("/meetbot.postman_collection.json")).json()
    assert served == collection((await stranger.get("/openapi.json")).json())


async def test_the_pages_fetch_nothing_from_elsewhere(stranger: httpx2.AsyncClient) -> None:
    page = await stranger.get("/docs")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert wanted
    for address in wanted:
        assert address.startswith("/docs/")
        assert (await stranger.get(address)).status_code == 200, address
    assert (await stranger.get("/docs/secrets.txt")).status_code == 404


async def test_the_servers_bare_address_leads_to_the_pages(stranger):
    answer = await stranger.get("/", follow_redirects=False)
    assert answer.is_redirect
    assert answer.headers["location"] == "/docs"
