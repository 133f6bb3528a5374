"""What stands in a type: bare of its wrappers, the items of a list, the fields of an object."""

from __future__ import annotations

import collections.abc
import dataclasses
import importlib
import types
import typing
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec

from .schema_plain import is_model

LISTS = (list, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Collection)
SETS = (set, frozenset, collections.abc.Set, collections.abc.MutableSet)

WRAPPERS = frozenset({"Required", "NotRequired", "ReadOnly", "Final"})

CONSTRAINTS = ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length", "tz")


class Bare(NamedTuple):
    """A type without what is wrapped around it.

    `is_checked`: there are constraints, which a part of a text may not keep to. `is_changed`: something of others may
    change the value after it was read.
    """

    type: Any
    is_checked: bool = False
    is_changed: bool = False


class Field(NamedTuple):
    """A field of an object: its name in Python, its type, and what makes its default, if it has one."""

    key: str
    type: Any
    default: Callable[[], Any] | None = None


def bare(type: Any) -> Bare:
    notes: list[Any] = []
    while True:
        named = getattr(type, "__supertype__", None) or getattr(type, "__value__", None)  # NewType, TypeAliasType
        if named is not None:
            type = named
        elif get_origin(type) is Annotated:
            notes += type.__metadata__
            type = type.__origin__
        elif getattr(get_origin(type), "_name", None) in WRAPPERS:
            (type,) = get_args(type)
        else:
            is_checked = any(is_constraint(note) for note in notes)
            return Bare(type, is_checked, not all(is_constraint(note) or is_comment(note) for note in notes))


def is_constraint(note: Any) -> bool:
    """Whether a note to a type says which values are right; those of `annotated_types` are how pydantic says it."""
    if isinstance(note, msgspec.Meta):
        return any(getattr(note, name) is not None for name in CONSTRAINTS)
    return type(note).__module__.partition(".")[0] == "annotated_types"


def is_comment(note: Any) -> bool:
    return isinstance(note, msgspec.Meta | str)


def options(type: Any) -> list[Any]:
    """The types of a union, `UnsetType` left out, which no JSON is; of another type itself."""
    if get_origin(type) not in (Union, types.UnionType):
        return [type]
    return [option for option in get_args(type) if option is not msgspec.UnsetType]


def item_of(type: Any) -> tuple[Any] | None:
    """What the items of a list, a set or a `tuple[X, ...]` are, which may be None as well; else `None`."""
    found = [option for option in options(bare(type).type) if option is not types.NoneType]
    if len(found) != 1:
        return None
    only = bare(found[0]).type
    origin, args = get_origin(only) or only, get_args(only)
    if origin in LISTS + SETS or (origin is tuple and args[1:] in ((), (...,))):
        return (args[0] if args else Any,)
    return None


def fields_of(cls: Any) -> dict[str, Field]:
    """The fields of a class that is made of such, by their names in JSON; of others none."""
    origin = get_origin(cls) or cls
    if is_struct(origin):
        found = msgspec.structs.fields(cls)
        return {each.encode_name: Field(each.name, each.type, _default(each, msgspec.NODEFAULT)) for each in found}
    if is_model(origin):
        return _model_fields(origin)
    if dataclasses.is_dataclass(origin):
        hints = _hints(cls)
        return {
            each.name: Field(each.name, hints[each.name], _default(each, dataclasses.MISSING))
            for each in dataclasses.fields(origin)
        }
    if typing.is_typeddict(origin) or hasattr(origin, "_fields") or hasattr(origin, "__attrs_attrs__"):
        return {name: Field(name, hint) for name, hint in _hints(cls).items()}
    return {}


def is_struct(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, msgspec.Struct)


def root_model(type: Any) -> Any:
    """The model of pydantic that is a value of this type and nothing else; `root` is the value."""
    return importlib.import_module("pydantic").RootModel[type]


def _default(field: Any, nothing: object) -> Callable[[], Any] | None:
    if field.default_factory is not nothing:
        return typing.cast("Callable[[], Any]", field.default_factory)
    return None if field.default is nothing else partial(same, field.default)


def same(value: Any) -> Any:
    return value


def _model_fields(cls: Any) -> dict[str, Field]:
    found = {}
    for key, field in cls.model_fields.items():
        hint = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        default = None if field.is_required() else partial(field.get_default, call_default_factory=True)
        name = "value" if cls.__pydantic_root_model__ else field.validation_alias or key
        found[name] = Field(key, hint, default)
    return found


def _hints(cls: Any) -> dict[str, Any]:
    """The types of a class's fields, with what the class is generic in put in its place."""
    given = _given(cls)
    hints = typing.get_type_hints(get_origin(cls) or cls, include_extras=True)
    return {name: _filled(hint, given) for name, hint in hints.items()}


def _given(cls: Any) -> dict[Any, Any]:
    """What stands for each type variable of a class and of those it is derived from."""
    origin = get_origin(cls) or cls
    given = dict(zip(getattr(origin, "__parameters__", ()), get_args(cls), strict=False))
    for base in vars(origin).get("__orig_bases__") or getattr(origin, "__bases__", ()):
        if get_origin(base) is not typing.Generic:
            given.update(_given(_filled(base, given)))
    return given


def _filled(hint: Any, given: Mapping[Any, Any]) -> Any:
    if isinstance(hint, TypeVar):
        return given.get(hint, hint)
    inner = getattr(hint, "__parameters__", ())
    return hint[tuple(given.get(each, each) for each in inner)] if inner and get_args(hint) else hint
