"""How values of a type come: which of them can be shown before they are whole, and how.

What is not known to grow does not: it is shown when it is whole and valid. So are types that run code of their own
when one is made (`__post_init__`, validators of pydantic), since only that code knows what their members will be.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, get_args, get_origin

import msgspec

from ..errors import UsageError
from .output import InvalidOutput, Output
from .partial_fields import LISTS, bare, fields_of, is_struct, options, root_model, same
from .partial_views import DataclassRecord, DictRecord, Member, ModelRecord, Record, StructRecord
from .schema_plain import is_hashable, is_model, is_model_dataclass

MAPS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)

PLAIN_CONFIG = frozenset(
    {"alias_generator", "extra", "from_attributes", "frozen", "json_schema_extra", "populate_by_name", "title"}
)
"""Settings of a pydantic model that leave the values of its fields as they are."""


class Shape(msgspec.Struct, eq=False):
    """How values of a type come.

    `read` makes one of a whole plain value, or raises `InvalidOutput`. `is_text`: a text is shown as it grows. `item`:
    so is an array, of this. `record`: so is an object. `tags`: so is an object, as soon as its `tag_field` has come.
    """

    read: Callable[[Any], Any]
    is_text: bool = False
    item: Callable[[], Shape] | None = None
    record: Record | None = None
    tag_field: str = ""
    tags: Mapping[Any, Record] | None = None


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise InvalidOutput(f"Expected `{kind.__name__}`")
    return value


def _float(value: Any) -> float:
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise InvalidOutput("Number out of range") from None
    return typing.cast(float, _exactly(float, value))


def _plain() -> Shape:
    return PLAIN


PLAIN = Shape(same, is_text=True, item=_plain, record=DictRecord(dict, _plain))
"""JSON as it is."""

NOTHING = Shape(same)
"""What nobody has asked for."""

SIMPLE: Mapping[Any, Shape] = {
    Any: PLAIN,
    object: PLAIN,
    str: Shape(partial(_exactly, str), is_text=True),
    int: Shape(partial(_exactly, int)),
    bool: Shape(partial(_exactly, bool)),
    float: Shape(_float),
}


def shape_of(type: Any, of_model: bool = False) -> Shape:
    """The shape of a type, made once where it can be hashed; `of_model`: values are read as pydantic reads them."""
    return _cached(type, of_model) if is_hashable(type) else _made(type, of_model)


@lru_cache(maxsize=512, typed=True)
def _cached(type: Any, of_model: bool) -> Shape:
    return _made(type, of_model)


def _made(type: Any, of_model: bool) -> Shape:
    inner, is_checked, is_changed = bare(type)
    whole = Shape(_reader(type, of_model))
    found = [option for option in options(inner) if option is not types.NoneType]
    if is_changed or not found:
        return whole
    if len(found) > 1:
        return _tagged(found, whole)
    if found[0] is not inner:
        shape = shape_of(found[0], of_model)
        if types.NoneType in options(inner):
            shape = msgspec.structs.replace(shape, read=partial(_or_none, shape.read))
    elif is_hashable(inner) and inner in SIMPLE:
        shape = msgspec.structs.replace(SIMPLE[inner], read=whole.read) if of_model else SIMPLE[inner]
    else:
        shape = msgspec.structs.replace(whole, item=_item(inner, of_model), record=_record(inner, of_model))
    return msgspec.structs.replace(shape, read=whole.read, is_text=False) if is_checked else shape


def _reader(type: Any, of_model: bool) -> Callable[[Any], Any]:
    made: list[Output[Any]] = []

    def read(value: Any) -> Any:
        if not made:
            try:
                made.append(Output(root_model(type) if of_model else type, strict=False))
            except UsageError as error:  # it makes sense only in the class around it
                raise InvalidOutput(str(error)) from error
        found = made[0].convert(value)
        return found.root if of_model else found

    return read


def _or_none(read: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else read(value)


def _tagged(found: list[Any], whole: Shape) -> Shape:
    """A union of Structs with tags; any other union is shown when it is whole."""
    records = {}
    fields = set()
    for option in found:
        cls = get_origin(option) or option
        record = _record(option, False)
        if not is_struct(cls) or record is None:
            return whole
        fields.add(cls.__struct_config__.tag_field)
        records[cls.__struct_config__.tag] = record
    return msgspec.structs.replace(whole, tag_field=fields.pop(), tags=records)


def _item(inner: Any, of_model: bool) -> Callable[[], Shape] | None:
    if (get_origin(inner) or inner) not in LISTS:
        return None
    (item,) = get_args(inner) or (Any,)
    return partial(shape_of, item, of_model)


def _record(inner: Any, of_model: bool) -> Record | None:
    cls = get_origin(inner) or inner
    if cls in MAPS:
        key, value = get_args(inner) or (Any, Any)
        return DictRecord(dict, partial(shape_of, value, of_model)) if bare(key).type in (str, Any) else None
    if typing.is_typeddict(cls):
        return DictRecord(partial(_members, inner, of_model))
    if is_model(cls):
        return ModelRecord(cls, partial(_members, inner, True)) if _is_plain_model(cls) else None
    if hasattr(cls, "__post_init__") or is_model_dataclass(cls):
        return None
    if is_struct(cls):
        return StructRecord(cls, partial(_members, inner, of_model))
    return DataclassRecord(cls, partial(_members, inner, of_model)) if dataclasses.is_dataclass(cls) else None


def _members(inner: Any, of_model: bool) -> dict[str, Member]:
    return {
        name: Member(key, shape_of(type, of_model), default) for name, (key, type, default) in fields_of(inner).items()
    }


def _is_plain_model(cls: Any) -> bool:
    """Whether a model's fields are all there is to it: no validators, no settings that change values."""
    decorators = cls.__pydantic_decorators__
    return (
        not any(getattr(decorators, field.name) for field in dataclasses.fields(decorators))
        and not cls.__pydantic_post_init__
        and not cls.__pydantic_root_model__
        and cls.model_config.keys() <= PLAIN_CONFIG
        and all(map(_is_plain_field, cls.model_fields.values()))
    )


def _is_plain_field(field: Any) -> bool:
    """Whether a field has one name, a default that can be made by itself, and no code around it."""
    is_special = field.discriminator or field.deprecated or field.validate_default
    takes_data = getattr(field, "default_factory_takes_validated_data", False)  # not before pydantic 2.10
    return not is_special and not takes_data and isinstance(field.validation_alias, str | None)
