"""One verdict per snapshot, in a fixed order."""

from dataclasses import replace

import pytest

from agent.meet.selectors import load_table
from agent.meet.snapshot import Dialog, Sighting, Snapshot, Tile
from agent.meet.verdict import Phase, Standing, judge, obstacle, refusal_for
from agent.model.states import FailureCode

URL = "https://meet.example/abc-defg-hij"
SEEN = Sighting("label", visible=True, covered=False, enabled=True)
PAGE = Snapshot(url=f"{URL}?hl=en&authuser=0")
CALL = replace(PAGE, controls={"chat": SEEN, "people": SEEN, "leave": SEEN})
RECORDING = Dialog(("recording",), "This video call is being recorded")


def standing(snapshot: Snapshot) -> Standing:
    return judge(snapshot, URL, load_table().admission).standing


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (replace(PAGE, texts={"denied": "…", "lobby": "…"}), Standing.DENIED),
        (replace(PAGE, texts={"blocked": "…", "lobby": "…"}), Standing.BLOCKED),
        (replace(PAGE, texts={"lobby": "…", "reconnecting": "…"}), Standing.OFFLINE),
        (replace(PAGE, texts={"lobby": "…"}, dialogs=(RECORDING,)), Standing.LOBBY),
        (replace(PAGE, texts={"waiting_for_host": "…", "lobby": "…"}), Standing.WAITING_FOR_HOST),
        (replace(CALL, dialogs=(RECORDING,)), Standing.CONSENT),
        (CALL, Standing.ADMITTED),
        (replace(CALL, texts={"removed": "…"}), Standing.ADMITTED),
        (replace(PAGE, texts={"removed": "…"}, controls={"chat": SEEN}), Standing.REMOVED),
        (replace(PAGE, captcha=True), Standing.CAPTCHA),
        (replace(PAGE, controls={"join": SEEN}), Standing.DOOR),
        (replace(PAGE, controls={"join": SEEN}, texts={"sign_in": "…"}), Standing.DOOR),
        (replace(PAGE, texts={"sign_in": "…"}), Standing.SIGN_IN),
        (PAGE, Standing.UNKNOWN),
        (replace(PAGE, url="https://accounts.google.com/v3/signin"), Standing.SIGN_IN),
        (replace(PAGE, url="https://workspace.example/products/meet/"), Standing.REDIRECTED),
        (replace(PAGE, online=False), Standing.OFFLINE),
    ],
)
def test_the_order_of_verdicts(snapshot: Snapshot, expected: Standing) -> None:
    assert standing(snapshot) is expected


def test_one_sign_is_no_admission() -> None:
    lobby_like = {"leave": SEEN, "microphone_off": SEEN, "more_options": SEEN}
    for one in ("chat", "people", "captions_on"):
        assert standing(replace(PAGE, controls=lobby_like | {one: SEEN})) is Standing.UNKNOWN


def test_tiles_alone_are_no_admission() -> None:
    tiles = (Tile("spaces/x/devices/1", "Meetbot", True), Tile("spaces/x/devices/2", "Host Person", False))
    assert standing(replace(PAGE, tiles=tiles)) is Standing.UNKNOWN


def test_an_address_in_the_words_carries_no_query() -> None:
    away = replace(PAGE, url="https://other.example/landing?token=secret")
    assert "secret" not in judge(away, URL, load_table().admission).words


@pytest.mark.parametrize("phase", list(Phase))
def test_denial_and_block_are_never_tried_again(phase: Phase) -> None:
    for standing_ in (Standing.DENIED, Standing.BLOCKED, Standing.CAPTCHA):
        refusal = refusal_for(standing_, phase)
        assert refusal
        assert not refusal.retry


def test_the_same_page_means_another_thing_before_the_knock() -> None:
    assert refusal_for(Standing.LEFT, Phase.DOOR) == refusal_for(Standing.ENDED, Phase.DOOR)
    after = refusal_for(Standing.LEFT, Phase.KNOCKED)
    assert after
    assert after.code is FailureCode.HOST_DENIED_ADMISSION


def test_a_question_of_the_platform_is_not_got_out_of_the_way() -> None:
    notice = replace(PAGE, dialogs=(Dialog(("video",), "…"),), controls={"got_it": SEEN})
    assert obstacle(notice) == "got_it"
    assert obstacle(replace(notice, dialogs=(RECORDING,))) is None
    assert obstacle(replace(notice, controls={"got_it": replace(SEEN, covered=True)})) is None
