import pytest

from agent.config.load import load
from agent.errors import Misconfigured

BOT = {"MEETBOT_BOT__EMAIL": "bot@example.com"}


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "token"
    path.write_text("from-a-file\n")
    path.chmod(0o600)
    return path


def complaint(overrides, environment=BOT) -> str:
    with pytest.raises(Misconfigured) as caught:
        load(None, overrides, environment)
    return str(caught.value)


def test_a_secret_is_read_from_its_twin(secret_file):
    settings = load(None, {"okoro.service_token_file": str(secret_file)}, BOT)
    assert settings.okoro.service_token.get_secret_value() == "from-a-file"


def test_a_webhook_s_secret_has_a_twin_too(secret_file):
    overrides = {"webhooks.0.url": "http://127.0.0.1/", "webhooks.0.secret_file": str(secret_file)}
    assert load(None, overrides, BOT).webhooks[0].secret.get_secret_value() == "from-a-file"


def test_an_empty_secret_counts_as_none(tmp_path, secret_file):
    path = tmp_path / "meetbot.toml"
    path.write_text(f'[okoro]\nservice_token = ""\nservice_token_file = "{secret_file}"')
    assert load(path, None, BOT).okoro.service_token.get_secret_value() == "from-a-file"


def test_a_secret_and_its_twin_in_one_file_are_one_too_many(tmp_path, secret_file):
    path = tmp_path / "meetbot.toml"
    path.write_text(f'[okoro]\nservice_token = "x"\nservice_token_file = "{secret_file}"')
    with pytest.raises(Misconfigured, match="service_token_file stands beside service_token; keep one"):
        load(path, None, BOT)


def test_a_secret_in_a_later_layer_outranks_the_twin_of_an_earlier_one(tmp_path, secret_file):
    path = tmp_path / "meetbot.toml"
    path.write_text(f'[okoro]\nservice_token_file = "{secret_file}"')
    settings = load(path, {"okoro.service_token": "from-a-flag"}, BOT)
    assert settings.okoro.service_token.get_secret_value() == "from-a-flag"


def test_a_file_that_everybody_can_read_is_refused(secret_file):
    secret_file.chmod(0o644)
    assert f"chmod 600 {secret_file}" in complaint({"mail.password_file": str(secret_file)})


def test_an_absent_and_an_empty_file_are_refused(tmp_path, secret_file):
    secret_file.write_text("\n")
    text = complaint(
        {"mail.password_file": str(tmp_path / "absent"), "summary.api_key_file": str(secret_file)}
    )
    assert "does not exist" in text
    assert "is empty" in text


@pytest.mark.parametrize("name", ["okoro.service_token", "okoro_service_token"])
def test_a_systemd_credential_is_found_by_its_name(tmp_path, name):
    (tmp_path / name).write_text("from-systemd\n")
    settings = load(None, None, BOT | {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert settings.okoro.service_token.get_secret_value() == "from-systemd"


def test_a_written_secret_outranks_a_credential(tmp_path):
    (tmp_path / "okoro.service_token").write_text("from-systemd")
    environment = BOT | {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    settings = load(None, {"okoro.service_token": "written"}, environment)
    assert settings.okoro.service_token.get_secret_value() == "written"


def test_a_refused_secret_is_not_shown(tmp_path):
    path = tmp_path / "meetbot.toml"
    path.write_text("[okoro]\nservice_token = 918273\n[bot]\nemail = 'bot@example.com'")
    with pytest.raises(Misconfigured) as caught:
        load(path, None, {})
    assert "918273" not in str(caught.value)
    assert "okoro.service_token is (a secret); write text in quotes" in str(caught.value)


def test_a_credential_that_is_no_text_is_told(tmp_path):
    (tmp_path / "okoro.service_token").write_bytes(b"\xff\xfe")
    text = complaint({}, BOT | {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert f"{tmp_path}/okoro.service_token: okoro.service_token cannot be read as text" in text
