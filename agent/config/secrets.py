"""Secrets that stand in files of their own: the `<key>_file` twins and systemd's credentials."""

import stat
from pathlib import Path

from agent.config.catalogue import CHAPTERS, Key, is_secret
from agent.config.draft import Draft, Problem


def fill_secrets(draft: Draft, credentials_dir: str | None) -> list[Problem]:
    """Put the contents of secret files in place and return what kept some of them from being read.

    An empty secret counts as none. A credential is named after its key: `okoro.service_token`, or with an underscore for the dot.
    """
    problems = []
    for name, chapter in CHAPTERS.items():
        secrets = [key for key, field in chapter.fields().items() if is_secret(field)]
        for where in draft.tables(name):
            for key in secrets:
                problem = _fill(draft, (*where, key), credentials_dir)
                problems += [problem] if problem else []
    return problems


def _fill(draft: Draft, key: Key, credentials_dir: str | None) -> Problem | None:
    twin = (*key[:-1], f"{key[-1]}_file")
    named = draft.get(twin)
    if named is None:
        credential = _credential(key, credentials_dir)
        if credential is None or draft.get(key):
            return None
        try:
            draft.put(key, credential.read_text(encoding="utf-8").strip(), str(credential))
        except (OSError, ValueError):
            return Problem(str(credential), key, "cannot be read as text; correct this credential")
        return None
    if draft.get(key):
        return Problem(draft.origin(twin), twin, f"stands beside {key[-1]}; keep one of the two")
    try:
        path = Path(str(named)).expanduser()
    except RuntimeError:
        return None  # an unknown user's home; the model refuses it
    complaint = _complaint(path)
    if complaint:
        return Problem(draft.origin(twin), twin, complaint)
    draft.put(key, path.read_text(encoding="utf-8").strip(), str(path))
    return None


def _credential(key: Key, directory: str | None) -> Path | None:
    if directory is None:
        return None
    candidates = (Path(directory, ".".join(key)), Path(directory, "_".join(key)))
    return next((path for path in candidates if path.is_file()), None)


def _complaint(path: Path) -> str | None:
    """What is wrong with a secret file, and what to do; None when it may be used."""
    try:
        mode = path.stat().st_mode
        empty = not path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return f"names {path}, which does not exist; create it or correct the path"
    except (OSError, ValueError):
        return f"names {path}, which cannot be read as text; let this user read it"
    if mode & stat.S_IROTH:
        return f"names {path}, which everybody can read; run: chmod 600 {path}"
    return f"names {path}, which is empty; write the secret into it" if empty else None
