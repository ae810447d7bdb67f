"""What Postman does around a request, as JavaScript: leave it out, look again, check the answer, keep what it tells."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Found = dict[str, Any]
TRIES = 60
PAUSE_MS = 500
PROSE = {"title", "description", "examples", "default"}


def before(needs: Sequence[str], own: str) -> list[str]:
    """Return the lines that run before a request: none is sent without the variables that it needs."""
    lines = []
    if needs:
        lines = [
            f"const missing = {json.dumps(list(needs))}.filter((name) => !pm.variables.get(name));",
            "if (missing.length) {",
            "  console.log(`${pm.info.requestName}: left out, since there is no ${missing.join(', ')}`);",
            "  pm.execution.skipRequest();",
            "}",
        ]
    return lines + own.strip().splitlines()


def after(statuses: Sequence[int], schema: Found | None, saves: Mapping[str, str], until: str) -> list[str]:
    """Return the lines that run after a request: the status and the body are as described."""
    good = json.dumps(list(statuses))
    told = " or ".join(str(status) for status in statuses)
    lines = [f'pm.test("answers {told}", () => pm.expect(pm.response.code).to.be.oneOf({good}));']
    if schema:
        fits = f"pm.response.to.have.jsonSchema({json.dumps(schema, separators=(',', ':'))})"
        lines.append(f'pm.test("the body fits its schema", () => {fits});')
    if saves or until:
        lines.append(f"if ({good}.includes(pm.response.code)) {{")
        lines.append("  const answer = pm.response.json();")
        for name, where in saves.items():
            lines.append(f'  pm.collectionVariables.set("{name}", {where} ?? "");')
        lines += _again(until) if until else []
        lines.append("}")
    return lines


def _again(until: str) -> list[str]:
    return [
        "  // In a run of the collection: look again until it is so, each time after a pause.",
        '  const tried = Number(pm.variables.get("tried") || 0) + 1;',
        f"  const again = !({until}) && tried < {TRIES};",
        '  pm.variables.set("tried", again ? tried : 0);',
        "  if (again) {",
        "    pm.execution.setNextRequest(pm.info.requestId);",
        f"    setTimeout(() => {{}}, {PAUSE_MS});",
        "  }",
    ]


def closed(document: Found, schema: Found) -> Found:
    """Return a schema that needs nothing around it: what it refers to stands in it, without prose."""
    return {**_bare(schema), **_components(document, schema)}


def _components(document: Found, schema: Found) -> Found:
    found: Found = {}
    waiting = _references(schema)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _bare(document["components"]["schemas"][name])
            waiting += _references(found[name])
    return {"components": {"schemas": dict(sorted(found.items()))}} if found else {}


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        here = [value["$ref"].rpartition("/")[2]] if isinstance(value.get("$ref"), str) else []
        return here + [name for part in value.values() for name in _references(part)]
    return [name for part in value for name in _references(part)] if isinstance(value, list) else []


def _bare(schema: Any) -> Any:
    """Drop what checks nothing; a field may be named like a keyword, so names of fields stay."""
    if isinstance(schema, list):
        return [_bare(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _bare(field) for name, field in value.items()} if key == "properties" else _bare(value)
        for key, value in schema.items()
        if key not in PROSE and key != "discriminator"
    }
