"""The Postman collection: whole, in an order that can be walked, and pleasant to read."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.web.postman import scripts
from agent.web.postman.collection import WALK, collection
from agent.web.publish import published

DOCUMENT: dict[str, Any] = json.loads(published()["openapi.json"])
MADE = collection(DOCUMENT)
REQUESTS = [request for folder in MADE["item"] for request in folder["item"]]
SET_BY_SCRIPTS = re.compile(r'[vV]ariables\.set\("(\w+)"')
USED = re.compile(r"{{(\w+)}}")


def operations() -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
    }


def lines(request: dict[str, Any], when: str) -> str:
    return "\n".join(
        line for event in request["event"] if event["listen"] == when for line in event["script"]["exec"]
    )


def test_the_walk_has_each_operation_of_the_description_and_no_other() -> None:
    assert set(WALK["request"]) == set(operations())


def test_every_variable_is_filled_in_or_set_by_an_earlier_request() -> None:
    known = {variable["key"] for variable in MADE["variable"]}
    for request in REQUESTS:
        known |= set(SET_BY_SCRIPTS.findall(lines(request, "prerequest")))
        used = set(USED.findall(json.dumps(request["request"])))
        assert used <= known, request["name"]
        known |= set(SET_BY_SCRIPTS.findall(lines(request, "test")))


def test_every_path_and_every_required_parameter_has_a_value() -> None:
    for request in REQUESTS:
        url = request["request"]["url"]
        given = url.get("variable", []) + url.get("query", []) + request["request"]["header"]
        assert all(one["value"] for one in given if not one.get("disabled")), request["name"]


def test_every_request_checks_its_status_and_what_answers_json_its_schema() -> None:
    for request in REQUESTS:
        checks = lines(request, "test")
        assert "pm.response.code" in checks, request["name"]
        if any(example["body"] for example in request["response"]):
            assert "jsonSchema" in checks, request["name"]


def test_no_field_is_lost_from_a_schema_because_it_is_named_like_a_keyword() -> None:
    schema = {"type": "object", "title": "T", "properties": {"title": {"type": "string", "default": ""}}}
    assert scripts.closed(DOCUMENT, schema) == {
        "type": "object",
        "properties": {"title": {"type": "string"}},
    }


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: one["name"])
def test_an_example_fits_the_schema_it_is_an_example_of(request_: dict[str, Any]) -> None:
    assert request_["name"]
    assert request_["request"]["description"]
    checked = re.search(r"jsonSchema\((.*)\)\);", lines(request_, "test"))
    for example in request_["response"]:
        assert checked
        Draft202012Validator(json.loads(checked[1])).validate(json.loads(example["body"]))


def test_a_key_is_asked_for_once_and_open_requests_carry_none() -> None:
    assert MADE["auth"]["bearer"][0]["value"] == "{{apiKey}}"
    by_name = {request["name"]: request["request"] for request in REQUESTS}
    assert "auth" not in by_name["List jobs"]
    assert by_name["Liveness probe"]["auth"] == {"type": "noauth"}
