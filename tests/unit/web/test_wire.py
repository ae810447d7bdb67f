"""What a client may leave with a job, and gets back."""

import pytest

from tests.web_stage import LINK

pytestmark = pytest.mark.asyncio(loop_scope="module")
AS_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "notes",
    [
        r'{"a": "\ud800"}',
        r'{"\udfff": 1}',
        r'{"a": ["x", {"b": "\u0000"}]}',
        '{"a": NaN}',
        '{"a": [1e999]}',
        '{"a": -Infinity}',
    ],
)
async def test_metadata_that_others_cannot_read_is_refused_and_spoils_no_list(stage, address, notes):
    client = await stage.client(stage.key(address))
    body = f'{{"meetingUrl": "{LINK}", "metadata": {notes}}}'.encode()
    answer = await client.post("/api/v1/jobs", content=body, headers=AS_JSON)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "metadata"])
    listed = await client.get("/api/v1/jobs")
    assert (listed.status_code, listed.json()["total"]) == (200, 0)


async def test_metadata_comes_back_as_it_was_given(stage, address):
    client = await stage.client(stage.key(address))
    notes = {"ключ": ["🐈", "a\\u0000b", {"deep": [[1.5, True, None]]}], "": 10**30}
    made = await client.post("/api/v1/jobs", json={"meetingUrl": LINK, "metadata": notes})
    assert made.json()["metadata"] == notes
    assert (await client.get(f"/api/v1/jobs/{made.json()['id']}")).json()["metadata"] == notes
