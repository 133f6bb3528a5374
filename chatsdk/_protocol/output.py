"""Answers read as types: what a model wrote, leniently where strict mode or its absence makes it write so.

The schema that is sent and the reading of what comes back belong to one `Output`, made once for a type.
"""

from __future__ import annotations

import json
import re
import typing
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import Any, Generic, TypeVar

import msgspec

from .schema_fit import Fit, told_path
from .schema_json import JSONSchema, resolve
from .schema_plain import is_hashable, is_model, plain_schema, type_label
from .schema_strict import loose, object_root, strict

T = TypeVar("T")

PATH = re.compile(r" - at (?:`key` in )?`(\$[^`]*)`$")

MAX_NAME = 64

FENCE = re.compile(r"^[ \t]*```[\w-]*\s*", re.MULTILINE)

BRACKET = re.compile(r"[{\[]")

TOO_DEEP = "JSON is nested too deep"

MAX_TRIES = 64
"""How many brackets and fences of an answer in prose are tried as the start of its JSON."""


class InvalidOutput(ValueError):  # noqa: N818
    """Text that is not the JSON asked for; `path` is where, such as `$.days[3].price`; `None` for no JSON at all."""

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path


class Output(Generic[T]):
    """A type that an answer shall have: its schema, and how JSON is read as it.

    `UsageError`, with the path, for a type that strict mode cannot say. With `is_strict` false the schema is a plain
    one, for what cannot be strict: maps with any keys, `Any`, tuples of several types.
    """

    def __init__(self, type: Any, *, strict: bool = True) -> None:
        label = type_label(type)
        plain = plain_schema(type)
        self.type = type
        self.is_strict = strict
        self.name = re.sub(r"[^a-zA-Z0-9_-]+", "_", label).strip("_")[:MAX_NAME] or "output"
        self.is_wrapped = object_root(plain) is None
        self.description: str | None = resolve(plain, plain.get("$defs", {})).get("description")
        self.schema = _sent(plain, label, strict)  # what is sent, one for all calls: not to be changed
        self._fit = Fit(plain)
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(type, dec_hook=_read_custom)

    def __repr__(self) -> str:
        return f"Output({type_label(self.type)})"

    def decode(self, text: str | bytes) -> T:
        """Read JSON text; `InvalidOutput` if it is none, or not of the type.

        A list, scalar or union may stand under `value`, as the schema has it, or by itself.
        """
        try:
            if not (self.is_wrapped or self._fit.is_for_arrays):
                try:
                    return self._decoder.decode(text)
                except msgspec.ValidationError:
                    if not self._fit.is_needed:
                        raise
            value = msgspec.json.decode(text)
        except RecursionError:
            raise InvalidOutput(TOO_DEEP) from None
        except ValueError as error:
            raise _invalid(error, {}, "$") from error
        return self._unwrapped(value) if self.is_wrapped else self.convert(value)

    def convert(self, value: Any) -> T:
        """Read plain JSON values, already unwrapped; `InvalidOutput` if they are not of the type."""
        return self._read(value, "$")

    def _read(self, value: Any, place: str) -> T:
        positions: dict[str, list[str]] = {}
        try:
            fitted = self._fit(value, positions) if self._fit.is_needed else value
            return typing.cast(T, msgspec.convert(fitted, self.type, dec_hook=_read_custom, str_keys=True))
        except RecursionError:
            raise InvalidOutput(TOO_DEEP) from None
        except ValueError as error:
            raise _invalid(error, positions, place) from error

    def _unwrapped(self, value: Any) -> T:
        if not isinstance(value, dict) or value.keys() != {"value"}:
            return self.convert(value)
        try:
            return self._read(value["value"], "$.value")
        except InvalidOutput:
            with suppress(InvalidOutput):  # an object that is not wrapped may have a field of this name
                return self.convert(value)
            raise


@lru_cache(maxsize=512, typed=True)
def _cached(type: Any) -> Output[Any]:
    return Output(type)


def output_of(type: Any) -> Output[Any]:
    """The `Output` of a type, made once. `UsageError` if strict mode cannot say it."""
    return _cached(type) if is_hashable(type) else Output(type)


def read_json(text: str) -> str:
    """The JSON in an answer of a model without grammar: all of it, in a fence, or amid prose; else the text itself.

    Amid prose it is the longest piece that starts at a bracket and is JSON; of equal ones the first.
    """
    text = text.strip()
    fences = [fence.end() for fence in islice(FENCE.finditer(text), MAX_TRIES)]
    for start in (0, *fences):
        if found := _json_at(text, start):
            return found
    if fences:
        return text[fences[0] :].partition("```")[0].strip()
    pieces, end = [""], 0
    for bracket in islice(BRACKET.finditer(text), MAX_TRIES):
        if bracket.start() >= end and (found := _json_at(text, bracket.start())):
            pieces.append(found)
            end = bracket.start() + len(found)
    return max(pieces, key=len) or text


def _json_at(text: str, start: int) -> str:
    """The object or array that starts here, or nothing."""
    if not BRACKET.match(text, start):
        return ""
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return ""
    return text[start:end]


def _sent(plain: JSONSchema, label: str, is_strict: bool) -> JSONSchema:
    return strict(plain, label) if is_strict else loose(plain, label)


class _ModelError(ValueError):
    """What pydantic said of a value: words and a path inside of it, for each error."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(words for words, _ in found))
        self.found = found


def _read_custom(cls: Any, value: Any) -> Any:
    """Read a value as a class that msgspec does not know: a pydantic model; what is no such is left to msgspec."""
    if not is_model(cls):
        return value
    try:
        return cls.model_validate_json(json.dumps(value))
    except ValueError as error:
        if not hasattr(error, "errors"):
            raise
        found = [(each["msg"], _place(each["loc"], value)) for each in error.errors()]
        raise _ModelError(found) from error


def _place(steps: tuple[str | int, ...], value: Any) -> str:
    """The path of an error that pydantic tells by steps, of which some are names of types and no keys."""
    path = ""
    for number, step in enumerate(steps, 1):
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            path, value = f"{path}[{step}]", value[step]
        elif isinstance(value, dict) and (step in value or number == len(steps)):
            path, value = f"{path}.{step}", value.get(step)
    return path


def _invalid(error: ValueError, positions: dict[str, list[str]], root: str) -> InvalidOutput:
    """Our error for msgspec's or pydantic's, with a path into the JSON that came, whose value read stands at `root`."""
    if isinstance(error, UnicodeError):
        return InvalidOutput(f"The text is not UTF-8: {error}")
    words, found = str(error), PATH.search(str(error))
    if found:
        words, root = words[: found.start()], root + told_path(found[1], positions)[1:]
    elif isinstance(error, msgspec.DecodeError) and not isinstance(error, msgspec.ValidationError):
        return InvalidOutput(words)
    said = error.__cause__.found if isinstance(error.__cause__, _ModelError) else [(words, "")]
    lines = [f"{each} - at `{root}{inner}`" if root + inner != "$" else each for each, inner in said]
    path = root + said[0][1]
    return InvalidOutput("\n".join(lines), path)
