"""What holds of any JSON Schema, whoever wrote it: its parts, its references, its several spellings of one thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

JSONSchema = dict[str, Any]

REF = "#/$defs/"

JSON_TYPES: Mapping[type, str] = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string"}

VALUES = frozenset({"enum", "const", "default", "examples", "required"})
"""Keywords that hold values and not schemas."""


def resolve(schema: JSONSchema, defs: Mapping[str, JSONSchema]) -> JSONSchema:
    """The schema that a `$ref` leads to, with what stood beside the `$ref` laid over it."""
    while (name := str(schema.get("$ref", "")).removeprefix(REF)) in defs:
        schema = {**defs[name], **without(schema, "$ref")}
    return schema


def without(schema: JSONSchema, *keywords: str) -> JSONSchema:
    return {key: value for key, value in schema.items() if key not in keywords}


def straight(schema: JSONSchema) -> JSONSchema:
    """The one spelling of what JSON Schema has several for: unions as `anyOf`, values as `enum` with their type."""
    if len(schema.get("allOf", ())) == 1:
        schema = {**schema["allOf"][0], **without(schema, "allOf")}
    if "oneOf" in schema:
        schema = {**without(schema, "oneOf"), "anyOf": schema["oneOf"]}
    if "const" in schema:
        schema = {"enum": [schema["const"]], **without(schema, "const")}
    if "enum" in schema and not isinstance(schema.get("type"), str):
        return {**enum_schema(schema["enum"]), **without(schema, "enum", "type")}
    if isinstance(schema.get("type"), list):
        about = {"description": schema["description"]} if "description" in schema else {}
        own = without(schema, "type", "description")
        kinds = [{"type": kind, **({} if kind == "null" else own)} for kind in schema["type"]]
        return {"anyOf": kinds, **about}
    return schema


def enum_schema(values: list[Any]) -> JSONSchema:
    """One of these values; each JSON type is told, as strict mode wants it."""
    by_type: dict[str, list[Any]] = {}
    for value in values:
        by_type.setdefault(JSON_TYPES.get(type(value), "object"), []).append(value)
    has_null = by_type.pop("null", None) is not None
    kinds: list[JSONSchema] = [{"type": name, "enum": found} for name, found in by_type.items()]
    kinds += [{"type": "null"}] if has_null else []
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def is_nullable(schema: Any, defs: Mapping[str, JSONSchema]) -> bool:
    """Whether a schema lets null pass."""
    if not isinstance(schema, dict):
        return True
    schema = straight(resolve(schema, defs))
    if "anyOf" in schema:
        return any(is_nullable(each, defs) for each in schema["anyOf"])
    return bool(schema.get("type", "null") == "null")


def is_its_default(schema: JSONSchema) -> bool:
    """Whether the only value that a schema lets pass is its default."""
    return "default" in schema and bool(straight(schema).get("enum") == [schema["default"]])


def nodes(schema: Any) -> Iterator[JSONSchema]:
    """Every schema in a schema, itself first."""
    if isinstance(schema, list):
        for each in schema:
            yield from nodes(each)
    if isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            if key in ("properties", "$defs"):
                yield from nodes(list(value.values()))
            elif key not in VALUES:
                yield from nodes(value)


def with_defs(schema: JSONSchema, defs: Mapping[str, JSONSchema]) -> JSONSchema:
    """The schema with those definitions that something in it leads to."""
    needed: set[str] = set()
    waiting = [schema]
    while waiting:
        names = {str(node.get("$ref", "")).removeprefix(REF) for node in nodes(waiting.pop())}
        new = (names & defs.keys()) - needed
        needed |= new
        waiting += [defs[name] for name in new]
    return {**schema, "$defs": {name: body for name, body in defs.items() if name in needed}} if needed else schema
