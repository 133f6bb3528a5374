"""The least JSON that a JSON Schema lets through, with words and numbers of a prompt where they fit.

`$ref` into the same document, `anyOf`, `oneOf`, `allOf`, `const`, `enum`, `type` and the bounds of values are
kept; `pattern` and other ways to say no are not. Objects get their required members only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]

_FORMATS = {
    "date": "2026-01-01",
    "time": "12:00:00Z",
    "date-time": "2026-01-01T12:00:00Z",
    "duration": "P1D",
    "email": "demo@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


@dataclass
class Facts:
    """What a prompt offers to fill in; each word and number is used once, in order."""

    words: list[str] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)


def instance(schema: Schema, facts: Facts | None = None) -> Any:
    """A value that the schema accepts; the same for the same schema and facts."""
    return _Filler(schema, facts or Facts()).fill(schema, name="text", open_refs=frozenset())


class _Filler:
    """Walks one schema. `open_refs` are the references being followed: a branch that leads back is avoided."""

    def __init__(self, root: Schema, facts: Facts) -> None:
        self._root = root
        self._facts = facts

    def fill(self, schema: Schema, name: str, open_refs: frozenset[str]) -> Any:
        if "$ref" in schema:
            reference = schema["$ref"]
            return self.fill(self._resolve(reference), name, open_refs | {reference})
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        if "allOf" in schema:
            return self.fill(self._merge(schema), name, open_refs)
        for union in "anyOf", "oneOf":
            if union in schema:
                branch = _first_branch(schema[union], open_refs)
                return self.fill(branch, name, open_refs)
        return _BY_TYPE.get(_type_of(schema), _Filler._string)(self, schema, name, open_refs)

    def _resolve(self, reference: str) -> Schema:
        target: Any = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            target = target[step.replace("~1", "/").replace("~0", "~")]
        resolved: Schema = target
        return resolved

    def _merge(self, schema: Schema) -> Schema:
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            resolved = self._resolve(part["$ref"]) if "$ref" in part else part
            properties = {**merged.get("properties", {}), **resolved.get("properties", {})}
            required = [*merged.get("required", ()), *resolved.get("required", ())]
            merged = {**merged, **resolved, "properties": properties, "required": required}
        return merged

    def _object(self, schema: Schema, name: str, open_refs: frozenset[str]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        return {key: self.fill(properties.get(key, {}), key, open_refs) for key in schema.get("required", ())}

    def _array(self, schema: Schema, name: str, open_refs: frozenset[str]) -> list[Any]:
        first = schema.get("prefixItems", ())
        items = schema.get("items") or {}
        length = max(schema.get("minItems", 0), len(first))
        return [self.fill(first[index] if index < len(first) else items, name, open_refs) for index in range(length)]

    def _string(self, schema: Schema, name: str, open_refs: frozenset[str]) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        shortest, longest = schema.get("minLength", 0), schema.get("maxLength")
        for word in self._facts.words:
            if shortest <= len(word) and (longest is None or len(word) <= longest):
                self._facts.words.remove(word)
                return word
        return name.ljust(shortest, ".")[:longest]

    def _number(self, schema: Schema, name: str, open_refs: frozenset[str]) -> float:
        for number in self._facts.numbers:
            if _fits(number, schema):
                self._facts.numbers.remove(number)
                return number
        return _least_number(schema, step=0.5)

    def _integer(self, schema: Schema, name: str, open_refs: frozenset[str]) -> int:
        for number in self._facts.numbers:
            if number.is_integer() and _fits(number, schema):
                self._facts.numbers.remove(number)
                return int(number)
        return int(_least_number(schema, step=1))

    def _boolean(self, schema: Schema, name: str, open_refs: frozenset[str]) -> bool:
        return False

    def _null(self, schema: Schema, name: str, open_refs: frozenset[str]) -> None:
        return None


_BY_TYPE: dict[str, Callable[[_Filler, Schema, str, frozenset[str]], Any]] = {
    "object": _Filler._object,
    "array": _Filler._array,
    "string": _Filler._string,
    "number": _Filler._number,
    "integer": _Filler._integer,
    "boolean": _Filler._boolean,
    "null": _Filler._null,
}


def _type_of(schema: Schema) -> str:
    declared = schema.get("type")
    if isinstance(declared, list):
        declared = next((name for name in declared if name != "null"), "null")
    if declared is None:
        declared = "object" if "properties" in schema else "string"
    return str(declared)


def _first_branch(branches: Sequence[Schema], open_refs: frozenset[str]) -> Schema:
    return next((branch for branch in branches if branch.get("$ref") not in open_refs), branches[-1])


def _fits(number: float, schema: Schema) -> bool:
    checks = (
        number >= schema.get("minimum", number),
        number <= schema.get("maximum", number),
        number > schema.get("exclusiveMinimum", number - 1),
        number < schema.get("exclusiveMaximum", number + 1),
        number % schema.get("multipleOf", number or 1) == 0,
    )
    return all(checks)


def _least_number(schema: Schema, step: float) -> float:
    """0 where it fits, else the nearest bound, stepped off where the bound itself is excluded."""
    step = schema.get("multipleOf", step)
    candidates = [
        0,
        schema.get("minimum", 0),
        schema.get("exclusiveMinimum", 0) + step,
        schema.get("maximum", 0),
        schema.get("exclusiveMaximum", 0) - step,
    ]
    return next((number for number in candidates if _fits(number, schema)), step)
