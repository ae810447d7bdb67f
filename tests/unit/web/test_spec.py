"""The description of the API: valid, whole, and the same as the committed copy."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from agent.rules import hook_events
from agent.web.publish import published

DOCS = Path(__file__).parents[3] / "docs"
FILES = published()
DOCUMENT: dict[str, Any] = json.loads(FILES["openapi.json"])
SEED = {
    ("post", "/api/v1/jobs"): "bots",
    ("get", "/api/v1/jobs/{job_id}"): "bots",
    ("delete", "/api/v1/jobs/{job_id}"): "bots",
    ("post", "/api/v1/jobs/{job_id}/request-recording-permission"): "bots",
    ("post", "/api/v1/intake/calendar-invite"): "calendar",
    ("post", "/api/v1/ingest"): "ingest",
    ("post", "/api/v1/cli-auth/init"): "cli-auth",
    ("post", "/api/v1/cli-auth/poll/{nonce}"): "cli-auth",
    ("post", "/api/v1/cli-auth/complete"): "cli-auth",
    ("get", "/api/v1/admin/host"): "admin",
    ("post", "/webhooks/stripe"): "admin",
    ("get", "/healthz"): "admin",
}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
    ]


@pytest.mark.parametrize("name", FILES)
def test_the_committed_copy_is_fresh(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == FILES[name], "write it again with: make docs"


def test_the_description_is_valid() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"] == "3.1.0"


@pytest.mark.parametrize(("operation", "tag"), SEED.items(), ids=str)
def test_every_promised_endpoint_stands_under_its_tag(operation: tuple[str, str], tag: str) -> None:
    method, path = operation
    assert DOCUMENT["paths"][path][method]["tags"] == [tag]


def test_every_operation_says_what_it_is_and_how_it_refuses() -> None:
    for method, path, operation in operations():
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert "security" in operation, where
        assert any(status.startswith("4") for status in operation["responses"]), where
        if operation["security"]:
            assert {"401", "403", "429"} <= set(operation["responses"]), where


def test_every_webhook_event_is_described() -> None:
    named = {event for family in hook_events.FAMILIES.values() for event in family}
    assert set(DOCUMENT["webhooks"]) == named | {"webhook.test"}


def test_the_collection_has_a_folder_for_each_tag_and_every_operation() -> None:
    made = json.loads(FILES["meetbot.postman_collection.json"])
    folders = {folder["name"]: len(folder["item"]) for folder in made["item"]}
    assert set(folders) == {operation["tags"][0] for _, _, operation in operations()}
    assert sum(folders.values()) == len(operations())
    assert made["info"]["schema"].endswith("v2.1.0/collection.json")
