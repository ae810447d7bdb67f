"""The key that signs access tokens and links: the operator's, or one made once and kept beside the database."""

import hashlib
import os
import secrets
from functools import cache
from pathlib import Path

FILE = "signing.key"


@cache
def load(data_dir: Path, configured: str) -> bytes:
    """Return 32 bytes: from the operator's text, or from the file in the data directory, which is made when missing."""
    if configured:
        return hashlib.sha256(configured.encode()).digest()
    path = data_dir / FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        _make(path)
    return bytes.fromhex(path.read_text("ascii").strip())


def _make(path: Path) -> None:
    """Write a fresh key in one step, so that no half of one is ever read, and the first of two makers wins."""
    draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
