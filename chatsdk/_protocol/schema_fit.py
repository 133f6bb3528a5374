"""Values as a model writes them, made into what msgspec reads: by the plain schema of the type, before its own check.

Strict mode has every property required, so a model says null for "nothing": where a field has a default and does not
take None, that null is left out. NamedTuples and `array_like` Structs come as objects and are read from arrays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import NODEFAULT
from msgspec import inspect as mi

from .schema_json import JSONSchema, is_nullable, nodes, resolve, straight, without
from .schema_plain import POSITIONS

STEP = re.compile(r"\[[^\]]*\]|\.[^.\[]+")

NAMES: Mapping[type, str] = {str: "str", int: "int", float: "float", bool: "bool", type(None): "null"}
"""What msgspec calls the scalars of JSON."""


class UnfitError(ValueError):
    """A value cannot become the array that its type is read from; in the words msgspec would have."""


class Fit:
    """How values are fitted to one plain schema.

    `is_needed` is false where all may stay as it is, `is_for_arrays` where only nulls may have to go.
    """

    def __init__(self, plain: JSONSchema) -> None:
        self._root = without(plain, "$defs")
        self._defs: Mapping[str, JSONSchema] = plain.get("$defs", {})
        self.is_for_arrays = any(POSITIONS in node for node in nodes(plain))
        self.is_needed = self.is_for_arrays or any(map(self._has_silent_nulls, nodes(plain)))

    def __call__(self, value: Any, positions: dict[str, list[str]]) -> Any:
        """The value, fitted; the one handed in stays as it is. `positions` gets the names of what became an array."""
        return self._value(value, self._root, "$", positions)

    def _has_silent_nulls(self, node: JSONSchema) -> bool:
        properties, required = node.get("properties", {}), node.get("required", ())
        return any(name not in required and not is_nullable(inner, self._defs) for name, inner in properties.items())

    def _value(self, value: Any, schema: Any, path: str, positions: dict[str, list[str]]) -> Any:
        if not isinstance(value, dict | list):
            if isinstance(schema, dict) and "$ref" in schema and POSITIONS in resolve(schema, self._defs):
                name = NAMES.get(type(value), type(value).__name__)
                raise UnfitError(f"Expected `object`, got `{name}` - at `{path}`")
            return value
        node = self._chosen(value, schema)
        if isinstance(value, list):
            prefix, rest = node.get("prefixItems", ()), node.get("items")
            return [
                self._value(each, prefix[place] if place < len(prefix) else rest, f"{path}[{place}]", positions)
                for place, each in enumerate(value)
            ]
        fitted = self._object(value, node, path, positions)
        if POSITIONS not in node:
            return fitted
        names, items = _array(fitted, node[POSITIONS], path)
        positions[path] = names
        return items

    def _object(self, value: JSONSchema, node: JSONSchema, path: str, positions: dict[str, list[str]]) -> JSONSchema:
        properties, required = node.get("properties", {}), node.get("required", ())
        rest = node.get("additionalProperties")
        fitted = {}
        for name, each in value.items():
            inner = properties.get(name)
            if inner is None:
                fitted[name] = self._value(each, rest, f"{path}[...]", positions)
            elif each is not None or name in required or is_nullable(inner, self._defs):
                fitted[name] = self._value(each, inner, f"{path}.{name}", positions)
        return fitted

    def _chosen(self, value: Any, schema: Any) -> JSONSchema:
        """The part of a schema that speaks of such a value; an empty one where none does, or several do."""
        kind = "object" if isinstance(value, dict) else "array"
        options = [each for each in self._options(schema) if each.get("type") == kind]
        if len(options) > 1:
            options = [each for each in options if _may_be(value, each)]
            unknown = [len(value.keys() - each["properties"].keys()) for each in options]
            options = [each for each, count in zip(options, unknown, strict=True) if count == min(unknown)]
        return options[0] if len(options) == 1 else {}

    def _options(self, schema: Any) -> list[JSONSchema]:
        if not isinstance(schema, dict):
            return []
        schema = straight(resolve(schema, self._defs))
        if "anyOf" in schema:
            return [option for each in schema["anyOf"] for option in self._options(each)]
        return [schema]


def _may_be(value: Any, node: JSONSchema) -> bool:
    """Whether a value is an object with the tags of this schema and all that it requires."""
    if not isinstance(value, dict) or "properties" not in node:
        return False
    properties = node["properties"].items()
    tags = {name: straight(inner).get("enum") for name, inner in properties if isinstance(inner, dict)}
    return all(name in value for name in node.get("required", ())) and all(
        value[name] in allowed for name, allowed in tags.items() if allowed and value.get(name) is not None
    )


def _array(fitted: JSONSchema, info: Any, path: str) -> tuple[list[str], list[Any]]:
    """The names and the values of an object in the order of its type, which reads them from an array.

    Absent ones are their defaults; those at the end are left out, so that the type makes them itself.
    """
    tag = getattr(info, "tag_field", None)
    names = [tag] if tag else []
    items = [fitted.get(tag, info.tag)] if tag else []
    last = max((place for place, field in enumerate(info.fields) if field.encode_name in fitted), default=-1)
    for place, field in enumerate(info.fields):
        if field.required and field.encode_name not in fitted:
            raise UnfitError(f"Object missing required field `{field.encode_name}` - at `{path}`")
        names.append(field.encode_name)
        if place <= last:
            items.append(fitted[field.encode_name] if field.encode_name in fitted else _default(field))
    return names, items


def _default(field: mi.Field) -> Any:
    return field.default if field.default_factory is NODEFAULT else field.default_factory()


def told_path(path: str, positions: Mapping[str, list[str]]) -> str:
    """A path into fitted JSON as one into the JSON that came: `$.days[0][1]` is `$.days[0].price`."""
    if not positions:
        return path
    done, told = "$", "$"
    for step in STEP.findall(path):
        names = positions.get(done)
        told += f".{names[int(step[1:-1])]}" if names and step[1:-1].isdigit() else step
        done += step
    return told
