from datetime import timedelta

import pytest
from sqlmodel import select

from agent.errors import TooMany
from agent.model.tables import ShareLink, TranscriptEntry
from agent.rules import lockout
from tests.bots_stage import WEBM

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE = {"Accept": "text/html"}


async def shared(stage, address, **wish):
    client = await stage.client(stage.key(address))
    job = stage.finished(address, recording=True, summary=True)
    made = await client.post(f"/v1/recordings/{job.id}/share", json=wish)
    assert made.status_code == 201, made.text
    return client, job, made.json()


async def test_a_share_shows_the_meeting_to_whoever_has_the_link(stage, address):
    _, _, share = await shared(stage, address)
    assert share["shareUrl"] == f"{stage.url}/share/{share['token']}"
    assert len(share["token"]) == 43
    guest = await stage.stranger()
    for base in ("", "/v1", "/api/v1"):
        found = await guest.get(f"{base}/share/{share['token']}")
        assert found.status_code == 200
        meeting = found.json()
        assert meeting["meetingTitle"] == "Spring release"
        assert len(meeting["transcript"]) == 4
        assert meeting["summary"]["title"] == "Spring release"
    assert found.headers["Cache-Control"] == "no-store"
    assert found.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in found.headers["X-Robots-Tag"]


async def test_the_shared_recording_streams_for_an_hour(stage, address):
    _, _, share = await shared(stage, address)
    guest = await stage.stranger()
    meeting = (await guest.get(f"/share/{share['token']}")).json()
    url = meeting["recordings"][0]["url"]
    part = await guest.get(url, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, WEBM[:4])
    assert (await guest.get(url.split("?")[0])).status_code == 422
    stage.clock.ahead += timedelta(seconds=3601)
    assert (await guest.get(url)).status_code == 403


async def test_views_are_counted(stage, address):
    client, job, share = await shared(stage, address)
    guest = await stage.stranger()
    for _ in range(3):
        await guest.get(f"/share/{share['token']}")
    found = (await client.get(f"/v1/recordings/{job.id}/share")).json()
    assert found["views"] == 3
    assert found["lastViewedAt"]
    assert found["token"] == share["token"]


async def test_a_revoked_expired_or_wrong_link_is_missing_alike(stage, address):
    client, job, share = await shared(stage, address, expiresInDays=1)
    guest = await stage.stranger()
    url = (await guest.get(f"/share/{share['token']}")).json()["recordings"][0]["url"]
    wrong = await guest.get(f"/share/{'x' * 43}")
    stage.clock.ahead += timedelta(days=1, seconds=1)
    expired = await guest.get(f"/share/{share['token']}")
    stage.clock.ahead = timedelta()
    assert (await client.delete(f"/v1/recordings/{job.id}/share")).status_code == 204
    revoked = await guest.get(f"/share/{share['token']}")
    assert [one.status_code for one in (wrong, expired, revoked)] == [404] * 3
    assert wrong.json() == expired.json() == revoked.json()
    assert (await guest.get(url)).status_code == 404
    assert (await client.delete(f"/v1/recordings/{job.id}/share")).status_code == 404
    assert (await client.get(f"/v1/recordings/{job.id}/share")).status_code == 404


async def test_a_new_link_takes_the_place_of_the_old_one(stage, address):
    client, job, first = await shared(stage, address)
    second = (await client.post(f"/v1/recordings/{job.id}/share")).json()
    guest = await stage.stranger()
    assert (await guest.get(f"/share/{first['token']}")).status_code == 404
    assert (await guest.get(f"/share/{second['token']}")).status_code == 200


async def test_a_password_is_asked_for_and_guessing_is_locked_out(stage, address):
    _, _, share = await shared(stage, address, password="let me in please")
    assert share["hasPassword"]
    guest = await stage.stranger()
    path = f"/share/{share['token']}"
    assert (await guest.get(path)).status_code == 401
    right = {"X-Share-Password": "let me in please"}
    assert (await guest.get(path, headers=right)).status_code == 200
    answers = [
        (await guest.get(path, headers={"X-Share-Password": f"guess {n}"})).status_code for n in range(11)
    ]
    assert answers == [401] * 10 + [429]
    assert (await guest.get(path, headers=right)).status_code == 429


async def test_guessing_from_many_addresses_is_locked_out_too(stage, address):
    _, _, share = await shared(stage, address, password="let me in please")
    with stage.database.read() as session:
        number = str(session.exec(select(ShareLink.id).order_by(ShareLink.id.desc())).first())
    for _ in range(lockout.SHARE_PASSWORD_OF_LINK.count):
        stage.desk.sharing.lockouts.spend((lockout.SHARE_PASSWORD_OF_LINK, number))
    with pytest.raises(TooMany):
        await stage.desk.sharing.open(share["token"], password="let me in please", address="192.0.2.1")


async def test_only_the_chosen_parts_are_shown(stage, address):
    _, _, share = await shared(stage, address, include=["summary"])
    guest = await stage.stranger()
    meeting = (await guest.get(f"/share/{share['token']}")).json()
    assert meeting["summary"]
    assert meeting["transcript"] == meeting["recordings"] == []
    signed = stage.desk.recordings.signed(f"share:{share['token']}:1")
    path = f"/share/{share['token']}/recording?part=1&{signed}"
    assert (await guest.get(path)).status_code == 404


async def test_the_page_shows_hostile_words_as_words(stage, address):
    _, job, share = await shared(stage, address)
    with stage.database.write() as session:
        now = stage.clock.now()
        hostile = "<script>alert(1)</script>"
        row = TranscriptEntry(
            job_id=job.id,
            source="meet",
            ordinal=9,
            speaker=hostile,
            text=hostile,
            started_at=now,
            ended_at=now,
        )
        session.add(row)
    guest = await stage.stranger()
    page = await guest.get(f"/share/{share['token']}", headers=PAGE)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


async def test_the_page_asks_for_the_password_and_takes_it(stage, address):
    _, _, share = await shared(stage, address, password="let me in please")
    guest = await stage.stranger()
    path = f"/share/{share['token']}"
    asked = await guest.get(path, headers=PAGE)
    assert asked.status_code == 401
    assert 'type="password"' in asked.text
    wrong = await guest.post(path, headers=PAGE, data={"password": "no"})
    assert (wrong.status_code, "wrong" in wrong.text) == (401, True)
    shown = await guest.post(path, headers=PAGE, data={"password": "let me in please"})
    assert (shown.status_code, "Spring release" in shown.text) == (200, True)


@pytest.mark.parametrize(
    "wish",
    [{"expiresInDays": 0}, {"expiresInDays": 400}, {"include": []}, {"include": ["all"]}, {"password": ""}],
)
async def test_a_bad_wish_for_a_share_is_refused(stage, address, wish):
    client = await stage.client(stage.key(address))
    job = stage.finished(address)
    assert (await client.post(f"/v1/recordings/{job.id}/share", json=wish)).status_code == 422


async def test_a_browser_reads_on_a_page_that_a_link_is_good_no_more(stage, address):
    client, job, share = await shared(stage, address)
    await client.delete(f"/v1/recordings/{job.id}/share")
    guest = await stage.stranger()
    gone = await guest.get(f"/share/{share['token']}", headers=PAGE)
    assert gone.status_code == 404
    assert gone.headers["Content-Type"].startswith("text/html")
    assert 'role="alert">There is no such share' in gone.text
    assert gone.headers["Cache-Control"] == "no-store"
