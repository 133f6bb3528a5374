"""Objects that lack what has not come: how they are made, filled, and become ordinary once they are whole.

A view of a Struct or a dataclass is of a subclass made here, in which a member that is not there is an
`AttributeError`, never a default, and `repr`, `==` and `copy` go by what is there. A whole object is of its own class
again.
"""

from __future__ import annotations

import copy
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

import msgspec

if TYPE_CHECKING:
    from .partial_types import Shape

SET_CLASS: Callable[[Any, type], None] = object.__dict__["__class__"].__set__
"""Goes by no `__setattr__`: frozen objects have one."""


class Member(NamedTuple):
    """A member of an object: its name in Python, how its values come, and what makes its default, if it has one."""

    key: str
    shape: Shape
    default: Callable[[], Any] | None


class Record(ABC):
    """How objects of a class come about. `members` is asked for when the first name comes, for types that recur."""

    def __init__(self, cls: Any, members: Callable[[], Mapping[str, Member]]) -> None:
        self._cls = cls
        self._members = members

    @cached_property
    def members(self) -> Mapping[str, Member]:
        """By the name in JSON."""
        return self._members()

    def member(self, name: str) -> Member | None:
        return self.members.get(name)

    @abstractmethod
    def make(self) -> Any:
        """An object without any member."""

    @abstractmethod
    def put(self, target: Any, key: str, value: Any) -> None:
        """Set a member, whatever the class says to that."""

    def get(self, target: Any, key: str) -> Any:
        """Raises `AttributeError` for what has not come."""
        return object.__getattribute__(target, key)

    def present(self, target: Any) -> Iterator[tuple[str, Any]]:
        """The members that are there, in the order of the class."""
        for member in self.members.values():
            with suppress(AttributeError):
                yield member.key, self.get(target, member.key)

    def finish(self, target: Any) -> bool:
        """No more will come: the rest are defaults, and the object is whole if nothing else lacks. Any defaults?"""
        there = dict(self.present(target))
        missing = [member for member in self.members.values() if member.key not in there]
        if any(member.default is None for member in missing):
            return False
        for key, _, default in missing:
            self.put(target, key, default())  # type: ignore[misc]
        self.settle(target)
        return bool(missing)

    def settle(self, target: Any) -> None:
        """Make the class of a whole object its own."""
        with suppress(TypeError):  # a class of unusual layout: it stays a view, that lacks nothing
            SET_CLASS(target, self._cls)


class DictRecord(Record):
    """A dict, and a TypedDict: any members, or those it names."""

    def __init__(self, members: Callable[[], Mapping[str, Member]], rest: Callable[[], Shape] | None = None) -> None:
        super().__init__(dict, members)
        self._rest = rest

    def member(self, name: str) -> Member | None:
        return Member(name, self._rest(), None) if self._rest else self.members.get(name)

    def make(self) -> Any:
        return {}

    def put(self, target: Any, key: str, value: Any) -> None:
        target[key] = value

    def get(self, target: Any, key: str) -> Any:
        return target[key]

    def finish(self, target: Any) -> bool:
        return False


class StructRecord(Record):
    """A `msgspec.Struct`, whose slots can be emptied but only be made full."""

    @cached_property
    def _view(self) -> tuple[Any, Mapping[str, None], list[Callable[[Any], None]]]:
        names = dict.fromkeys(self._cls.__struct_fields__)
        return view_class(self, self._cls, {}), names, [getattr(self._cls, name).__delete__ for name in names]

    def make(self) -> Any:
        view, nothing, deletes = self._view
        made = view(**nothing)
        for delete in deletes:
            delete(made)
        return made

    def put(self, target: Any, key: str, value: Any) -> None:
        msgspec.structs.force_setattr(target, key, value)


class DataclassRecord(Record):
    """A dataclass, with or without slots."""

    @cached_property
    def _view(self) -> Any:
        cls = self._cls
        if not cls.__dictoffset__:
            return view_class(self, cls, {"__slots__": ()})
        keys = [member.key for member in self.members.values()]
        return view_class(self, cls, {key: NotYet(key) for key in keys if not is_slot(cls, key)})

    def make(self) -> Any:
        return object.__new__(self._view)

    def put(self, target: Any, key: str, value: Any) -> None:
        object.__setattr__(target, key, value)


class ModelRecord(Record):
    """A pydantic model: its members are a dict of its own, and it needs no other class to lack some."""

    def make(self) -> Any:
        made = self._cls.__new__(self._cls)
        object.__setattr__(made, "__dict__", {})
        object.__setattr__(made, "__pydantic_fields_set__", set())
        object.__setattr__(made, "__pydantic_extra__", None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made

    def put(self, target: Any, key: str, value: Any) -> None:
        target.__dict__[key] = value
        target.__pydantic_fields_set__.add(key)

    def finish(self, target: Any) -> bool:
        given = set(target.__pydantic_fields_set__)
        changed = super().finish(target)
        object.__setattr__(target, "__pydantic_fields_set__", given)
        return changed

    def settle(self, target: Any) -> None:
        pass


class NotYet:
    """Stands in a view class where its dataclass has a default; what an instance has goes before it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: object) -> Any:
        raise AttributeError(f"{self.name!r} has not come yet")


class View:
    """What the view classes of Structs and of dataclasses do by what is there."""

    __slots__ = ()
    __view__: Record

    def __init_subclass__(cls, **options: Any) -> None:
        """Not the one of the class viewed, which is not to know of this."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        return self.__view__.present(self)

    def __eq__(self, other: object) -> bool:
        record = self.__view__
        return isinstance(other, record._cls) and dict(record.present(self)) == dict(record.present(other))

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Any:
        made = self.__view__.make()
        for key, value in self.__view__.present(self):
            self.__view__.put(made, key, value)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = memo[id(self)] = self.__view__.make()
        for key, value in self.__view__.present(self):
            self.__view__.put(made, key, copy.deepcopy(value, memo))
        return made


METHODS = {
    name: vars(View)[name] for name in ("__repr__", "__rich_repr__", "__eq__", "__hash__", "__copy__", "__deepcopy__")
}


def view_class(record: Record, cls: Any, members: Mapping[str, Any]) -> Any:
    """A subclass with the methods of `View`: its own, for only a single base has just the layout of that base.

    A class that wants to be told of its subclasses gets `View` before it, and may stay a view for ever.
    """
    names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__view__": record, **members}
    if any("__init_subclass__" in vars(base) for base in cls.__mro__ if base not in (object, Generic)):
        bases: tuple[type, ...] = (View, cls)
    else:
        bases = (cls,)
        names |= METHODS
    return types.new_class(cls.__name__, bases, {}, lambda namespace: namespace.update(names))


def is_slot(cls: type, key: str) -> bool:
    return hasattr(getattr(cls, key, None), "__set__")
