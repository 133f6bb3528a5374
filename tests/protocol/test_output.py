"""Answers read as types: what a model writes with strict mode, and what one writes that is only asked to."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, TypedDict, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType, field

from chatsdk._protocol.output import InvalidOutput, Output, output_of, read_json
from chatsdk.errors import UsageError

T = TypeVar("T")


class Price(NamedTuple):
    amount: Decimal
    currency: str = "EUR"
    cents: list[int] = [0]  # noqa: RUF012


@dataclasses.dataclass
class Stop:
    name: str
    price: Price
    days: int = 1
    note: str | None = "none said"
    tags: list[str] = dataclasses.field(default_factory=list)


class Row(Struct, array_like=True, rename="camel"):
    row_id: int
    when: datetime.date = datetime.date(2031, 5, 28)
    more_items: list[int] = field(default_factory=lambda: [7])
    last: int = 9


class Trip(Struct):
    stops: list[Stop]
    row: Row | None = None
    count: int | UnsetType = UNSET


class Options(TypedDict):
    a: int
    b: NotRequired[int]


class Node(Struct):
    name: str = "?"
    children: list[Node] = []


class Plain(Struct):
    a: int
    b: list[float]


class Cat(Struct, tag=True):
    lives: int = 9


class Dog(Struct, tag=True):
    age: int = 3


class First(Struct, array_like=True, tag=True):
    a: int = 1


class Second(Struct, array_like=True, tag=True):
    a: int = 2


class Mood(enum.Enum):
    GOOD = "good"


class Holder(Struct, tag=True):
    value: int


READ: list[tuple[Any, str, Any]] = [
    (Plain, '{"a":1,"b":[1,2.5]}', Plain(1, [1.0, 2.5])),
    (Plain, '{"a":1,"a":2,"b":[],"unknown":null}', Plain(2, [])),
    (
        Stop,
        '{"name":"x","price":{"amount":"1"},"days":null,"note":null,"tags":null}',
        Stop("x", Price(Decimal(1)), 1, None, []),
    ),
    (Stop, '{"name":"x","price":["1","USD",[5]],"other":[[{}]]}', Stop("x", Price(Decimal(1), "USD", [5]))),
    (Stop, '{"name":"x","price":["1","USD",[5]]}', Stop("x", Price(Decimal(1), "USD", [5]), 1, "none said", [])),
    (Price, '{"cents":[5],"amount":"1.5","currency":null,"other":1}', Price(Decimal("1.5"), "EUR", [5])),
    (Row, '{"rowId":1,"when":null,"moreItems":null,"last":2}', Row(1, last=2)),
    (Row, '{"rowId":1}', Row(1)),
    (Trip, '{"stops":[],"row":null,"count":null}', Trip([])),
    (Trip, '{"stops":[],"row":{"rowId":4,"last":null},"count":0}', Trip([], Row(4), 0)),
    (Options, '{"a":1,"b":null}', {"a": 1}),
    (Node, '{"name":"a","children":[{"name":null,"children":null}]}', Node("a", [Node()])),
    (list[Stop], '[{"name":"x","price":{"amount":"1"},"days":null}]', [Stop("x", Price(Decimal(1)))]),
    (list[int], '{"value":[1]}', [1]),
    (list[int], "[1]", [1]),
    (int | None, "null", None),
    (int | None, '{"value":null}', None),
    (Cat | Dog, '{"value":{"type":"Dog","age":null}}', Dog()),
    (Cat | Dog, '{"type":"Cat","lives":null}', Cat()),
    (Cat | Holder, '{"value":{"type":"Holder","value":1}}', Holder(1)),
    (Cat | Holder, '{"type":"Holder","value":1}', Holder(1)),
    (list[First | Second], '[{"type":"Second","a":5},{"type":"First","a":null}]', [Second(5), First()]),
    (Mood, '{"value":"good"}', Mood.GOOD),
    (frozenset[int], '{"value":[1,1,2]}', frozenset({1, 2})),
    (int, "123456789012345678901234567890", 123456789012345678901234567890),
    (tuple[Price, Price], '[{"amount":"1"},{"amount":"2"}]', (Price(Decimal(1)), Price(Decimal(2)))),
]


@pytest.mark.parametrize(("type", "text", "value"), READ, ids=lambda part: str(part)[:40])
def test_an_answer_is_read_as_its_type(type: Any, text: str, value: Any) -> None:
    output = Output[Any](type)
    assert output.decode(text) == value
    assert output.decode(text.encode()) == value
    assert type == Stop or output.decode(msgspec.json.encode(value)) == value


def test_defaults_are_made_anew() -> None:
    output = Output[Row](Row)
    first, second = (output.decode('{"rowId":1,"moreItems":null,"last":1}') for _ in range(2))
    first.more_items.append(8)
    assert second.more_items == [7]


@pytest.mark.parametrize(
    ("type", "value", "read"),
    [
        (list[Cat], [{"type": "Cat", "lives": None}], [Cat()]),
        (int, 3, 3),
        (Price, {"amount": "1"}, Price(Decimal(1))),
        (Plain, {"a": 1, "b": []}, Plain(1, [])),
    ],
)
def test_values_without_a_wrapping_are_converted(type: Any, value: Any, read: Any) -> None:
    assert Output[Any](type).convert(value) == read


def test_what_is_converted_stays_as_it_was() -> None:
    value = {"stops": [{"name": "x", "price": {"amount": "1"}, "days": None}]}
    Output[Trip](Trip).convert(value)
    assert value == {"stops": [{"name": "x", "price": {"amount": "1"}, "days": None}]}


INVALID: list[tuple[Any, str | bytes, str, str | None]] = [
    (Plain, '{"a":1,"b":[1,"x"]}', "Expected `float`, got `str` - at `$.b[1]`", "$.b[1]"),
    (Plain, '{"b":[]}', "Object missing required field `a`", "$"),
    (Plain, "[]", "Expected `object`, got `array`", "$"),
    (Plain, '{"a":1', "Input data was truncated", None),
    (Plain, "", "Input data was truncated", None),
    (Plain, "Sorry!", "JSON is malformed: invalid character (byte 0)", None),
    (Plain, '{"a":1e999}', "Number out of range - at `$.a`", "$.a"),
    (list[float], "[NaN]", "JSON is malformed: invalid character (byte 1)", None),
    (Plain, '{"c":' + "[" * 100_000, "nested too deep", None),
    (Node, '{"children":[' * 100_000, "nested too deep", None),
    (list[int], "[" * 100_000, "nested too deep", None),
    (Plain, '"\ud800"', "The text is not UTF-8", None),
    (list[str], b'["\xff"]', "The text is not UTF-8", None),
    (Plain, b'{"a":1,"b":[],"c":"\\ud800"}', "Input data was truncated", None),
    (list[int], '{"value":[1,"x"]}', "Expected `int`, got `str` - at `$.value[1]`", "$.value[1]"),
    (list[int], '[1,"x"]', "Expected `int`, got `str` - at `$[1]`", "$[1]"),
    (list[int], '{"values":[1]}', "Expected `array`, got `object`", "$"),
    (int, '{"value":"x"}', "Expected `int`, got `str` - at `$.value`", "$.value"),
    (Stop, '{"name":"x","price":{"amount":true}}', "- at `$.price.amount`", "$.price.amount"),
    (Stop, '{"name":"x","price":{"amount":"1","cents":[1,null]}}', "- at `$.price.cents[1]`", "$.price.cents[1]"),
    (Stop, '{"name":"x","price":{"currency":"A"}}', "missing required field `amount` - at `$.price`", "$.price"),
    (Stop, '{"name":"x","price":3}', "Expected `object`, got `int` - at `$.price`", "$.price"),
    (Stop, '{"name":"x","price":["1",2]}', "Expected `str`, got `int` - at `$.price[1]`", "$.price[1]"),
    (Stop, '{"name":null,"price":["1"]}', "Expected `str`, got `null` - at `$.name`", "$.name"),
    (
        list[Row | None],
        '{"value":[null,{"rowId":1,"moreItems":[1,"x"]}]}',
        "Expected `int`, got `str` - at `$.value[1].moreItems[1]`",
        "$.value[1].moreItems[1]",
    ),
    (list[First | Second], '[{"type":"Third","a":5}]', "- at `$[0]`", "$[0]"),
    (Cat | Dog, '{"type":"Cow"}', "Invalid value 'Cow' - at `$.type`", "$.type"),
    (Annotated[int, Meta(ge=3)], "2", "Expected `int` >= 3", "$"),
]


@pytest.mark.parametrize(("type", "text", "words", "path"), INVALID, ids=lambda part: str(part)[:40])
def test_what_is_not_of_the_type_is_told_with_its_path(
    type: Any, text: str | bytes, words: str, path: str | None
) -> None:
    with pytest.raises(InvalidOutput) as caught:
        Output(type).decode(text)
    assert words in str(caught.value)
    assert caught.value.path == path


def test_values_nested_too_deep_are_invalid_too() -> None:
    value: Any = {}
    for _ in range(100_000):
        value = {"children": [value]}
    with pytest.raises(InvalidOutput, match="nested too deep"):
        Output(Node).convert(value)
    while value.get("children"):  # else its end is one of 100,000 calls in one another
        value = value["children"].pop()


class Open(Struct):
    by_number: dict[int, int]
    stops: dict[str, Stop] = {}
    mixed: tuple[int, Price] | None = None
    anything: Any = None
    thing: object = None


def test_without_strict_mode_maps_and_mixed_tuples_are_read() -> None:
    output = Output[Open](Open, strict=False)
    stop = '{"name":"x","price":{"amount":"1"},"days":null}'
    text = (
        f'{{"by_number":{{"1":2}},"stops":{{"a":{stop}}},"mixed":[1,{{"amount":"2"}}],"anything":[{{}}],"thing":"x"}}'
    )
    assert output.decode(text) == Open({1: 2}, {"a": Stop("x", Price(Decimal(1)))}, (1, Price(Decimal(2))), [{}], "x")
    with pytest.raises(InvalidOutput, match=r"- at `\$\.by_number`") as caught:
        output.decode('{"by_number":{"x":1}}')
    assert caught.value.path == "$.by_number"
    with pytest.raises(InvalidOutput, match=r"- at `\$\.by_number\[\.\.\.\]`"):
        output.decode('{"by_number":{"1":"x"}}')


def test_an_output_knows_its_type() -> None:
    output = output_of(list[Plain])
    assert (output.type, output.name, output.is_wrapped, output.is_strict) == (list[Plain], "list_Plain", True, True)
    assert repr(output) == "Output(list[Plain])"
    assert output.description is None
    assert output_of(Annotated[Plain, Meta(description="plainly")]).description == "plainly"


def test_an_output_is_made_once_for_a_type() -> None:
    assert output_of(Plain) is output_of(Plain)
    assert output_of(Literal[1]).schema != output_of(Literal[True]).schema
    unhashable = Annotated[int, ["a list"]]
    assert output_of(unhashable).decode("1") == 1
    with pytest.raises(UsageError):
        output_of(dict)


def test_generic_types_are_read() -> None:
    class Page(Struct, Generic[T]):
        items: list[T]
        page: int = 1

    assert Output[Any](Page[Price]).decode('{"items":[{"amount":"1"}],"page":null}') == Page([Price(Decimal(1))])


# pydantic


def models() -> Any:
    pydantic = pytest.importorskip("pydantic", reason="models are read where pydantic is installed")

    class Cat(pydantic.BaseModel):
        kind: Literal["cat"]
        lives: int = 9

    class Dog(pydantic.BaseModel):
        kind: Literal["dog"]
        name: str

    class Fish(pydantic.BaseModel):
        fins: int = 2

    class Owner(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(strict=True)

        pet: Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]
        others: list[Cat | Dog | Fish] = []  # noqa: RUF012
        when: datetime.date | None = datetime.date(2031, 5, 28)
        tags: set[str] = set()  # noqa: RUF012
        note: str = pydantic.Field("none", alias="NOTE")

        @pydantic.field_validator("note")
        @classmethod
        def short(cls, note: str) -> str:
            if len(note) > 9:
                raise ValueError("too long")
            return note

    return pydantic, Owner, Cat, Fish


def test_a_model_is_read_by_its_own_rules_and_null_is_its_default() -> None:
    pydantic, Owner, Cat, Fish = models()  # noqa: N806
    text = (
        '{"pet":{"kind":"cat","lives":null},"others":[{"kind":"cat","lives":null},{"fins":null},{"fins":3}],'
        '"when":null,"tags":["a"],"NOTE":null}'
    )
    read = Output[Any](Owner).decode(text)
    cat = Cat(kind="cat")
    assert read == Owner(pet=cat, others=[cat, Fish(), Fish(fins=3)], when=None, tags={"a"})
    assert Output[Any](list[Cat]).decode('{"value":[{"kind":"cat","lives":null}]}') == [cat]
    root = pydantic.RootModel[list[Cat]]
    assert Output[Any](root).is_wrapped
    assert Output[Any](root).decode('{"value":[{"kind":"cat","lives":null}]}') == root([cat])


def test_what_a_model_refuses_is_told_a_line_each_with_paths_into_the_json() -> None:
    _, Owner, Cat, _ = models()  # noqa: N806
    text = '{"pet":{"kind":"cat","lives":"x"},"others":[{"kind":"cat"},7],"NOTE":"0123456789"}'
    with pytest.raises(InvalidOutput) as caught:
        Output[Any](Owner).decode(text)
    lines = str(caught.value).splitlines()
    assert lines[0] == "Input should be a valid integer, unable to parse string as an integer - at `$.pet.lives`"
    assert lines[-1] == "Value error, too long - at `$.NOTE`"
    assert all(" - at `$.others[1]`" in line for line in lines[1:-1])
    assert caught.value.path == "$.pet.lives"

    holder = msgspec.defstruct("Holder", [("cats", list[Cat])])
    with pytest.raises(InvalidOutput, match=r"Field required - at `\$\.cats\[1\]\.kind`"):
        Output[Any](holder).decode('{"cats":[{"kind":"cat"},{}]}')
    with pytest.raises(InvalidOutput, match="nested too deep"):
        Output[Any](Cat).decode('{"kind":' + "[" * 100_000)


def test_another_error_of_a_model_keeps_its_words() -> None:
    class Picky:
        @classmethod
        def model_json_schema(cls) -> dict[str, Any]:
            return {"type": "object", "properties": {}}

        @classmethod
        def model_validate_json(cls, text: str) -> Any:
            raise ValueError("not today")

    with pytest.raises(InvalidOutput, match=r"not today - at `\$\.value\[0\]`"):
        Output[Any](list[Picky]).decode('{"value":[{}]}')


def test_where_several_parts_of_a_schema_may_be_meant_values_stay_as_they_are() -> None:
    one, other = ({"type": "object", "properties": {"a": True, "b": {"type": kind}}} for kind in ("string", "integer"))
    several = {"anyOf": [one, other, {"type": "object"}, *({"type": "array", "items": each} for each in (one, other))]}

    class Echo:
        @classmethod
        def model_json_schema(cls) -> dict[str, Any]:
            return {"type": "object", "properties": {"known": one, "unclear": several}}

        @classmethod
        def model_validate_json(cls, text: str) -> Any:
            echo = cls()
            echo.__dict__ = msgspec.json.decode(text)
            return echo

    output = Output[Any](Echo, strict=False)
    read = output.convert({"known": {"a": None, "b": None}, "unclear": [{"b": None}]})
    assert read.__dict__ == {"known": {"a": None}, "unclear": [{"b": None}]}
    assert output.convert({"unclear": {"b": None}}).unclear == {"b": None}


# JSON in an answer


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('  {"a": 1}\n', '{"a": 1}'),
        ('{"a": 1}\nI hope it helps.', '{"a": 1}'),
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ("```\n[1]\n```\nDone.", "[1]"),
        ('Here:\n\n```json\n{"a": "```"}\n```', '{"a": "```"}'),
        ('```json\n{"a": ', '{"a":'),
        ("```\n5\n```", "5"),
        ('```json {"a": 1}```', '{"a": 1}'),
        ('First:\n```py\nx = {}\n```\nso:\n```json\n{"a": 1}\n```', '{"a": 1}'),
        ('Sure! {"a": [1]} is it.', '{"a": [1]}'),
        ('As [1] says, it is {"a": 1}.', '{"a": 1}'),
        ('Of {x} and [y] and {"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ('{"code": "```py\\n```"}', '{"code": "```py\\n```"}'),
        ("I cannot.", "I cannot."),
        ("[I cannot.]", "[I cannot.]"),
        ("42", "42"),
        ("", ""),
    ],
)
def test_the_json_in_an_answer_is_found(text: str, inside: str) -> None:
    assert read_json(text) == inside


def test_the_search_for_json_is_bounded() -> None:
    assert read_json("x " + "[" * 200_000).startswith("x [")
    assert read_json("x " + "[ " * 64 + "[1]").startswith("x [")


@given(st.text(max_size=40), st.text(max_size=40), st.recursive(st.none() | st.text(), st.lists), st.booleans())
def test_any_json_is_found_in_a_fence(before: str, after: str, value: Any, is_named: bool) -> None:
    text = msgspec.json.encode([value, 1]).decode(errors="replace")
    before = before.translate(dict.fromkeys(map(ord, "[{`")))
    assert read_json(f"{before}\n```{'json' if is_named else ''}\n{text}\n```\n{after}") == text
