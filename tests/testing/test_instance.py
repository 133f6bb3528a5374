"""Instances of schemas: accepted by the schema, least, and always the same."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from chatsdk.testing._instance import Facts, instance

NODE = {
    "type": "object",
    "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
    "required": ["next"],
}

CASES: list[tuple[dict[str, Any], Any]] = [
    ({"type": "string"}, "text"),
    ({"type": "string", "minLength": 6}, "text.."),
    ({"type": "string", "maxLength": 2}, "te"),
    ({"type": "string", "format": "date"}, "2026-01-01"),
    ({"type": ["null", "integer"]}, 0),
    ({"type": "integer", "minimum": 3}, 3),
    ({"type": "integer", "exclusiveMinimum": 3}, 4),
    ({"type": "integer", "maximum": -3}, -3),
    ({"type": "number", "exclusiveMaximum": 0}, -0.5),
    ({"type": "integer", "exclusiveMinimum": 0, "multipleOf": 5}, 5),
    ({"type": "boolean"}, False),
    ({"type": "null"}, None),
    ({"const": "x"}, "x"),
    ({"enum": ["b", "a"]}, "b"),
    ({"type": "array", "items": {"type": "string"}}, []),
    ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [0, 0]),
    ({"type": "array", "prefixItems": [{"type": "boolean"}, {"type": "null"}]}, [False, None]),
    ({"type": "object"}, {}),
    ({"properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}, {"a": 0}),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 0),
    ({"oneOf": [{"type": "boolean"}]}, False),
    ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "integer"}}}, 0),
    ({"$ref": "#/$defs/node", "$defs": {"node": NODE}}, {"next": None}),
    (
        {
            "allOf": [{"$ref": "#/$defs/a"}, {"properties": {"y": {"type": "boolean"}}, "required": ["y"]}],
            "$defs": {"a": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}},
        },
        {"x": 0, "y": False},
    ),
]


@pytest.mark.parametrize(("schema", "least"), CASES)
def test_an_instance_is_the_least_that_the_schema_accepts(schema: dict[str, Any], least: Any) -> None:
    assert instance(schema) == least
    jsonschema.validate(least, schema)


def test_facts_are_used_once_where_they_fit() -> None:
    properties = {
        "short": {"type": "string", "maxLength": 4},
        "any": {"type": "string"},
        "left": {"type": "string"},
        "small": {"type": "integer", "maximum": 5},
        "share": {"type": "number"},
        "whole": {"type": "integer"},
        "rest": {"type": "number", "minimum": 10},
    }
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    filled = instance(schema, Facts(["Florence", "Rome"], [9.0, 2.5, 4.0]))
    assert filled == {
        "short": "Rome",
        "any": "Florence",
        "left": "left",
        "small": 4,
        "share": 9.0,
        "whole": 0,
        "rest": 10,
    }
