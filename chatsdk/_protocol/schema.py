"""`strict_schema` and `response_format`: a Python type as the schema an answer is held to."""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from ..types._base import UNSET
from ..types.parameter import JSONSchema as JSONSchemaParam
from ..types.parameter import ResponseFormatJSONSchema
from .output import Output, output_of
from .schema_json import JSONSchema


def strict_schema(type: Any) -> JSONSchema:
    """The JSON Schema of a type, as strict mode takes it; a list, scalar or union stands under the property `value`.

    The type is a `msgspec.Struct`, dataclass, TypedDict, NamedTuple, enum, pydantic model, or made of such. Fields with
    a default are required and nullable, as strict mode wants it; null in an answer means the default, but for a field
    that may be None. `UsageError` with the path for what strict mode cannot say: maps with any keys, `Any`, tuples of
    several types.
    """
    return copy.deepcopy(output_of(type).schema)


def response_format(type: Any) -> JSONSchema:
    """A type as the parameter `response_format` of a request. `UsageError` as `strict_schema`."""
    value: JSONSchema = msgspec.to_builtins(format_of(output_of(type)))
    return value


def format_of(output: Output[Any]) -> ResponseFormatJSONSchema:
    """The same for what is known of a type already."""
    about = output.description or UNSET
    return ResponseFormatJSONSchema(JSONSchemaParam(output.name, about, output.schema, output.is_strict))
