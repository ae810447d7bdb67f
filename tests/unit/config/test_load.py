import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config.catalogue import CHAPTERS
from agent.config.load import config_path, handed_over, load
from agent.errors import Misconfigured

BOT = {"MEETBOT_BOT__EMAIL": "bot@example.com"}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "meetbot.toml"
    path.write_text(text)
    return path


def complaints(path: Path | None = None, overrides=None, environment=None) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        load(path, overrides, BOT if environment is None else environment)
    return str(caught.value).splitlines()


def test_defaults_are_enough_beside_the_address():
    settings = load(environment=BOT)
    assert settings.bot.email == "bot@example.com"
    assert settings.auto_leave.lobby_seconds == 540
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.database_url.endswith("/var/meetbot.db")


def test_file_yields_to_environment_and_environment_to_flags(tmp_path):
    path = written(
        tmp_path, '[bot]\nemail="b@example.com"\nname="File"\n[http]\nport=1\n[rivals]\npolicy="ask"'
    )
    environment = {"MEETBOT_BOT__NAME": "Environment", "MEETBOT_HTTP__PORT": "2"}
    settings = load(path, {"http.port": "3"}, environment)
    assert (settings.rivals.policy, settings.bot.name, settings.http.port) == ("ask", "Environment", 3)


def test_the_process_s_own_environment_is_read(monkeypatch):
    monkeypatch.setenv("MEETBOT_BOT__EMAIL", "Own@Example.com")
    assert load().bot.email == "own@example.com"


def test_lists_and_tables_can_be_given_as_text():
    settings = load(
        None,
        {
            "transcript.poll_seconds": "0.5, 2",
            "stripe.prices": '{"price_1": "pro"}',
            "rivals.allow": '["A, B"]',
        },
        BOT,
    )
    assert settings.transcript.poll_seconds == (0.5, 2.0)
    assert settings.stripe.prices == {"price_1": "pro"}
    assert settings.rivals.allow == ("A, B",)


def test_webhooks_come_from_file_and_environment(tmp_path):
    path = written(tmp_path, '[[webhooks]]\nurl="http://127.0.0.1:9/a"\nsecret="first"')
    environment = BOT | {
        "MEETBOT_WEBHOOKS__1__URL": "https://example.com/b",
        "MEETBOT_WEBHOOKS__1__SECRET": "second",
        "MEETBOT_WEBHOOKS__0__VERSION": "1",
    }
    hooks = load(path, None, environment).webhooks
    assert [(hook.url, hook.secret.get_secret_value(), hook.version) for hook in hooks] == [
        ("http://127.0.0.1:9/a", "first", 1),
        ("https://example.com/b", "second", 2),
    ]


