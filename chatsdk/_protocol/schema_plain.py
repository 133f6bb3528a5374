"""What a type is as JSON, as a plain JSON Schema: before strict mode has its say, and what values are fitted by.

msgspec tells what it reads; here NamedTuples and `array_like` Structs are objects with names, since a model that is
asked for the third item of an array does worse than one asked for `price`. Two marks of our own stand in the schema:
`POSITIONS`, on an object that is read from an array, and `REFUSED`, on what no schema can say, with the reason.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import NODEFAULT, UNSET
from msgspec import inspect as mi

from ..errors import UsageError
from .schema_json import REF, JSONSchema, enum_schema, without

POSITIONS = "x-positions"
REFUSED = "x-refused"

SCALARS: Mapping[type[mi.Type], JSONSchema] = {
    mi.AnyType: {},
    mi.RawType: {},
    mi.NoneType: {"type": "null"},
    mi.BoolType: {"type": "boolean"},
    mi.IntType: {"type": "integer"},
    mi.FloatType: {"type": "number"},
    mi.StrType: {"type": "string"},
    mi.BytesType: {"type": "string", "contentEncoding": "base64"},
    mi.ByteArrayType: {"type": "string", "contentEncoding": "base64"},
    mi.MemoryViewType: {"type": "string", "contentEncoding": "base64"},
    mi.DateType: {"type": "string", "format": "date"},
    mi.TimeDeltaType: {"type": "string", "format": "duration", "description": "without years and months"},
    mi.UUIDType: {"type": "string", "format": "uuid"},
    mi.DecimalType: {"type": "string", "format": "decimal"},
}

TIMES: Mapping[tuple[type[mi.Type], bool | None], JSONSchema] = {
    (mi.DateTimeType, None): {"type": "string", "format": "date-time"},
    (mi.DateTimeType, True): {"type": "string", "format": "date-time"},
    (mi.DateTimeType, False): {"type": "string", "description": "a date and time without offset: 2031-05-28T16:30:00"},
    (mi.TimeType, None): {"type": "string", "format": "time"},
    (mi.TimeType, True): {"type": "string", "format": "time"},
    (mi.TimeType, False): {"type": "string", "description": "a time without offset: 16:30:00"},
}

NUMBER_LIMITS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
}

LIMITS: Mapping[type[mi.Type], Mapping[str, str]] = {
    mi.IntType: NUMBER_LIMITS,
    mi.FloatType: NUMBER_LIMITS,
    mi.StrType: {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"},
    mi.CollectionType: {"min_length": "minItems", "max_length": "maxItems"},
    mi.DictType: {"min_length": "minProperties", "max_length": "maxProperties"},
}

ADVICE: Mapping[str, str] = {
    "custom type": "; let it be a field of a pydantic model, which reads any union of models",
    "more than one dataclass": "; make them Structs with a tag each",
    "more than one dict-like": "; make them Structs with a tag each",
    "more than one array-like": "; keep one of them",
    "more than one str-like": "; keep one of them",
    "more than one int-like": "; keep one of them",
}
"""What to write instead of a union that msgspec refuses, by a part of its words."""

OBJECTS = (mi.StructType, mi.DataclassType, mi.TypedDictType, mi.NamedTupleType)


def is_model(cls: Any) -> bool:
    """Whether a class is a pydantic model, told by its methods."""
    return isinstance(cls, type) and hasattr(cls, "model_json_schema") and hasattr(cls, "model_validate_json")


def is_hashable(type: Any) -> bool:
    """Whether a type can be remembered; one with a list or a dict in its `Annotated` cannot."""
    try:
        hash(type)
    except TypeError:
        return False
    return True


def is_model_dataclass(cls: Any) -> bool:
    """Whether a class is a dataclass of pydantic's, which only pydantic can make."""
    return hasattr(cls, "__pydantic_validator__") and not is_model(cls)


def plain_schema(type: Any) -> JSONSchema:
    """The schema of a type, its named classes under `$defs`; `UsageError` with the path of what msgspec cannot read."""
    try:
        info = mi.type_info(type)
    except Exception as error:
        path, reason = _blamed(type, type_label(type), ()) or (type_label(type), error)
        advice = next((advice for part, advice in ADVICE.items() if part in str(reason)), "")
        raise UsageError(f"{path}: {reason}{advice}") from error
    builder = _Builder()
    root = builder.node(info)
    return {**root, "$defs": builder.defs} if builder.defs else root


