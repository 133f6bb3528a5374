"""A plain schema made into one that strict mode takes: a subset of JSON Schema, with rules of its own.

Every object is closed and every property required; those that may be left out become nullable, but for one that is
always its default, such as the kind of an object. Unions are `anyOf`; nothing stands beside a `$ref`; limits that the
mode does not know are told in the description. What it cannot say is refused with the path to it. Source: OpenAI's
guide to Structured Outputs, "Supported schemas".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import UsageError
from .schema_json import REF, VALUES, JSONSchema, is_its_default, is_nullable, resolve, straight, with_defs, without
from .schema_limits import check_limits
from .schema_plain import POSITIONS, REFUSED

NUMERIC = frozenset({"type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})

KEPT: Mapping[str, frozenset[str]] = {
    "string": frozenset({"type", "enum", "pattern", "format"}),
    "integer": NUMERIC,
    "number": NUMERIC,
    "boolean": frozenset({"type", "enum"}),
    "null": frozenset({"type"}),
    "array": frozenset({"type", "minItems", "maxItems"}),
    "object": frozenset(),
}
"""What strict mode knows of a value of each type itself."""

FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})

LOOKAROUND = re.compile(r"\(\?<?[=!]|\\[1-9]|\(\?P=")
"""What the patterns of strict mode cannot do: look ahead, look back, refer back."""

FORMAT_WORDS = {"decimal": "a decimal number"}

WORDS: Mapping[str, Callable[[Any], str]] = {
    "minLength": lambda count: f"at least {_counted(count, 'character')}",
    "maxLength": lambda count: f"at most {_counted(count, 'character')}",
    "uniqueItems": lambda is_unique: "no item twice" if is_unique else "",
    "contentEncoding": lambda name: f"encoded as {name}",
    "examples": lambda values: "for example " + ", ".join(map(_told, values)),
    "pattern": lambda pattern: f"matching the pattern {pattern}",
    "format": lambda name: FORMAT_WORDS.get(name, f"in the format {name}"),
}
"""How to tell the model of limits that its grammar does not hold."""

SHAPE = frozenset(
    {"$ref", "$defs", "type", "anyOf", "properties", "required", "additionalProperties", "items", "prefixItems"}
)
"""What the walk itself reads."""

SILENT = frozenset(
    {"description", "title", "default", "discriminator", "deprecated", "readOnly", "writeOnly"}
    | {"$comment", "$schema", "$id", "contentMediaType"}
)
"""What is told as it is, or says nothing to a model."""

ANYTHING = "anything at all cannot be said in strict mode; name a type, or use str with JSON text in it"
OPEN_MAP = "a dict with any keys cannot be said in strict mode; use a list of Structs with a key and a value each"
BARE_LIST = "a list of anything cannot be said in strict mode; name the type of its items, as in list[str]"
MIXED_TUPLE = "a tuple of several types cannot be said in strict mode; use a Struct, a dataclass or a model"


def object_root(plain: JSONSchema) -> JSONSchema | None:
    """The root of a plain schema, if it is an object as the API wants one; `None` if it has to be wrapped."""
    root = straight(resolve(plain, plain.get("$defs", {})))
    return root if root.get("type") == "object" else None


def strict(plain: JSONSchema, label: str) -> JSONSchema:
    """The schema for strict mode, a root that is no object under `value`; `UsageError` for what the mode cannot say."""
    work = _Pass(plain.get("$defs", {}))
    root = object_root(plain)
    whole = work.node(root or without(plain, "$defs"), label)
    schema = with_defs(whole if root else _closed({"value": whole}), work.defs)
    check_limits(schema, label)
    return schema


def loose(plain: JSONSchema, label: str) -> JSONSchema:
    """The schema as it is, for servers and tools without strict mode: still an object at its root."""
    defs = {name: _copy(body, label) for name, body in plain.get("$defs", {}).items()}
    root = object_root(plain)
    schema = _copy(without(root or plain, "$defs"), label)
    return with_defs(schema if root else _closed({"value": schema}), defs)


class _Pass:
    """One walk over a schema; a definition is walked when it is first met, so that its path is the shortest."""

    def __init__(self, plain_defs: Mapping[str, JSONSchema]) -> None:
        self.defs: dict[str, JSONSchema] = {}
        self._plain_defs = plain_defs

    def node(self, schema: Any, path: str) -> JSONSchema:
        if not isinstance(schema, dict):
            raise UsageError(f"{path}: {ANYTHING}")
        if REFUSED in schema:
            raise UsageError(f"{path}: {schema[REFUSED]}")
        schema = straight(schema)
        if "$ref" in schema:
            body = self._reference(schema["$ref"], path)
        elif "anyOf" in schema:
            body = {"anyOf": [self.node(each, path) for each in schema["anyOf"]]}
        elif "allOf" in schema:
            raise UsageError(f"{path}: several schemas at once (allOf) cannot be said in strict mode")
        elif schema.get("type") == "object":
            body = self._object(schema, path)
        elif schema.get("type") == "array":
            body = self._array(schema, path)
        elif schema.get("type") in KEPT:
            body = {}
        else:
            raise UsageError(f"{path}: {ANYTHING}")
        return _described(schema, body)

    def _reference(self, target: str, path: str) -> JSONSchema:
        name = target.removeprefix(REF)
        if name not in self._plain_defs:
            raise UsageError(f"{path}: the reference {target} leads nowhere")
        if name not in self.defs:
            self.defs[name] = {}
            self.defs[name] = self.node(self._plain_defs[name], path)
        return {"$ref": target}

    def _object(self, schema: JSONSchema, path: str) -> JSONSchema:
        if "properties" not in schema:
            raise UsageError(f"{path}: {OPEN_MAP}")
        required = schema.get("required", ())
        properties = {}
        for name, inner in schema["properties"].items():
            node = self.node(inner, f"{path}.{name}")
            may_stay = name in required or is_its_default(inner) or is_nullable(inner, self._plain_defs)
            properties[name] = node if may_stay else _nullable(node)
        return _closed(properties)

    def _array(self, schema: JSONSchema, path: str) -> JSONSchema:
        if "prefixItems" in schema:
            items = [self.node(each, f"{path}[{place}]") for place, each in enumerate(schema["prefixItems"])]
            if not items or any(each != items[0] for each in items):
                raise UsageError(f"{path}: {MIXED_TUPLE}")
            return {"items": items[0]}
        if not schema.get("items") or schema["items"] is True:
            raise UsageError(f"{path}: {BARE_LIST}")
        return {"items": self.node(schema["items"], f"{path}[]")}


def _described(schema: JSONSchema, body: JSONSchema) -> JSONSchema:
    """The body with what the schema tells of it: in keywords where the mode knows them, else in words."""
    known: frozenset[str] = frozenset() if body.keys() & {"$ref", "anyOf"} else KEPT[schema["type"]]
    kept, limits = {}, []
    for keyword, value in schema.items():
        if keyword in known and _is_known(keyword, value):
            kept[keyword] = value
        elif keyword in WORDS:
            limits.append(WORDS[keyword](value))
        elif keyword not in SHAPE | SILENT and not keyword.startswith("x-"):
            limits.append(f"{keyword}: {_told(value)}")
    told = ", ".join(filter(None, limits))
    description = schema.get("description", "")
    description = f"{description} ({told})" if description and told else description or told
    if not description:
        return {**kept, **body}
    return {**kept, "description": description, **({"anyOf": [body]} if "$ref" in body else body)}


def _is_known(keyword: str, value: Any) -> bool:
    if keyword == "format":
        return value in FORMATS
    return keyword != "pattern" or not LOOKAROUND.search(str(value))


def _nullable(node: JSONSchema) -> JSONSchema:
    if "anyOf" in node:
        return {**node, "anyOf": [*node["anyOf"], {"type": "null"}]}
    about = {"description": node["description"]} if "description" in node else {}
    return {**about, "anyOf": [without(node, "description"), {"type": "null"}]}


def _closed(properties: JSONSchema) -> JSONSchema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _told(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _copy(schema: Any, path: str) -> Any:
    """A copy of a plain schema without our marks and without titles."""
    if isinstance(schema, list):
        return [_copy(each, path) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if REFUSED in schema:
        raise UsageError(f"{path}: {schema[REFUSED]}")
    copy = {}
    for key, value in schema.items():
        if key == "properties":
            copy[key] = {name: _copy(inner, f"{path}.{name}") for name, inner in value.items()}
        elif key in VALUES:
            copy[key] = value
        elif key not in ("title", POSITIONS):
            copy[key] = _copy(value, f"{path}[]" if key == "items" else path)
    return copy
