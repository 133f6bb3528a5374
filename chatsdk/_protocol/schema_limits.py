"""How large a schema strict mode takes. Source: OpenAI's guide to Structured Outputs, "Supported schemas"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..errors import UsageError
from .schema_json import REF, JSONSchema, nodes

MAX_DEPTH = 10
MAX_PROPERTIES = 5000
MAX_ENUM_VALUES = 1000
MAX_NAMES = 120_000
LONG_ENUM = 250
MAX_LONG_ENUM = 15_000


def check_limits(schema: JSONSchema, label: str) -> None:
    """`UsageError`, naming the limit, for a schema that is larger."""
    for what, size, limit in _sizes(schema):
        if size > limit:
            raise UsageError(f"{label}: {size} {what}, and strict mode takes at most {limit}")


def _sizes(schema: JSONSchema) -> Iterator[tuple[str, int, int]]:
    """What is counted, how much of it there is, and how much there may be."""
    parts = list(nodes(schema))
    enums = [list(map(str, part["enum"])) for part in parts if "enum" in part]
    names = [name for part in parts for keyword in ("properties", "$defs") for name in part.get(keyword, ())]
    names += [value for values in enums for value in values]
    yield "levels of nested objects", _depth(schema, schema.get("$defs", {}), {}), MAX_DEPTH
    yield "properties", sum(len(part.get("properties", ())) for part in parts), MAX_PROPERTIES
    yield "enum values", sum(map(len, enums)), MAX_ENUM_VALUES
    yield "characters in names and enum values", sum(map(len, names)), MAX_NAMES
    for values in enums:
        if len(values) > LONG_ENUM:
            yield f"characters in an enum of over {LONG_ENUM} values", sum(map(len, values)), MAX_LONG_ENUM


def _depth(node: JSONSchema, defs: Mapping[str, JSONSchema], known: dict[str, int]) -> int:
    """How many objects stand in one another; one that holds itself counts once."""
    if "$ref" in node:
        name = node["$ref"].removeprefix(REF)
        if name not in known:
            known[name] = 0
            known[name] = _depth(defs[name], defs, known)
        return known[name]
    inner = [*node.get("properties", {}).values(), *node.get("anyOf", ())]
    inner += [node["items"]] if "items" in node else []
    own = 1 if node.get("type") == "object" else 0
    return own + max((_depth(each, defs, known) for each in inner), default=0)
