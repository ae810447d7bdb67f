import tomllib

from agent.config.catalogue import CHAPTERS
from agent.config.load import load
from agent.config.reference import example_file, reference_page, shown, toml_value

SECRETS = {
    "okoro.service_token": "token-in-clear",
    "mail.password": "password-in-clear",
    "database.url": "postgresql+psycopg://bot:hidden@db.example.com/meetbot",
    "webhooks.0.url": "https://example.com/hook",
    "webhooks.0.secret": "whsec_in-clear",
}


def test_the_example_says_what_the_defaults_say(tmp_path):
    path = tmp_path / "example.toml"
    path.write_text(example_file())
    overrides = {"bot.email": "bot@example.com"}
    assert load(path, overrides, {}) == load(None, overrides, {})


def test_every_key_stands_in_the_example_and_on_the_page():
    example, page = example_file(), reference_page()
    for chapter in CHAPTERS.values():
        assert f"[{chapter.name}]" in example
        for key, field in chapter.fields().items():
            assert field.description, f"{chapter.name}.{key} has no help"
            assert f"{key} =" in example
            assert f"| `{key}` |" in page


def test_secrets_are_masked_and_the_rest_is_shown():
    settings = load(None, {"bot.email": "bot@example.com", "mail.from": "robot@example.com", **SECRETS}, {})
    view = shown(settings)
    text = str(view)
    for secret in ("token-in-clear", "password-in-clear", "hidden", "whsec_in-clear"):
        assert secret not in text
    assert view["database"]["url"] == "postgresql+psycopg://bot:••••••@db.example.com/meetbot"
    assert view["webhooks"][0]["url"] == "https://example.com/hook"
    assert view["mail"]["from"] == "robot@example.com"
    assert view["okoro"]["service_token"] == "••••••"


def test_values_are_written_as_toml_reads_them():
    for value in (True, 3, 0.5, 'say "no"', ["a", 1], {"price_1": "pro"}):
        assert tomllib.loads(f"x = {toml_value(value)}") == {"x": value}
