"""Validators: two schemas of our own making, always there, and the API's OpenAPI document, where a checkout has it.

Two things in the document are not JSON Schema, or not what the API means, and are put right here:

- `nullable: true` is OpenAPI 3.0's way to allow null, which JSON Schema does not know;
- `top_logprobs` stands in it three times, twice with null and once without.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

HERE = Path(__file__).parent
SPEC = HERE.parents[2] / "shared" / "spec"
OWN = {name: json.loads((HERE / f"{name}.schema.json").read_bytes()) for name in ("request", "completion")}


@cache
def own_validator(name: str) -> Draft202012Validator:
    """Of `request` or `completion`."""
    registry = Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in OWN.values())
    return Draft202012Validator(OWN[name], registry=registry)


@cache
def spec_validator(name: str) -> Draft202012Validator:
    """Of one of the document's schemas; skips the test that asks where there is no document."""
    document = spec_file("chat-completions.openapi.json")
    components = json.loads(document.read_bytes())["components"]
    del components["schemas"]["CreateModelResponseProperties"]["allOf"][1]["properties"]["top_logprobs"]
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": with_null(components)})


def spec_file(name: str) -> Path:
    """A file or folder of the API's documents; skips the test that asks where there is none."""
    path = SPEC / name
    if not path.exists():
        pytest.skip(f"the API's own documents are not beside this checkout: no {name}")
    return path


def with_null(schema: Any) -> Any:
    """The schema with null among the alternatives wherever it says `nullable`."""
    if isinstance(schema, list):
        return [with_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {name: with_null(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [rest, {"type": "null"}]} if schema.get("nullable") else rest
