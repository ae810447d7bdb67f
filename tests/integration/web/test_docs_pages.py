"""The description as it is served: by every promised address, and with nothing fetched from elsewhere."""

import asyncio
import json
import re
import threading
from typing import Any

import httpx2
import pytest
import yaml
from fastapi import FastAPI

from agent.web import spec
from agent.web.postman.collection import collection
from tests.web_stage import WebStage

spec_document = spec.document


async def test_the_description_is_served_in_both_spellings(stranger: httpx2.AsyncClient) -> None:
    as_json = (await stranger.get("/openapi.json")).json()
    as_yaml = yaml.safe_load((await stranger.get("/openapi.yaml")).text)
    assert as_json["openapi"] == "3.1.0"
    assert json.dumps(as_yaml, sort_keys=True) == json.dumps(as_json, sort_keys=True)


async def test_nobody_waits_while_the_description_is_made(
    stage: WebStage, stranger: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, go_on = [], threading.Event()

    def slowly(app: FastAPI) -> dict[str, Any]:
        made.append(app)
        assert go_on.wait(30)
        return spec_document(app)

    monkeypatch.setattr(spec, "document", slowly)
    asked = [
        asyncio.create_task(stranger.get(path))
        for path in ("/openapi.json", "/openapi.yaml", "/meetbot.postman_collection.json")
    ]
    while not made:
        assert (await stranger.get("/healthz")).status_code == 200
    assert (await stranger.get("/healthz")).status_code == 200
    go_on.set()
    assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * 3
    assert len(made) == 1


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
