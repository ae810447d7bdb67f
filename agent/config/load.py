"""Reads the settings: defaults < file < environment < flags. The only place that looks at the environment.

Whatever is wrong is told at once, in one `Misconfigured`: where it stands, what is wrong, what to do.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from agent.config.catalogue import CHAPTERS, Key, dotted, setting_part
from agent.config.draft import Draft, Problem
from agent.config.explain import explain
from agent.config.secrets import fill_secrets
from agent.config.settings import Settings
from agent.config.values import Section
from agent.errors import Misconfigured

PREFIX = "MEETBOT_"
CONFIG_VARIABLE = "MEETBOT_CONFIG"
NOT_SETTINGS = frozenset({CONFIG_VARIABLE})
HANDED_OVER = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
USUAL_PATHS = (Path("meetbot.toml"), Path("/etc/meetbot/meetbot.toml"))


def config_path(given: Path | None = None, environment: Mapping[str, str] | None = None) -> Path | None:
    """Return the file to read: the given one, the one named by MEETBOT_CONFIG, or a usual one that exists."""
    named = (os.environ if environment is None else environment).get(CONFIG_VARIABLE)
    if given or named:
        return given or Path(str(named)).expanduser()
    return next((path for path in USUAL_PATHS if path.is_file()), None)


def handed_over() -> dict[str, str]:
    """Return the variables by which systemd hands over sockets and asks to be told how it goes."""
    return {name: os.environ[name] for name in HANDED_OVER if name in os.environ}


def load(
    path: Path | None = None,
    overrides: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings from the file at `path`, the environment and `overrides` (`section.key` → text).

    Without a path no file is read; `environment` stands in for the process's own.
    Raises `Misconfigured` naming every problem there is.
    """
    environment = os.environ if environment is None else environment
    draft = Draft()
    if path is not None:
        draft.add_table(_read(path), origin=str(path))
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in NOT_SETTINGS:
            draft.add_text(_key(name), environment[name], origin=name)
    for name, text in (overrides or {}).items():
        draft.add_text(tuple(name.split(".")), text, origin="flag")
    unread = fill_secrets(draft, environment.get("CREDENTIALS_DIRECTORY"))
    settings, refused = _validate(draft)
    problems = [*draft.problems, *unread, *refused]
    problems += _faults(settings, draft, {problem.key for problem in problems})
    if problems:
        raise Misconfigured(_report(problems))
    return settings


def _key(name: str) -> Key:
    return tuple(name.removeprefix(PREFIX).lower().split("__"))


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Misconfigured(
            f"There is no file {path}; write one with: meetbot init --config {path}"
        ) from None
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}); let this user read it") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{path} is not UTF-8 text; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{path} is not valid TOML: {error}; correct that line") from error


def _validate(draft: Draft) -> tuple[Settings, list[Problem]]:
    """Return what is valid, and what was refused; a refused value is dropped, so that its default stands in."""
    problems: list[Problem] = []
    while True:
        try:
            return Settings.model_validate(draft.table()), problems
        except ValidationError as refused:
            for error in refused.errors(include_url=False):
                key = setting_part(tuple(str(part) for part in error["loc"]))
                problems.append(Problem(draft.origin(key), key, explain(error, key)))
                draft.drop(key)


def _faults(settings: Settings, draft: Draft, told: set[Key]) -> list[Problem]:
    """Return what does not fit together, except where a part of the key was refused already."""
    return [
        Problem(draft.origin(key), key, fault.text)
        for name in CHAPTERS
        for where, section in zip(draft.tables(name), _sections(settings, name), strict=True)
        for fault in section.faults()
        if not told & {(key := (*where, fault.key)), (*where, f"{fault.key}_file"), where}
    ]


def _sections(settings: Settings, name: str) -> tuple[Section, ...]:
    value = getattr(settings, name)
    return value if isinstance(value, tuple) else (value,)


def _report(problems: list[Problem]) -> str:
    count = len(problems)
    head = "1 setting is wrong" if count == 1 else f"{count} settings are wrong"
    lines = [f"  {problem.origin}: {dotted(problem.key)} {problem.text}" for problem in problems]
    return "\n".join([f"{head}:", *lines])