def test_every_mistake_is_told_at_once_with_its_place_and_its_remedy(tmp_path):
    path = written(
        tmp_path,
        """
        [bot]
        emial = "bot@example.com"
        [rivals]
        policy = "laeve"
        extra_patterns = ["("]
        [smtp_intake]
        port = 99999
        [google_calendar]
        enabled = true
        [[webhooks]]
        url = "ftp://example.com"
        """,
    )
    lines = complaints(path, {"meet.join_attempts": "0"}, {"MEETBOT_LOGGING__LEVEL": "loud"})
    assert lines[0] == "10 settings are wrong:"
    for expected in (
        f"{path}: bot.emial is not a setting; did you mean bot.email?",
        f'{path}: rivals.policy is "laeve"; did you mean "leave"?',
        f'{path}: rivals.extra_patterns "(" is not a regular expression',
        f"{path}: smtp_intake.port is 99999; write at most 65535",
        f'{path}: webhooks[0].url "ftp://example.com" is not a web address; write it as https://host/path',
        'flag: meet.join_attempts is "0"; write at least 1',
        'MEETBOT_LOGGING__LEVEL: logging.level is "loud"; write one of "debug", "info", "warning", "error"',
        f"{path}: bot.email is missing; set the e-mail address",
        f"{path}: google_calendar.credentials_file is missing; set the path",
        f"{path}: webhooks[0].secret is missing; set the secret",
    ):
        assert any(line.strip().startswith(expected) for line in lines), expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[rivlas]\npolicy='leave'", "rivlas is not a setting; did you mean [rivals]?"),
        (
            "[meet]\nalone_seconds=1",
            "meet.alone_seconds is not a setting; did you mean auto_leave.alone_seconds?",
        ),
        ("[recording]\nx=1", "recording.x is not a setting; the keys of [recording] are mode"),
        ("zzz=1", "zzz is not a setting; the sections are bot, database"),
        ("bot=1", "bot is 1; write a section with keys of its own"),
        ("webhooks=['x']", 'webhooks[0] is "x"; write a section with keys of its own'),
        ("[webhooks]\nurl='http://a'", "webhooks.url has no place; in a file write [[webhooks]]"),
        (
            "[bot]\ntimezone='Mars/Olympus'",
            'bot.timezone "Mars/Olympus" is not a time zone; write an IANA name',
        ),
        ("[http]\npublic_url='http://['", 'http.public_url "http://[" is not a web address'),
        ("[bot]\ndata_dir='~nobody-here/x'", 'bot.data_dir "~nobody-here/x" begins with the home of a user'),
        (
            "[mail]\npassword_file='~nobody-here/x'",
            'mail.password_file "~nobody-here/x" begins with the home',
        ),
        ("[meet]\nlobby_seconds=inf", "meet.lobby_seconds is inf; write a number"),
        ("[browser]\nsandbox='perhaps'", 'browser.sandbox is "perhaps"; write true or false'),
        ("[database]\nurl='mysql://x'", "database.url must begin with sqlite:/// or postgresql+psycopg://"),
        ("[summary]\nengine='openai'", "summary.model is missing; name the model"),
        ("[api]\nsigning_secret='short'", "api.signing_secret is shorter than 32 characters"),
        (
            "[mail]\nhost='mail.example.com'\nusername='bot'",
            "mail.security would send the password in clear; set",
        ),
        ("[smtp_intake]\ntls_key_file='/k'", "smtp_intake.tls_cert_file is missing beside tls_key_file"),
        ("[smtp_intake]\ntls_cert_file='/c'", "smtp_intake.tls_key_file is missing beside tls_cert_file"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(tmp_path, text, expected):
    lines = complaints(written(tmp_path, text))
    assert lines[0] == "1 setting is wrong:"
    assert expected in lines[1]


def test_a_broken_file_is_told_with_its_line(tmp_path):
    assert "line 2" in complaints(written(tmp_path, "[bot]\nname = \n"))[0]


def test_an_absent_file_is_told_with_the_command_that_writes_one(tmp_path):
    assert "meetbot init" in complaints(tmp_path / "absent.toml")[0]


def test_a_file_in_another_encoding_is_told(tmp_path):
    path = tmp_path / "meetbot.toml"
    path.write_bytes(b'[bot]\nname = "\xff"')
    assert "save it as UTF-8" in complaints(path)[0]


def test_text_that_is_not_json_is_told():
    assert "is not JSON" in complaints(overrides={"stripe.prices": "{nonsense"})[1]


def test_an_unknown_section_is_told_with_the_place_that_named_it(tmp_path):
    path = tmp_path / "meetbot.toml"
    path.write_text("[bot]\nemail = 'bot@example.com'")
    with pytest.raises(Misconfigured) as caught:
        load(path, {"foo.bar": "1"}, {"MEETBOT_FOE__BAR": "1"})
    told = [line.partition(";")[0].strip() for line in str(caught.value).splitlines()[1:]]
    assert sorted(told) == ["MEETBOT_FOE__BAR: foe is not a setting", "flag: foo is not a setting"]


def test_a_gap_between_webhooks_is_told():
    lines = complaints(environment=BOT | {"MEETBOT_WEBHOOKS__3__URL": "http://example.com"})
    assert "webhooks[3].url has no place" in lines[1]


def test_the_file_is_found_by_flag_then_variable(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given, named = tmp_path / "given.toml", tmp_path / "named.toml"
    assert config_path(given, {"MEETBOT_CONFIG": str(named)}) == given
    assert config_path(None, {"MEETBOT_CONFIG": str(named)}) == named
    assert config_path(None, {}) is None
    written(tmp_path, "")
    assert config_path(None, {}) == Path("meetbot.toml")


def test_what_systemd_hands_over_is_passed_on_and_nothing_else(monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "@there")
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert handed_over().items() >= {"NOTIFY_SOCKET": "@there", "LISTEN_FDS": "1"}.items()
    assert all(name.startswith(("NOTIFY_", "WATCHDOG_", "LISTEN_")) for name in handed_over())


keys = st.sampled_from(sorted({key for chapter in CHAPTERS.values() for key in chapter.fields()})) | st.text(
    max_size=3
)
sections = st.sampled_from(sorted(CHAPTERS)) | st.text(max_size=3)
values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.lists(st.text(max_size=2))
)
tables = st.dictionaries(
    sections, st.dictionaries(keys, values, max_size=3) | values | st.lists(values), max_size=4
)


def ends(path, environment) -> str:
    """Return the first line of the complaint, empty when there is none."""
    try:
        load(path, None, environment)
    except Misconfigured as error:
        return str(error).splitlines()[0]
    return ""


@given(table=tables)
def test_any_file_ends_in_settings_or_in_one_complaint(table, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tomllib, "loads", lambda text: table)
        assert ends(path, BOT) == "" or ends(path, BOT).endswith("wrong:")


@given(names=st.dictionaries(st.text("ABCDEHKOSTUW_0123", max_size=12), st.text(max_size=6), max_size=4))
def test_any_environment_ends_in_settings_or_in_one_complaint(names):
    environment = BOT | {f"MEETBOT_{name}": text for name, text in names.items()}
    assert ends(None, environment) == "" or ends(None, environment).endswith("wrong:")
