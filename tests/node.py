"""A Node.js to run snippets with."""

import shutil

from playwright._impl._driver import compute_driver_executable


def node() -> str:
    """Return the one on the PATH, else the one that Playwright brings along: there always is one."""
    return shutil.which("node") or str(compute_driver_executable()[0])
