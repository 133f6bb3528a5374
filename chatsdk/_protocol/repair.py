"""Reads JSON that is not quite what the API answers: the slow way, taken only where the typed decoder has refused.

The shape asked for says what each odd value must have meant: `null` is absent, numbers come as text and text as
numbers, an object where text belongs is its JSON. A single value that cannot be meant in any way is left out.
One pass over the document.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import inspect

ABSENT = object()

Halves = dict[tuple[Any, str], str]
"""By choice and member of its delta, the first half of a surrogate pair whose other half is still to come."""

TEXTS = ("content", "refusal", "reasoning_content", "reasoning")
"""Members of a delta whose pieces may be cut within a character."""


def read_odd_json(body: bytes, halves: Halves | None = None) -> Any:
    """The document, with bad UTF-8 and lone surrogates replaced, `NaN` and infinities as `None`.

    With `halves` it is a chunk: the first half of a surrogate pair at the end of a text is kept there, to be joined
    with the other in a later chunk. Raises `ValueError` for what is no JSON even so, `RecursionError` for what is
    nested too deeply.
    """
    document = json.loads(body.decode("utf-8-sig", "replace"), parse_constant=lambda name: None)
    if not halves and b"\\ud" not in body.lower():
        return document
    if halves is not None and isinstance(document, dict) and isinstance(document.get("choices"), list):
        for choice in document["choices"]:
            if isinstance(choice, dict) and isinstance(choice.get("delta"), dict):
                _carry_halves(choice, halves)
    return _joined(document)


def mend(document: Any, cls: type) -> Any:
    """The document in the shape of a Struct, as far as it can be brought into it.

    Raises `ValueError` where something that holds more than a single value is of another kind.
    """
    return _mended(document, inspect.type_info(cls))


def _carry_halves(choice: dict[str, Any], halves: Halves) -> None:
    """Put the half kept before a text before it, and keep the one at its end; the choice's end gives it up."""
    delta, is_over = choice["delta"], bool(choice.get("finish_reason"))
    for name in TEXTS:
        place = (str(choice.get("index")), name)
        text = delta.get(name)
        if not isinstance(text, str) and not (is_over and place in halves):
            continue
        text = halves.pop(place, "") + (text or "")
        if "\ud800" <= text[-1:] <= "\udbff" and not is_over:
            halves[place] = text[-1]
            text = text[:-1]
        delta[name] = text


def _joined(value: Any) -> Any:
    """Surrogates that JSON escaped one by one, joined to characters or replaced."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_joined(item) for item in value]
    if isinstance(value, dict):
        return {_joined(name): _joined(item) for name, item in value.items()}
    return value


def _mended(value: Any, shape: inspect.Type) -> Any:
    if value is None:
        return ABSENT
    if isinstance(shape, inspect.UnionType):
        fits = [kind for kind in shape.types if type(value) is JSON_TYPES.get(type(kind))]
        likely = fits or [kind for kind in shape.types if not isinstance(kind, inspect.NoneType)]
        return _mended(value, likely[0])
    mender = MENDERS.get(type(shape))
    return value if mender is None else mender(value, shape)


def _mended_struct(value: Any, shape: Any) -> Any:
    if not isinstance(value, dict):
        return _nothing(value)
    fields = ((field.encode_name, _mended(value.get(field.encode_name), field.type)) for field in shape.fields)
    return {name: member for name, member in fields if member is not ABSENT}


def _mended_list(value: Any, shape: Any) -> Any:
    if not isinstance(value, list):
        return _nothing(value)
    items = (_mended(item, shape.item_type) for item in value)
    return [item for item in items if item is not ABSENT]


def _nothing(value: Any) -> Any:
    """An empty value of the wrong kind is absent; one that holds something is not to be lost silently."""
    if value:
        raise ValueError(f"{type(value).__name__} in a place of another kind")
    return ABSENT


def _mended_dict(value: Any, shape: Any) -> Any:
    if not isinstance(value, dict):
        return _nothing(value)
    members = ((name, _mended(item, shape.value_type)) for name, item in value.items())
    return {name: item for name, item in members if item is not ABSENT}


def _mended_text(value: Any, shape: Any) -> Any:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _mended_number(value: Any, shape: Any) -> Any:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return ABSENT
    return number if math.isfinite(number) else ABSENT


def _mended_integer(value: Any, shape: Any) -> Any:
    if type(value) is int:
        return value
    number = _mended_number(value, shape)
    return ABSENT if number is ABSENT else int(number)


def _mended_truth(value: Any, shape: Any) -> Any:
    return value if isinstance(value, bool) else ABSENT


MENDERS: Mapping[type[inspect.Type], Callable[[Any, Any], Any]] = {
    inspect.StructType: _mended_struct,
    inspect.ListType: _mended_list,
    inspect.DictType: _mended_dict,
    inspect.StrType: _mended_text,
    inspect.FloatType: _mended_number,
    inspect.IntType: _mended_integer,
    inspect.BoolType: _mended_truth,
}

JSON_TYPES: Mapping[type[inspect.Type], type] = {
    inspect.StructType: dict,
    inspect.DictType: dict,
    inspect.ListType: list,
    inspect.StrType: str,
    inspect.FloatType: float,
    inspect.IntType: int,
    inspect.BoolType: bool,
}
