"""An answer of a type, while it comes: a view of it that grows, or the items of its list, one after another."""

from __future__ import annotations

import re
import typing
from collections.abc import Collection, Set
from typing import Any, Generic, TypeVar

from ..errors import UsageError
from .output import InvalidOutput, Output
from .partial_fields import bare, fields_of, item_of, root_model
from .partial_items import ItemReader
from .partial_json import PartialReader
from .partial_places import RootTarget
from .partial_types import shape_of
from .schema_plain import is_model

T = TypeVar("T")

OBJECT_START = re.compile(r"\{")
ANY_START = re.compile(r"[{\[]")


class Partial(Generic[T]):
    """A view of a value whose JSON comes in pieces, cut anywhere.

    Words and fences before the first bracket and all after the last are passed over. `view` is `None` until something
    has come, then one object that grows: what it holds is a beginning (of texts and lists) or all of what the value
    will hold. A member that has not come, or is not valid, is an `AttributeError` (in a dict, not there). Texts, lists,
    dicts, Structs, dataclasses, TypedDicts and pydantic models grow; anything else is there when it is whole, as is a
    type that runs code of its own when one is made. Defaults are there once their object is closed.
    """

    def __init__(self, output: Output[T], *, max_depth: int = 128) -> None:
        shape = shape_of(output.type)
        self._root = RootTarget(shape, output.is_wrapped)
        is_list = shape.item is not None or item_of(output.type) is not None
        self._reader = PartialReader(self._root, ANY_START if is_list else OBJECT_START, max_depth)

    @property
    def view(self) -> T | None:
        return self._root.view  # type: ignore[no-any-return]

    def feed(self, text: str) -> bool:
        """Take in a piece; whether the view has changed.

        Raises `InvalidOutput` once this can become no JSON any more, or is more than `max_depth` levels deep.
        """
        return self._reader.feed(text)


class Elements(Generic[T]):
    """The items of a list as they become whole, each read as its type.

    The list is the answer itself or the field named, in JSON or in Python; without a name the only list there is.
    Raises `UsageError` where there is none, or no such one.
    """

    def __init__(self, output: Output[Any], field: str | None = None, *, max_depth: int = 128) -> None:
        name, self._key, item = _list_of(output, field)
        self._of_model = is_model(bare(output.type).type)
        self._output: Output[Any] = Output(root_model(item) if self._of_model else item, strict=False)
        self._reader = ItemReader(name, ANY_START if output.is_wrapped else OBJECT_START, max_depth)
        self._count = 0
        self._error: InvalidOutput | None = None

    def feed(self, text: str) -> list[T]:
        """The items that end in this piece.

        Raises `InvalidOutput` for one that is not of its type and for what is no JSON, when those before have been
        given: at once, or with the next call.
        """
        self._raise_error()
        try:
            self._reader.feed(text)
        except InvalidOutput as error:
            self._error = error
        items: list[T] = []
        try:
            for item in self._reader.take():
                items.append(self._read(item))
        except InvalidOutput as error:
            self._error = error
        if not items:
            self._raise_error()
        return items

    def finish(self, value: Any) -> list[T]:
        """Nothing more will come, and the whole was read as `value`: its items, if none could be given as they came.

        Raises `InvalidOutput` if those that were given are not as many as it has.
        """
        items = self._items_of(value)
        if not self._count:
            self._count, self._error = len(items), None
            return list(items)
        self._raise_error()
        has_repeats = isinstance(items, Set) and len(items) < self._count
        if len(items) != self._count and not has_repeats:
            raise InvalidOutput(f"{self._count} items were given, and the answer has {len(items)}")
        return []

    def _raise_error(self) -> None:
        if self._error:
            raise self._error

    def _read(self, item: str) -> T:
        try:
            made = self._output.decode(f'{{"value":{item}}}' if self._output.is_wrapped else item)
        except InvalidOutput as error:
            raise InvalidOutput(f"item {self._count + 1}: {error}", error.path) from error
        self._count += 1
        return typing.cast(T, made.root if self._of_model else made)

    def _items_of(self, value: Any) -> Collection[T]:
        if self._key:
            value = value.get(self._key) if isinstance(value, dict) else getattr(value, self._key)
        return value if isinstance(value, Collection) else ()  # None, or UNSET


def _list_of(output: Output[Any], field: str | None) -> tuple[str, str, Any]:
    """The name in JSON under which the list is, that in Python, and the type of its items."""
    root = item_of(output.type)
    if root and field is None:
        return "value", "", root[0]
    found = {name: (each, item_of(each.type)) for name, each in fields_of(bare(output.type).type).items()}
    lists = {name: (each.key, item[0]) for name, (each, item) in found.items() if item}
    fitting = [name for name, (key, _) in lists.items() if field is None or field in (name, key)]
    if len(fitting) == 1 or field in fitting:
        name = fitting[0] if len(fitting) == 1 else str(field)
        return name, *lists[name]
    there = f"its lists are {', '.join(map(repr, lists))}" if lists else "it has no list among its fields"
    wanted = "is no list by itself" if field is None else f"has no list {field!r}"
    raise UsageError(f"{output.name} {wanted}: {there}")