def type_label(type: Any) -> str:
    """A type as its author wrote it, without the modules: `list[Trip]`."""
    if typing.get_origin(type) is typing.Annotated:
        return type_label(typing.get_args(type)[0])
    if isinstance(type, types.GenericAlias) or not hasattr(type, "__name__") or typing.get_args(type):
        return re.sub(r"(?:\w+\.|<locals>\.)+(?=\w)", "", repr(type))
    return str(type.__name__)


class _Builder:
    """One schema in the making; a class is described once, under a name of its own in `defs`."""

    def __init__(self) -> None:
        self.defs: dict[str, JSONSchema] = {}
        self._refs: dict[Any, JSONSchema] = {}

    def node(self, info: mi.Type) -> JSONSchema:
        if isinstance(info, mi.Metadata):
            return {**self.node(info.type), **(info.extra_json_schema or {})}
        if isinstance(info, (*OBJECTS, mi.EnumType)):
            return self._named(info)
        if isinstance(info, mi.CustomType):
            return self._custom(info.cls)
        if isinstance(info, mi.CollectionType):
            unique = {"uniqueItems": True} if isinstance(info, mi.SetType | mi.FrozenSetType) else {}
            return {"type": "array", "items": self.node(info.item_type), **_limits(info), **unique}
        if isinstance(info, mi.TupleType):
            count = len(info.item_types)
            items = [self.node(item) for item in info.item_types]
            return {"type": "array", "prefixItems": items, "items": False, "minItems": count, "maxItems": count}
        if isinstance(info, mi.DictType):
            return {"type": "object", "additionalProperties": self.node(info.value_type), **_limits(info)}
        if isinstance(info, mi.UnionType):
            return self._union(info)
        if isinstance(info, mi.LiteralType):
            return enum_schema(list(info.values))
        return _scalar(info)

    def _named(self, info: Any) -> JSONSchema:
        if info.cls not in self._refs:
            name = self._free_name(type_label(info.cls))
            self._refs[info.cls] = {"$ref": REF + name}
            self.defs[name] = {}  # keeps its place in front of what it holds
            about = {"description": doc} if (doc := _own_doc(info)) else {}
            is_enum = isinstance(info, mi.EnumType)
            body = enum_schema([each.value for each in info.cls]) if is_enum else self._object(info)
            self.defs[name] = {**about, **body}
        return dict(self._refs[info.cls])

    def _object(self, info: Any) -> JSONSchema:
        label = type_label(info.cls)
        if is_model_dataclass(info.cls):
            return {REFUSED: f"msgspec would not check this dataclass of pydantic's; make {label} a BaseModel"}
        properties, required = {}, []
        if getattr(info, "tag_field", None):
            properties[info.tag_field] = enum_schema([info.tag])
            required.append(info.tag_field)
        for field in _in_order(info):
            node = properties[field.encode_name] = self.node(field.type)
            if node.get("enum") == [field.default]:
                node["default"] = field.default
            if field.required:
                required.append(field.encode_name)
        schema: JSONSchema = {"type": "object", "properties": properties, "required": required}
        if getattr(info, "forbid_unknown_fields", False):
            schema["additionalProperties"] = False
        if isinstance(info, mi.NamedTupleType) or getattr(info, "array_like", False):
            schema[POSITIONS] = info
            if any(map(_may_be_unset, info.fields)):
                return {REFUSED: f"{label} is read from an array, where nothing can be UNSET; use None"}
        return schema

    def _union(self, info: mi.UnionType) -> JSONSchema:
        bare = [each.type if isinstance(each, mi.Metadata) else each for each in info.types]
        objects = [each for each in bare if isinstance(each, (*OBJECTS, mi.DictType))]
        tags = {(each.tag_field, each.tag) for each in objects if isinstance(each, mi.StructType) and each.tag_field}
        if len(objects) > 1 and len(tags) < len(objects):
            return {REFUSED: "nothing tells these objects of a union apart; make them Structs with a tag each"}
        nulls_last = sorted(info.types, key=lambda each: isinstance(each, mi.NoneType))
        return {"anyOf": [self.node(each) for each in nulls_last]}

    def _custom(self, cls: Any) -> JSONSchema:
        if cls is object:
            return {}
        if not is_model(cls):
            return {REFUSED: f"{type_label(cls)} has no form in JSON; use a Struct, a dataclass or a plain type"}
        if cls not in self._refs:
            try:
                told = cls.model_json_schema()
            except Exception as error:
                return {REFUSED: f"pydantic gives no schema: {str(error).partition(chr(10))[0]}"}
            self._refs[cls] = self._adopt(told, cls)
        return dict(self._refs[cls])

    def _adopt(self, told: JSONSchema, cls: Any) -> JSONSchema:
        """Take over the schema of a model and its `$defs`, under names that are still free."""
        defs, body = told.get("$defs", {}), without(told, "$defs")
        new_names = {name: self._free_name(name, inner) for name, inner in defs.items()}
        self.defs |= {new_names[name]: _renamed(inner, new_names) for name, inner in defs.items()}
        if body.keys() == {"$ref"}:
            return dict(_renamed(body, new_names))
        name = self._free_name(type_label(cls), body)
        self.defs[name] = _renamed(body, new_names)
        return {"$ref": REF + name}

    def _free_name(self, label: str, body: JSONSchema | None = None) -> str:
        """A name for `$defs`: of letters that are allowed there, and nobody else's."""
        base = re.sub(r"[^a-zA-Z0-9_-]+", "_", label).strip("_")[:64] or "value"
        name, count = base, 1
        while name in self.defs and self.defs[name] != body:
            count += 1
            name = f"{base}_{count}"
        self.defs[name] = body or {}
        return name


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    if isinstance(schema, list):
        return [_renamed(each, names) for each in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {key: _renamed(value, names) for key, value in schema.items()}
    target = copy.get("$ref")
    if isinstance(target, str):
        name = target.removeprefix(REF)
        copy["$ref"] = REF + names.get(name, name)
    return copy


def _scalar(info: mi.Type) -> JSONSchema:
    if isinstance(info, mi.DateTimeType | mi.TimeType):
        return dict(TIMES[info.__class__, info.tz])
    if info.__class__ not in SCALARS:
        return {REFUSED: f"{info.__class__.__name__} has no form in JSON"}
    schema = {**SCALARS[info.__class__], **_limits(info)}
    if "contentEncoding" in schema:
        lengths = {"minLength": info.min_length, "maxLength": info.max_length}  # type: ignore[attr-defined]
        schema |= {key: 4 * ((count + 2) // 3) for key, count in lengths.items() if count is not None}
    return schema


def _limits(info: mi.Type) -> JSONSchema:
    names = next((names for kind, names in LIMITS.items() if isinstance(info, kind)), {})
    found = {keyword: getattr(info, name) for name, keyword in names.items()}
    return {keyword: value for keyword, value in found.items() if value is not None}


def _may_be_unset(field: mi.Field) -> bool:
    is_silent = field.default is NODEFAULT and field.default_factory is NODEFAULT
    return field.default is UNSET or (is_silent and not field.required)


def _in_order(info: Any) -> list[mi.Field]:
    """The fields as the class has them: msgspec sorts those of a TypedDict by name."""
    if not isinstance(info, mi.TypedDictType):
        return list(info.fields)
    order = list(getattr(info.cls, "__origin__", info.cls).__annotations__)
    return sorted(info.fields, key=lambda field: order.index(field.name))


def _own_doc(info: Any) -> str:
    """What the author wrote of the class, and not what dataclasses, NamedTuple or enum put there."""
    cls = getattr(info.cls, "__origin__", info.cls)
    doc = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    is_made = doc.startswith(f"{cls.__name__}(") and doc.endswith(")")
    return "" if is_made or doc == "An enumeration." else doc


def _blamed(type: Any, path: str, above: tuple[Any, ...]) -> tuple[str, Exception] | None:
    """The innermost part of a type that msgspec refuses, and why; `None` if it reads all but what stands above."""
    try:
        mi.type_info(type)
    except Exception as error:
        parts = list(_parts(type, path))
        new = [(inner, part) for inner, part in parts if all(part is not each for each in above)]
        found = (_blamed(part, inner, (*above, type)) for inner, part in new)
        own = (path, error) if len(new) == len(parts) else None
        return next(filter(None, found), own)
    return None


def _parts(type: Any, path: str) -> Iterator[tuple[str, Any]]:
    origin, args = typing.get_origin(type), typing.get_args(type)
    if origin is typing.Annotated:
        args = args[:1]
    is_inside = origin in (list, set, frozenset, tuple, dict)
    yield from ((f"{path}[]" if is_inside else path, each) for each in args if each is not ...)
    try:
        hints = typing.get_type_hints(origin or type, include_extras=True)
    except Exception:
        return  # a name that is not defined: the class itself is to blame
    yield from ((f"{path}.{name}", hint) for name, hint in hints.items())
