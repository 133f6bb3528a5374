"""What a type is as a schema for strict mode: a table of types, a table of refusals, and any type made of a grammar."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import re
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    TypedDict,
    TypeVar,
    Union,
)

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType, field

from chatsdk._protocol.output import Output
from chatsdk._protocol.schema import response_format, strict_schema
from chatsdk.errors import UsageError

JSON = dict[str, Any]

T = TypeVar("T")

KNOWN = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems", "maxItems"},
    "string": {"enum", "pattern", "format"},
    "integer": {"enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "number": {"enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "boolean": {"enum"},
    "null": set(),
}
"""The keywords of strict mode for each type, besides `type` and `description`."""


def assert_strict(schema: JSON) -> None:
    """The rules of strict mode, written down once more."""
    assert schema["type"] == "object"
    defs = schema.get("$defs", {})
    for name in defs:
        assert re.fullmatch(r"[a-zA-Z0-9_.-]{1,64}", name)
    for node in (dict(schema), *defs.values()):
        node.pop("$defs", None)
        assert_strict_node(node, defs)
    jsonschema.Draft202012Validator.check_schema(schema)


def assert_strict_node(node: JSON, defs: JSON) -> None:
    assert isinstance(node.get("description", "x"), str)
    assert node.get("description", "x")
    if "$ref" in node:
        assert node.keys() == {"$ref"}
        assert node["$ref"].removeprefix("#/$defs/") in defs
        return
    if "anyOf" in node:
        assert node.keys() <= {"anyOf", "description"}
        assert node["anyOf"]
        for each in node["anyOf"]:
            assert_strict_node(each, defs)
        return
    assert node.keys() - {"type", "description"} <= KNOWN[node["type"]]
    if node["type"] == "object":
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
        for each in node["properties"].values():
            assert_strict_node(each, defs)
    if node["type"] == "array":
        assert_strict_node(node["items"], defs)


def closed(**properties: JSON) -> JSON:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def wrapped(schema: JSON) -> JSON:
    return closed(value=schema)


def or_null(schema: JSON) -> JSON:
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> JSON:
    return {"$ref": f"#/$defs/{name}"}


TEXT: JSON = {"type": "string"}
WHOLE: JSON = {"type": "integer"}


class Point(Struct):
    """Where it is."""

    x: int
    y: int = 0


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    """How large."""

    SMALL = 1
    LARGE = 2


@dataclasses.dataclass
class Stop:
    name: Annotated[str, Meta(description="what a map calls it", max_length=20)]
    point: Annotated[Point, Meta(description="on the map")]
    colour: Colour = Colour.RED
    tags: list[str] = dataclasses.field(default_factory=list)


class Options(TypedDict):
    zebra: int
    apple: NotRequired[str]
    melon: NotRequired[str | None]


class Price(NamedTuple):
    amount: Decimal
    currency: str = "EUR"


class Node(Struct):
    name: str
    children: list[Node] = []


class Cat(Struct, tag="cat", tag_field="kind"):
    lives: int


class Dog(Struct, tag="dog", tag_field="kind"):
    name: str


class Numbered(Struct, tag=7):
    pass


class Row(Struct, array_like=True):
    a: int
    b: str | None = None


class Named(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    first_name: str
    last_name: str = field(default="", name="surname")
    middle_name: str | UnsetType = UNSET


class Page(Struct, Generic[T]):
    items: list[T]


@dataclasses.dataclass
class Pages(Generic[T]):
    pages: list[Page[T]]


class Chapter(Struct):
    parts: list[Chapter | Node] | None = None


def twin() -> type[Struct]:
    class Point(Struct):
        z: int

    return Point


class Twins(Struct):
    one: Point
    other: twin()  # type: ignore[valid-type]


class Either(Struct):
    one: int | str = 3


class Kinds(Struct):
    kind: Annotated[Literal["a"], Meta(description="its kind")] = "a"
    level: Literal[1] = 1
    other: Literal["a"] | None = None
    unset: Literal["a"] | UnsetType = UNSET
    several: Literal["a", "b"] = "a"


class Empty(Struct):
    pass


class Told(Struct):
    """A class
    of two lines.
    """

    a: Annotated[int, Meta(description="whole", ge=1, lt=9, multiple_of=2)]
    b: Annotated[float, Meta(gt=0, le=1.5)]
    c: Annotated[str, Meta(min_length=1, pattern="^a+$")]
    d: Annotated[str, Meta(pattern="^(?!x)", title="gone", examples=["y", "z"])]
    e: Annotated[list[int], Meta(min_length=1, max_length=3)]
    f: Annotated[str, Meta(extra_json_schema={"format": "email", "deprecated": True, "x-mine": 1})]
    g: Annotated[str, Meta(extra_json_schema={"format": "postcode", "not": {"const": "ü"}})]
    h: Annotated[str, Meta(max_length=1)] | None
    i: Annotated[Colour, Meta(extra_json_schema={"pattern": "^r"})]
    j: Annotated[bytes, Meta(max_length=3)]


ID = NewType("ID", int)

POINT = {"description": "Where it is.", **closed(x=WHOLE, y=or_null(WHOLE))}
COLOUR: JSON = {"type": "string", "enum": ["red", "blue"]}
CAT = closed(kind={"type": "string", "enum": ["cat"]}, lives=WHOLE)
DOG = closed(kind={"type": "string", "enum": ["dog"]}, name=TEXT)
NODE = closed(name=TEXT, children=or_null({"type": "array", "items": ref("Node")}))
PRICE = closed(amount={**TEXT, "description": "a decimal number"}, currency=or_null(TEXT))

CASES: list[tuple[Any, JSON, str, Any]] = [
    (Point, POINT, '{"x":1,"y":2}', Point(1, 2)),
    (
        Stop,
        {
            **closed(
                name={**TEXT, "description": "what a map calls it (at most 20 characters)"},
                point={"description": "on the map", "anyOf": [ref("Point")]},
                colour=or_null(ref("Colour")),
                tags=or_null({"type": "array", "items": TEXT}),
            ),
            "$defs": {"Point": POINT, "Colour": COLOUR},
        },
        '{"name":"a","point":{"x":1,"y":null},"colour":"blue","tags":[]}',
        Stop("a", Point(1), Colour.BLUE),
    ),
    (
        Options,
        closed(zebra=WHOLE, apple=or_null(TEXT), melon=or_null(TEXT)),
        '{"zebra":1,"apple":null,"melon":null}',
        {"zebra": 1, "melon": None},
    ),
    (Price, PRICE, '{"amount":"1.50","currency":null}', Price(Decimal("1.50"))),
    (Row, closed(a=WHOLE, b=or_null(TEXT)), '{"b":null,"a":1}', Row(1)),
    (Node, {**NODE, "$defs": {"Node": NODE}}, '{"name":"a","children":[{"name":"b","children":[]}]}', None),
    (Cat, CAT, '{"kind":"cat","lives":9}', Cat(9)),
    (Numbered, closed(type={"type": "integer", "enum": [7]}), '{"type":7}', Numbered()),
    (
        Cat | Dog,
        {**wrapped({"anyOf": [ref("Cat"), ref("Dog")]}), "$defs": {"Cat": CAT, "Dog": DOG}},
        '{"value":{"kind":"dog","name":"a"}}',
        Dog("a"),
    ),
    (
        None | Cat,
        {**wrapped(or_null(ref("Cat"))), "$defs": {"Cat": CAT}},
        '{"value":null}',
        None,
    ),
    (
        Named,
        closed(firstName=TEXT, surname=or_null(TEXT), middleName=or_null(TEXT)),
        '{"firstName":"a","surname":null,"middleName":null}',
        Named(first_name="a"),
    ),
    (
        Pages[Point],
        {
            **closed(pages={"type": "array", "items": ref("Page_Point")}),
            "$defs": {"Page_Point": closed(items={"type": "array", "items": ref("Point")}), "Point": POINT},
        },
        '{"pages":[{"items":[{"x":1,"y":2}]}]}',
        Pages([Page([Point(1, 2)])]),
    ),
    (
        Twins,
        {**closed(one=ref("Point"), other=ref("Point_2")), "$defs": {"Point": POINT, "Point_2": closed(z=WHOLE)}},
        '{"one":{"x":1,"y":2},"other":{"z":3}}',
        None,
    ),
    (
        Kinds,
        closed(
            kind={**TEXT, "enum": ["a"], "description": "its kind"},
            level={**WHOLE, "enum": [1]},
            other=or_null({**TEXT, "enum": ["a"]}),
            unset=or_null({**TEXT, "enum": ["a"]}),
            several=or_null({**TEXT, "enum": ["a", "b"]}),
        ),
        '{"kind":"a","level":1,"other":null,"unset":null,"several":null}',
        Kinds(),
    ),
    (Either, closed(one={"anyOf": [WHOLE, TEXT, {"type": "null"}]}), '{"one":null}', Either(3)),
    (Empty, closed(), "{}", Empty()),
    (Size, {**wrapped(ref("Size")), "$defs": {"Size": {**WHOLE, "enum": [1, 2], "description": "How large."}}}, "2", 2),
    (list[int], wrapped({"type": "array", "items": WHOLE}), '{"value":[1]}', [1]),
    (
        set[str],
        wrapped({"type": "array", "items": TEXT, "description": "no item twice"}),
        '["a","b"]',
        {"a", "b"},
    ),
    (frozenset[Size], None, '{"value":[1,1]}', frozenset({Size.SMALL})),
    (tuple[int, ...], wrapped({"type": "array", "items": WHOLE}), "[1,2,3]", (1, 2, 3)),
    (
        tuple[int, int],
        wrapped({"type": "array", "items": WHOLE, "minItems": 2, "maxItems": 2}),
        '{"value":[1,2]}',
        (1, 2),
    ),
    (str, wrapped(TEXT), '"a"', "a"),
    (float, wrapped({"type": "number"}), '{"value":1}', 1.0),
    (bool, wrapped({"type": "boolean"}), "true", True),
    (ID, wrapped(WHOLE), "1", 1),
    (Final[int], wrapped(WHOLE), "1", 1),
    (
        Union[int, None],  # noqa: UP007
        wrapped(or_null(WHOLE)),
        '{"value":null}',
        None,
    ),
    (int | str, wrapped({"anyOf": [WHOLE, TEXT]}), '{"value":"a"}', "a"),
    (list[int] | None, wrapped(or_null({"type": "array", "items": WHOLE})), "[1]", [1]),
    (Literal["a", "b"], wrapped({**TEXT, "enum": ["a", "b"]}), '{"value":"b"}', "b"),
    (
        Literal["a", 1, None],
        wrapped({"anyOf": [{**WHOLE, "enum": [1]}, {**TEXT, "enum": ["a"]}, {"type": "null"}]}),
        '{"value":"a"}',
        "a",
    ),
    (Literal[None], wrapped({"type": "null"}), '{"value":null}', None),
    (datetime.datetime, wrapped({**TEXT, "format": "date-time"}), '"2031-05-28T16:30:00"', None),
    (
        Annotated[datetime.datetime, Meta(tz=False)],
        wrapped({**TEXT, "description": "a date and time without offset: 2031-05-28T16:30:00"}),
        '"2031-05-28T16:30:00"',
        datetime.datetime(2031, 5, 28, 16, 30),
    ),
    (datetime.date, wrapped({**TEXT, "format": "date"}), '"2031-05-28"', datetime.date(2031, 5, 28)),
    (datetime.time, wrapped({**TEXT, "format": "time"}), '"16:30:00"', datetime.time(16, 30)),
    (
        datetime.timedelta,
        wrapped({**TEXT, "format": "duration", "description": "without years and months"}),
        '"P1DT2H"',
        datetime.timedelta(1, 7200),
    ),
    (uuid.UUID, wrapped({**TEXT, "format": "uuid"}), f'"{uuid.UUID(int=1)}"', uuid.UUID(int=1)),
    (bytes, wrapped({**TEXT, "description": "encoded as base64"}), '"YWJj"', b"abc"),
    (bytearray, wrapped({**TEXT, "description": "encoded as base64"}), '"YWJj"', bytearray(b"abc")),
    (
        Annotated[list[int], Meta(description="numbers", extra={"a": []})],
        wrapped({"type": "array", "items": WHOLE, "description": "numbers"}),
        "[1]",
        [1],
    ),
    (
        Told,
        {
            "description": "A class\nof two lines.",
            **closed(
                a={**WHOLE, "minimum": 1, "exclusiveMaximum": 9, "multipleOf": 2, "description": "whole"},
                b={"type": "number", "exclusiveMinimum": 0, "maximum": 1.5},
                c={**TEXT, "pattern": "^a+$", "description": "at least 1 character"},
                d={**TEXT, "description": 'matching the pattern ^(?!x), for example "y", "z"'},
                e={"type": "array", "items": WHOLE, "minItems": 1, "maxItems": 3},
                f={**TEXT, "format": "email"},
                g={**TEXT, "description": 'in the format postcode, not: {"const": "ü"}'},
                h=or_null({**TEXT, "description": "at most 1 character"}),
                i={"anyOf": [ref("Colour")], "description": "matching the pattern ^r"},
                j={**TEXT, "description": "encoded as base64, at most 4 characters"},
            ),
            "$defs": {"Colour": COLOUR},
        },
        "",
        None,
    ),
]


@pytest.mark.parametrize(("type", "schema", "text", "value"), CASES, ids=lambda part: str(part)[:40])
def test_a_type_has_this_schema_and_reads_back(type: Any, schema: JSON | None, text: str, value: Any) -> None:
    made = strict_schema(type)
    assert_strict(made)
    if schema is not None:
        assert made == schema
    if text:
        read = Output(type).decode(text)
        assert value is None or (read == value and isinstance(value, read.__class__ | int))


def test_properties_stand_in_the_order_of_the_class() -> None:
    assert list(strict_schema(Options)["properties"]) == ["zebra", "apple", "melon"]
    assert list(strict_schema(Row)["properties"]) == ["a", "b"]


def test_a_schema_is_the_callers_to_change() -> None:
    strict_schema(Point)["properties"].clear()
    response_format(Point)["json_schema"]["schema"].clear()
    assert strict_schema(Point) == POINT


class ByPair(Struct):
    key: str
    extra: dict[str, int]


@dataclasses.dataclass
class Leg:
    stops: list[ByPair]


@dataclasses.dataclass
class Journey:
    days: list[Leg]


class Loose(Struct):
    a: Any
    b: int | str | bytes = 0


class Wrong(Struct):
    a: dict[str, list[int | bytes | str]]


class Missing(Struct):
    a: "NotDefined"  # noqa: F821, UP037


class Recursive(Struct):
    inner: Recursive | None
    wrong: set[str | bytes]


class Half(Struct, array_like=True):
    a: int | UnsetType = UNSET
    b: int = 0


class HalfTuple(NamedTuple):
    a: int | UnsetType = UNSET


class Float(enum.Enum):
    A = 1.5


class Callback(Struct):
    call: type


class Deep(Struct):
    pass


for _ in range(10):
    Deep = msgspec.defstruct("Deep", [("inner", Deep)])

NOT_SO_DEEP = msgspec.inspect.type_info(Deep).fields[0].type.cls  # type: ignore[attr-defined]

REFUSALS: list[tuple[Any, str, str]] = [
    (Journey, "Journey.days[].stops[].extra", "list of Structs with a key and a value"),
    (dict[str, int], "dict[str, int]", "list of Structs"),
    (dict[int, int], "dict[int, int]", "list of Structs"),
    (dict, "dict", "list of Structs"),
    (list, "list", "list[str]"),
    (list[Any], "list[Any]", "a list of anything"),
    (tuple, "tuple", "a list of anything"),
    (Any, "Any", "anything at all"),
    (object, "object", "anything at all"),
    (msgspec.Raw, "Raw", "anything at all"),
    (Page, "Page.items", "a list of anything"),
    (tuple[int, str], "tuple[int, str]", "use a Struct, a dataclass or a model"),
    (tuple[int, dict[str, str]], "tuple[int, dict[str, str]][1]", "list of Structs"),
    (tuple[()], "tuple[()]", "use a Struct, a dataclass or a model"),
    (list[complex], "list[complex][]", "complex has no form in JSON"),
    (Callback, "Callback.call", "type has no form in JSON"),
    (msgspec.msgpack.Ext, "Ext", "no form in JSON"),
    (Loose, "Loose.b", "str-like"),
    (Chapter, "Chapter.parts", "must be tagged"),
    (Wrong, "Wrong.a[][]", "str-like"),
    (Recursive, "Recursive.wrong[]", "str-like"),
    (Annotated[int | bytes | str, Meta(description="x")], "int | bytes | str", "str-like"),
    (tuple[int | bytes | str, ...], "tuple[int | bytes | str, ...][]", "str-like"),
    (Missing, "Missing", "'NotDefined' is not defined"),
    (Half, "Half", "nothing can be UNSET"),
    (HalfTuple, "HalfTuple", "nothing can be UNSET"),
    (Point | Price, "Point | Price", "a tag each"),
    (Point | Node, "Point | Node", "must be tagged"),
    (list[int] | tuple[int, ...], "list[int] | tuple[int, ...]", "not supported; keep one of them"),
    (str | datetime.date, "str | date", "not supported; keep one of them"),
    (int | Size, "int | Size", "not supported; keep one of them"),
    (Stop | Leg, "Stop | Leg", "not supported; make them Structs with a tag each"),
    (Stop | Options, "Stop | Options", "not supported; make them Structs with a tag each"),
    (list[complex | Callback], "list[complex | Callback][]", "not supported; let it be a field of a pydantic model"),
    (Float, "Float", "str or all int"),
    ("Point", "'Point'", "not supported"),
    (5, "5", "not supported"),
    (Deep, "Deep", "11 levels of nested objects, and strict mode takes at most 10"),
    (Literal[tuple(range(1001))], "Literal[", "1001 enum values"),
    (Literal[tuple(f"{n:060}" for n in range(251))], "Literal[", "15060 characters in an enum of over 250"),
    (msgspec.defstruct("Wide", [(f"f{n}", int) for n in range(5001)]), "Wide", "5001 properties"),
    (msgspec.defstruct("Wordy", [("f" * 120_001, int)]), "Wordy", "120001 characters in names"),
]


@pytest.mark.parametrize(("type", "path", "words"), REFUSALS, ids=lambda part: str(part)[:40])
def test_what_strict_mode_cannot_say_is_refused_with_its_path(type: Any, path: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)) as caught:
        strict_schema(type)
    assert str(caught.value).startswith(path if path.endswith("[") else f"{path}: ")


def test_ten_levels_are_not_too_deep() -> None:
    assert_strict(strict_schema(NOT_SO_DEEP))


def test_a_response_format_has_a_name_a_description_and_the_schema() -> None:
    assert response_format(Point) == {
        "type": "json_schema",
        "json_schema": {"name": "Point", "description": "Where it is.", "schema": POINT, "strict": True},
    }
    assert "description" not in response_format(Row)["json_schema"]


@pytest.mark.parametrize(
    ("type", "name"),
    [
        (list[Point], "list_Point"),
        (Page[Point], "Page_Point"),
        (int | None, "int_None"),
        (Annotated[Point, Meta(title="x")], "Point"),
        (Literal["ä"], "Literal"),
        (msgspec.defstruct("Größe", []), "Gr_e"),
        (msgspec.defstruct("見積", []), "output"),
        (msgspec.defstruct("N" * 99, []), "N" * 64),
        (ID, "ID"),
    ],
)
def test_a_name_is_fit_for_the_api(type: Any, name: str) -> None:
    assert response_format(type)["json_schema"]["name"] == name
    assert_strict(strict_schema(type))


def test_made_docstrings_are_no_descriptions() -> None:
    for type in (Stop, Price, Options, Colour):
        assert "description" not in response_format(type)["json_schema"]


def test_without_strict_mode_the_schema_is_plain_with_an_object_at_its_root() -> None:
    class Anything(Struct):
        title: Any
        pairs: dict[str, tuple[int, str]]
        price: Price
        many: Annotated[list[Any], Meta(title="gone", min_length=1)] = []

    output = Output(Anything, strict=False)
    assert output.schema == {
        "type": "object",
        "properties": {
            "title": {},
            "pairs": {
                "type": "object",
                "additionalProperties": {
                    "type": "array",
                    "prefixItems": [WHOLE, TEXT],
                    "items": False,
                    "minItems": 2,
                    "maxItems": 2,
                },
            },
            "price": ref("Price"),
            "many": {"type": "array", "items": {}, "minItems": 1},
        },
        "required": ["title", "pairs", "price"],
        "$defs": {
            "Price": {
                "type": "object",
                "properties": {"amount": {**TEXT, "format": "decimal"}, "currency": TEXT},
                "required": ["amount"],
            }
        },
    }
    assert not output.is_wrapped
    assert not output.is_strict
    assert Output(dict[str, int], strict=False).schema == {"type": "object", "additionalProperties": WHOLE}
    assert Output(Any, strict=False).schema == wrapped({})
    assert Output(Named, strict=False).schema["additionalProperties"] is False
    maybe = type(
        "Model", (Foreign,), {"schema": {"type": "object", "properties": {"a": True, "title": {"title": "A"}}}}
    )
    assert Output(maybe, strict=False).schema == {"type": "object", "properties": {"a": True, "title": {}}}
    with pytest.raises(UsageError, match=r"list\[complex\]\[\]: complex has no form in JSON"):
        Output(list[complex], strict=False)
    with pytest.raises(UsageError, match=r"Callback\.call: "):
        Output(Callback, strict=False)


def test_a_model_gives_its_schema() -> None:
    pydantic = pytest.importorskip("pydantic", reason="models are read where pydantic is installed")

    class Cat(pydantic.BaseModel):
        kind: Literal["cat"] = "cat"
        lives: int = 9

    class Dog(pydantic.BaseModel):
        kind: Literal["dog"]
        name: Annotated[str, pydantic.Field(max_length=3, description="what it hears")]

    class Owner(pydantic.BaseModel):
        """Of pets."""

        model_config = pydantic.ConfigDict(extra="allow")

        pet: Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]
        friend: Cat = pydantic.Field(description="a cat")
        pair: tuple[int, int] = (1, 2)
        age: int = pydantic.Field(7, alias="AGE", title="Age", ge=0)
        mixed: Literal["x", 1, None] = "x"
        other: Owner | None = None

    Owner.model_rebuild(_types_namespace=locals())
    cat = closed(kind={**TEXT, "enum": ["cat"]}, lives=or_null(WHOLE))
    owner = {
        "description": "Of pets.",
        **closed(
            pet={"anyOf": [ref("Cat"), ref("Dog")]},
            friend={"description": "a cat", "anyOf": [ref("Cat")]},
            pair=or_null({"type": "array", "items": WHOLE, "minItems": 2, "maxItems": 2}),
            AGE=or_null({**WHOLE, "minimum": 0}),
            mixed={"anyOf": [{**TEXT, "enum": ["x"]}, {**WHOLE, "enum": [1]}, {"type": "null"}]},
            other=or_null(ref("Owner")),
        ),
    }
    dog = closed(kind={**TEXT, "enum": ["dog"]}, name={**TEXT, "description": "what it hears (at most 3 characters)"})
    made = strict_schema(Owner)
    assert_strict(made)
    assert made == {**owner, "$defs": {"Cat": cat, "Dog": dog, "Owner": owner}}

    mixed = msgspec.defstruct("Mixed", [("cat", Cat), ("again", list[Cat]), ("owners", list[Owner]), ("dog", Dog)])
    made = strict_schema(mixed)
    assert_strict(made)
    assert made["$defs"].keys() == {"Cat", "Dog", "Owner"}

    class Dog(pydantic.BaseModel):  # type: ignore[no-redef]
        own: int

    class Other(pydantic.BaseModel):
        dog: Dog
        dogs: list[Dog]

    made = strict_schema(msgspec.defstruct("Both", [("owner", Owner), ("other", Other)]))
    assert_strict(made)
    assert made["$defs"]["Dog_2"] == closed(own=WHOLE)
    assert made["$defs"]["Other"] == closed(dog=ref("Dog_2"), dogs={"type": "array", "items": ref("Dog_2")})


class Foreign:
    """A stand-in for a model, which gives whatever schema it has."""

    schema: JSON

    @classmethod
    def model_json_schema(cls) -> JSON:
        return cls.schema

    @classmethod
    def model_validate_json(cls, text: str) -> Any:
        raise NotImplementedError


def foreign(schema: JSON) -> Any:
    """A model with one property of this schema."""
    return type("Model", (Foreign,), {"schema": {"type": "object", "properties": {"a": schema}, "required": ["a"]}})


def test_a_model_that_gives_no_schema_is_refused() -> None:
    pydantic = pytest.importorskip("pydantic", reason="models are read where pydantic is installed")
    about = {"__config__": {"arbitrary_types_allowed": True}}
    with pytest.raises(UsageError, match=r"^list\[Odd\]\[\]: pydantic gives no schema: Cannot generate.*\)$"):
        strict_schema(list[pydantic.create_model("Odd", **about, a=(Point, ...))])


def test_a_dataclass_of_pydantics_is_refused_since_its_checks_would_not_be_made() -> None:
    pydantic = pytest.importorskip("pydantic", reason="models are read where pydantic is installed")
    checked = pydantic.dataclasses.dataclass(dataclasses.make_dataclass("Checked", [("a", int)]))
    with pytest.raises(UsageError, match=r"^list\[Checked\]\[\]: .* make Checked a BaseModel$"):
        strict_schema(list[checked])
    assert strict_schema(pydantic.create_model("Holder", a=(checked, ...)))["$defs"]["Checked"] == closed(a=WHOLE)


@pytest.mark.parametrize(
    ("schema", "path", "words"),
    [
        ({"type": "object", "additionalProperties": True}, "Model.a", "list of Structs"),
        ({}, "Model.a", "anything"),
        ({"anyOf": [True]}, "Model.a", "anything"),
        (
            {"type": "array", "items": TEXT, "prefixItems": [WHOLE, TEXT]},
            "Model.a",
            "use a Struct, a dataclass or a model",
        ),
        ({"type": "array"}, "Model.a", "name the type of its items"),
        ({"type": "array", "items": True}, "Model.a", "name the type of its items"),
        ({"type": "array", "items": {"type": "array", "items": {}}}, "Model.a[]", "name the type of its items"),
        ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, "Model.a", "allOf"),
        ({"$ref": "#/nowhere"}, "Model.a", "#/nowhere leads nowhere"),
        ({"type": "thing"}, "Model.a", "anything"),
        ({"enum": [{"a": 1}]}, "Model.a", "a dict with any keys"),
    ],
)
def test_what_a_model_cannot_say_is_refused_with_its_path(schema: JSON, path: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(path)}: .*{re.escape(words)}"):
        strict_schema(foreign(schema))


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({"allOf": [TEXT], "description": "d"}, {**TEXT, "description": "d"}),
        ({"oneOf": [{"const": 1}, {"const": None}]}, {"anyOf": [{**WHOLE, "enum": [1]}, {"type": "null"}]}),
        ({"type": ["integer", "null"], "minimum": 1}, or_null({**WHOLE, "minimum": 1})),
        ({"type": ["integer", "null"], "description": "d"}, {**or_null(WHOLE), "description": "d"}),
        ({"type": "array", "items": TEXT, "uniqueItems": False}, {"type": "array", "items": TEXT}),
        ({**TEXT, "minimum": 1}, {**TEXT, "description": "minimum: 1"}),
    ],
)
def test_other_spellings_of_a_schema_become_the_one(schema: JSON, strict: JSON) -> None:
    made = strict_schema(foreign(schema))
    assert_strict(made)
    assert made["properties"]["a"] == strict


# Any type of a grammar


SCALARS: dict[Any, Any] = {
    str: "",
    int: 3,
    float: 0.5,
    bool: False,
    bytes: b"",
    datetime.date: datetime.date(2031, 5, 28),
    datetime.timedelta: datetime.timedelta(1),
    uuid.UUID: uuid.UUID(int=1),
    Decimal: Decimal(1),
    Colour: Colour.RED,
    Size: Size.LARGE,
    Literal["a", "b"]: "a",
    Literal[1, 2]: 1,
}
"""Types that may stand in a set, and a default for each."""

EXAMPLES = {
    "date": "2031-05-28",
    "duration": "P1DT2H",
    "uuid": str(uuid.UUID(int=5)),
    "a decimal number": "12.5",
    "encoded as base64": "YWJj",
}


def class_of(kind: str, fields: list[tuple[str, Any, bool]]) -> Any:
    plain = [(name, type) for name, type, _ in fields]
    if kind == "namedtuple":
        return NamedTuple("Pair", plain)
    if kind == "typeddict":
        return TypedDict(
            "Dict", {name: NotRequired[type] if is_optional else type for name, type, is_optional in fields}
        )
    defaulted = [
        (name, type, SCALARS.get(type)) for name, type, is_optional in fields if is_optional and type in SCALARS
    ]
    names = {name for name, *_ in defaulted}
    ordered = [*(each for each in plain if each[0] not in names), *defaulted]
    if kind == "dataclass":
        return dataclasses.make_dataclass("Data", ordered)
    return msgspec.defstruct("Made", ordered, array_like=kind == "row")


def compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.lists(inner, max_size=3).flatmap(
        lambda types: st.tuples(*(st.tuples(st.just(f"f{n}"), st.just(t), st.booleans()) for n, t in enumerate(types)))
    )
    kinds = st.sampled_from(["struct", "row", "dataclass", "typeddict", "namedtuple"])
    return st.one_of(
        inner.map(lambda type: list[type]),
        inner.map(lambda type: tuple[type, ...]),
        inner.map(lambda type: tuple[type, type]),
        inner.map(lambda type: type | None),
        st.sampled_from(list(SCALARS)).map(lambda type: frozenset[type]),
        st.builds(class_of, kinds, fields.map(list)),
        st.just(Cat | Dog | None),
        st.just(Node),
    )


TYPES = st.recursive(st.sampled_from(list(SCALARS)), compound, max_leaves=8)


def instances(schema: JSON, defs: JSON, depth: int = 0) -> st.SearchStrategy[Any]:
    """What a model may write that is held to a schema."""
    if "$ref" in schema:
        return st.deferred(lambda: instances(defs[schema["$ref"].removeprefix("#/$defs/")], defs, depth + 1))
    if "anyOf" in schema:
        options = schema["anyOf"] if depth < 4 else [each for each in schema["anyOf"] if each == {"type": "null"}]
        about = {"description": schema.get("description", "")}
        return st.one_of(*(instances({**about, **each}, defs, depth) for each in options or schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "object":
            return st.fixed_dictionaries(
                {name: instances(each, defs, depth) for name, each in schema["properties"].items()}
            )
        case "array":
            size = {"min_size": schema.get("minItems", 0), "max_size": schema.get("maxItems", 2)}
            return st.lists(instances(schema["items"], defs, depth), **size)
        case "string":
            example = EXAMPLES.get(schema.get("format") or schema.get("description", ""))
            return st.just(example) if example else st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
        case "integer":
            return st.integers(-(2**53), 2**53)
        case "number":
            return st.floats(allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case _:
            return st.none()


def leaves(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from leaves(each)


@settings(max_examples=200, deadline=None)
@given(type=TYPES, data=st.data())
def test_any_type_has_a_strict_schema_whose_instances_it_reads(type: Any, data: st.DataObject) -> None:
    output = Output[Any](type)
    schema = output.schema
    assert_strict(schema)
    instance = data.draw(instances(schema, schema.get("$defs", {})))
    jsonschema.validate(instance, schema)
    before = json.dumps(instance)
    read = output.decode(before)
    assert json.dumps(instance) == before
    assert UNSET not in leaves(msgspec.to_builtins(read))
    assert output.decode(msgspec.json.encode(read)) == read
    if not output.is_wrapped:
        assert output.convert(instance) == read
