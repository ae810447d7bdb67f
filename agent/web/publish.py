"""`python -m agent.web.publish FOLDER`: write the description of the API where it is kept under version control."""

import json
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from agent.web.docs_pages import as_yaml
from agent.web.postman.collection import collection
from agent.web.server import described


@cache
def published() -> dict[str, str]:
    """Return every file by its name."""
    document = described(version("meetbot")).openapi()
    return {
        "openapi.json": _as_json(document),
        "openapi.yaml": as_yaml(document),
        "meetbot.postman_collection.json": _as_json(collection(document)),
    }


def _as_json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, text in published().items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
