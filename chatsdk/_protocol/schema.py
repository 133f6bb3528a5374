"""`strict_schema` and `response_format`: a Python type as the schema an answer is held to."""

from __future__ import annotations

from typing import Any

from .output import output_of
from .schema_json import JSONSchema


def strict_schema(type: Any) -> JSONSchema:
    """The JSON Schema of a type, as strict mode takes it; a list, scalar or union stands under the property `value`.

    The type is a `msgspec.Struct`, dataclass, TypedDict, NamedTuple, enum, pydantic model, or made of such. Fields with
    a default are required and nullable, as strict mode wants it; null in an answer means the default, but for a field
    that may be None. `UsageError` with the path for what strict mode cannot say: maps with any keys, `Any`, tuples of
    several types.
    """
    return output_of(type).schema


def response_format(type: Any) -> JSONSchema:
    """A type as the parameter `response_format` of a request. `UsageError` as `strict_schema`."""
    output = output_of(type)
    about = {"description": output.description} if output.description else {}
    return {
        "type": "json_schema",
        "json_schema": {"name": output.name, **about, "schema": output.schema, "strict": True},
    }
