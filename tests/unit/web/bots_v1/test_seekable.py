"""Recordings as players, resuming downloads and caches ask for them."""

import pytest

from tests.bots_stage import WEBM

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def recorded(stage, address):
    client = await stage.client(stage.key(address))
    job = stage.finished(address, recording=True)
    return client, job, f"/v1/recordings/{job.id}/stream"


@pytest.mark.parametrize("header", ["bytes=5-2", "bytes=x-y", "bytes=", "items=0-3", "nonsense"])
async def test_a_range_that_makes_no_sense_is_ignored(stage, address, header):
    client, _, path = await recorded(stage, address)
    answer = await client.get(path, headers={"Range": header})
    assert (answer.status_code, answer.content) == (200, WEBM)


async def test_a_range_that_the_file_has_not_is_refused_in_the_api_s_own_shape(stage, address):
    client, _, path = await recorded(stage, address)
    answer = await client.get(path, headers={"Range": "bytes=9999-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(WEBM)}"
    assert answer.json() == {"detail": "The file has no such range."}


async def test_of_several_ranges_those_that_are_there_are_sent(stage, address):
    client, _, path = await recorded(stage, address)
    one = await client.get(path, headers={"Range": "bytes=0-3,9999-"})
    assert (one.status_code, one.content) == (206, WEBM[:4])
    two = await client.get(path, headers={"Range": "bytes=0-0,-1"})
    assert two.status_code == 206
    assert two.headers["Content-Type"].startswith("multipart/byteranges")
    assert f"Content-Range: bytes 0-0/{len(WEBM)}".encode() in two.content


async def test_a_download_resumes_only_while_the_file_is_the_same(stage, address):
    client, _, path = await recorded(stage, address)
    whole = await client.get(path)
    for mark in (whole.headers["ETag"], whole.headers["Last-Modified"]):
        part = await client.get(path, headers={"Range": "bytes=4-", "If-Range": mark})
        assert (part.status_code, part.content) == (206, WEBM[4:])
    for mark in ('"another"', "W/" + whole.headers["ETag"], "Mon, 01 Jan 2001 00:00:00 GMT"):
        other = await client.get(path, headers={"Range": "bytes=4-", "If-Range": mark})
        assert (other.status_code, other.content) == (200, WEBM)


async def test_who_has_the_file_gets_no_second_copy(stage, address):
    client, _, path = await recorded(stage, address)
    mark = (await client.get(path)).headers["ETag"]
    same = await client.get(path, headers={"If-None-Match": mark, "Range": "bytes=0-3"})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", mark)


async def test_the_head_tells_the_length(stage, address):
    client, _, path = await recorded(stage, address)
    head = await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(WEBM))
    part = await client.head(path, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.headers["Content-Length"]) == (206, "4")


async def test_a_file_that_is_gone_is_missing(stage, address):
    client, job, path = await recorded(stage, address)
    (stage.house.habits.data_dir / "meetings" / job.public_id / "recording.webm").unlink()
    answer = await client.get(path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "The recording's file is gone."})
