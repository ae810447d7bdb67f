"""Who asks is found out first, on every route."""

import re

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_whoever_shows_no_key_is_told_so_before_a_word_they_sent_is_read(stage):
    stranger = await stage.stranger()
    as_json = {"Content-Type": "application/json"}
    asked = 0
    for template, item in (await stranger.get("/openapi.json")).json()["paths"].items():
        path = re.sub(r"{\w+}", "1", template)
        for method, operation in item.items():
            if not operation["security"] or "requestBody" not in operation:
                continue
            for body in (b"{nope", b"{}", b""):
                answer = await stranger.request(method, path, content=body, headers=as_json)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
            asked += 1
    assert asked > 10
