"""A throw-away PostgreSQL cluster in a folder of its own, on a socket in that folder; gone with the test run."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

START_SECONDS = 60
PLACES = (Path("/usr/lib/postgresql"), Path("/usr/local/lib/postgresql"))


def program(name: str) -> str | None:
    """Return where a program of PostgreSQL's is installed, None where it is not."""
    found = [str(path) for place in PLACES for path in sorted(place.glob(f"*/bin/{name}"))]
    return shutil.which(name) or (found[-1] if found else None)


INSTALLED = all(program(name) for name in ("initdb", "pg_ctl", "psql"))


class Cluster:
    """`url(name)` makes an empty database and returns its URL."""

    def __enter__(self) -> "Cluster":
        # Not below pytest's own folders: a socket's path may have 107 characters, and the server is not root.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            os.chown(self.folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._data = self.folder / "data"
        self._run("initdb", "-D", self._data, "-U", "meetbot", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = f"-k {self.folder} -c listen_addresses='' -c fsync=off"
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self._data, "-o", settings, "-l", log, "-w", "start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def url(self, name: str) -> str:
        """Make an empty database."""
        order = f'CREATE DATABASE "{name}"'
        self._run("psql", "-h", self.folder, "-U", "meetbot", "-d", "postgres", "-qc", order)
        return f"postgresql+psycopg://meetbot@/{name}?host={self.folder}"

    def _run(self, name: str, *arguments: str | Path) -> None:
        command = [program(name) or name, *map(str, arguments)]
        # The server would keep a pipe open, so what it says goes nowhere.
        subprocess.run(
            command,
            check=True,
            cwd=self.folder,
            user=self._user,
            timeout=START_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
