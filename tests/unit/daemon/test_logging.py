import io
import json
import logging

import pytest
import structlog

from agent.daemon.logging import configure

SECRETS = [
    "mb_live_abcDEF123456",
    "mb_test_abcDEF123456",
    "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    "svc_9f8e7d6c5b4a",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
]


@pytest.fixture(autouse=True)
def restored_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(write, level="info", form="json") -> str:
    stream = io.StringIO()
    configure(level, form, stream)
    write()
    return stream.getvalue()


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", ["json", "text"])
def test_what_looks_like_a_secret_is_masked_wherever_it_stands(secret, form):
    def write():
        log = structlog.get_logger("test")
        log.info(f"used {secret}", detail={"list": [secret]}, error=ValueError(secret))
        logging.getLogger("other").warning("sent %s", secret)
        try:
            raise ValueError(secret)
        except ValueError:
            log.exception("broke")

    text = logged(write, form=form)
    assert secret not in text
    assert "broke" in text


@pytest.mark.parametrize("key", ["password", "api_key", "Authorization", "set-cookie", "service_token"])
def test_what_is_named_like_a_secret_is_masked(key):
    assert "harmless" not in logged(lambda: structlog.get_logger().info("x", **{key: "harmless"}))
    assert "harmless" not in logged(lambda: structlog.get_logger().info("x", inner={key: "harmless"}))


def test_credentials_in_addresses_and_headers_are_masked():
    text = logged(lambda: structlog.get_logger().info("to postgresql://bot:hidden@db/x with Bearer abc.def"))
    assert "hidden" not in text
    assert "abc.def" not in text
    assert "postgresql://bot:" in text


def test_counts_of_tokens_stay_readable():
    assert '"input_tokens": 1200' in logged(lambda: structlog.get_logger().info("x", input_tokens=1200))


def test_an_address_is_hashed_the_same_way_every_time_except_at_debug():
    def write():
        structlog.get_logger().info("from Ann@Example.com", who="ann@example.com")

    line = json.loads(logged(write))
    assert "ann@" not in json.dumps(line).lower()
    assert line["event"].lower() == f"from {line['who']}"
    assert "ann@example.com" in logged(write, level="debug")


def test_a_meeting_code_stays():
    assert "abc-defg-hij" in logged(lambda: structlog.get_logger().info("x", code="abc-defg-hij"))


def test_a_line_tells_when_how_bad_and_by_whom():
    line = json.loads(logged(lambda: structlog.get_logger("engine").warning("late", job="job_1")))
    assert line["level"] == "warning"
    assert line["logger"] == "engine"
    assert line["job"] == "job_1"
    assert line["timestamp"].endswith("Z")


def test_extras_of_the_standard_library_are_kept():
    line = json.loads(logged(lambda: logging.getLogger("meet").info("seen", extra={"job": "job_2"})))
    assert line["job"] == "job_2"


def test_less_than_the_level_is_not_written():
    assert logged(lambda: structlog.get_logger().info("x"), level="warning") == ""


def test_chatty_libraries_speak_only_at_debug():
    assert logged(lambda: logging.getLogger("httpx2").info("GET /?q=1")) == ""
    assert "GET" in logged(lambda: logging.getLogger("httpx2").info("GET /?q=1"), level="debug")


@pytest.mark.parametrize("form", ["json", "text"])
def test_text_from_outside_commands_no_terminal_and_begins_no_line(form):
    def write():
        structlog.get_logger().info("met \x1b[2J\x9b1m\nforged", name="\x1b]0;x\x07", title="\u202etitle")
        logging.getLogger("other").warning("said %s", "a\nforged \x1b[31m")

    lines = logged(write, form=form).splitlines()
    assert len(lines) == 2
    assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set("".join(lines))


def test_the_lines_of_a_failure_stay_lines():
    def write():
        try:
            raise ValueError("broken\x1b[2J")
        except ValueError:
            structlog.get_logger().exception("failed")

    lines = logged(write, form="text").splitlines()
    assert any(line.endswith("ValueError: broken\\u001b[2J") for line in lines)


@pytest.mark.parametrize("hostile", ["a" * 1_000_000, "-eyJ" * 50_000, "://x:" * 200_000])
def test_text_of_any_length_is_read_once(hostile):
    """Backtracking over it would take minutes."""
    assert hostile[:50] in logged(lambda: structlog.get_logger().info("x", text=hostile))
