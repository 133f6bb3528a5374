"""A view is never wrong: at each moment all it holds is a beginning of the answer, or all of it."""

from __future__ import annotations

import copy
import enum
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, make_dataclass
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, NewType, NotRequired, TypedDict, TypeVar
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from msgspec import UNSET, Meta, UnsetType

from chatsdk._protocol.output import InvalidOutput, Output
from chatsdk._protocol.partial import Elements, Partial
from chatsdk._protocol.partial_fields import bare, fields_of
from chatsdk.errors import UsageError

from .pieces import work_of

X = TypeVar("X")
Slug = NewType("Slug", str)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Stop(msgspec.Struct):
    city: str
    nights: int = 2
    day: date | None = None


class Trip(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    title: str
    all_stops: list[Stop]
    cost: float = 1.0
    notes: list[str] = []


class Node(msgspec.Struct):
    name: str
    children: list[Node] = []
    next: Node | None = None


class Cat(msgspec.Struct, tag="cat"):
    name: str
    lives: list[int] = []


class Dog(msgspec.Struct, tag="dog"):
    tricks: list[str]


class Page(msgspec.Struct, Generic[X]):
    items: list[X]


class Checked(msgspec.Struct):
    code: Annotated[str, Meta(min_length=2)]
    word: Annotated[str, Meta(description="any word"), "said aloud"]
    tags: Annotated[list[str], Meta(min_length=1)]


class Leaves(msgspec.Struct):
    day: date | None
    id: UUID
    price: Decimal
    data: bytes
    colour: Colour
    kind: Literal["a", "b"]
    slug: Slug
    either: int | str
    pair: tuple[int, str]
    some: set[int]
    several: tuple[int, ...]
    truth: bool
    size: float
    extra: str | UnsetType = UNSET


class Point(NamedTuple):
    x: int
    name: str = "origin"


class Walk(NamedTuple):
    name: str
    points: list[Point]


class Hooked(msgspec.Struct):
    name: str

    def __post_init__(self) -> None:
        self.name = self.name.upper()


class Places(msgspec.Struct):
    points: list[Point]
    hooked: Hooked
    array: Row


class Row(msgspec.Struct, array_like=True):
    name: str
    size: int = 0


@dataclass
class Partly:
    name: str
    made: str = field(init=False, default="here")


@dataclass
class Loose:
    name: str
    note: str = "none yet"
    stops: list[Stop] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class Tight:
    name: str
    note: Final[str] = "none yet"  # type: ignore[misc]


@dataclass
class Box(Generic[X]):
    content: X


@dataclass
class DateBox(Box[date]):
    label: str = ""


class Plan(TypedDict):
    name: str
    note: NotRequired[str]
    steps: list[Stop]


class Open(msgspec.Struct):
    any: Any
    sizes: dict[str, list[int]]
    numbers: dict[int, str]
    bare: list


TRIP = '{"title":"R\\u00f6m\\ud83d\\ude00e","allStops":[{"city":"Ostia"},{"city":"Rome","day":"2031-05-28"}],"cost":2}'

CASES: list[tuple[Any, str]] = [
    (Trip, TRIP),
    (Trip, '{"unknown":{"a":[1,"x",{}]},"title":"","other":"text","allStops":[],"notes":["a","b"],"more":[[]]}'),
    (Trip, '{"title":"a","allStops":[{"city":"b","nights":null,"day":null}],"cost":null,"notes":null}'),
    (Node, '{"name":"a","children":[{"name":"b","children":[]},{"name":"c"}],"next":{"name":"d","next":null}}'),
    (Cat | Dog, '{"value":{"type":"cat","name":"Tom","lives":[1,2]}}'),
    (Cat | Dog, '{"value":{"name":"Tom","lives":[1,2],"type":"cat"}}'),
    (Cat | Dog, '{"type":"dog","tricks":["sit","roll"]}'),
    (Cat | Dog, '{"tricks":["sit","roll"],"type":"dog"}'),
    (Cat | Dog | None, '{"value":null}'),
    (list[Cat | Dog], '{"value":[{"type":"cat","name":"Tom","x":"y"},{"type":"dog","x":{"y":1},"tricks":[]}]}'),
    (Page[Stop], '{"items":[{"city":"Rome"}]}'),
    (Checked, '{"code":"ab","word":"cd","tags":["ef"]}'),
    (Places, '{"points":[{"x":1,"name":"a"},{"x":2,"name":null}],"hooked":{"name":"ann"},"array":{"name":"r"}}'),
    (Loose, '{"name":"a","note":"b","stops":[{"city":"Rome"}]}'),
    (Loose, '{"name":"a","note":null}'),
    (Partly, '{"name":"a","made":"b"}'),
    (Partly, '{"name":"a"}'),
    (Tight, '{"name":"a","note":"b"}'),
    (Tight, '{"name":"a"}'),
    (Box[str], '{"content":"abc"}'),
    (DateBox, '{"content":"2031-05-28","label":"x"}'),
    (Plan, '{"name":"a","note":null,"steps":[{"city":"Rome"}],"more":1}'),
    (list[int], '{"value":[1,2,3]}'),
    (list[int], "[1,2,3]"),
    (list[str], '["a","bcd"]'),
    (list[str] | None, '{"value":["a","bcd"]}'),
    (set[int], '{"value":[1,2]}'),
    (tuple[str, ...], '["a","b"]'),
    (str, '{"value":"hello"}'),
    (int, '{"value":5}'),
    (float, '{"value":5}'),
    (bool, '{"value":true}'),
    (Stop | int, '{"city":"Rome"}'),
    (Stop | int, '{"value":7}'),
    (
        Leaves,
        '{"day":"2031-05-28","id":"67e55044-10b1-426f-9247-bb680e5fe0c8","price":"1.50","data":"aGk=","colour":"red",'
        '"kind":"b","slug":"abc","either":"text","pair":[1,"a"],"some":[1,2],"several":[3],"truth":false,"size":1}',
    ),
    (Open, '{"any":{"a":["b",{"c":null}]},"sizes":{"a":[1],"b":[]},"numbers":{"1":"x"},"bare":[1,"a"]}'),
    (dict[str, Any], '{"a":["b",{"c":"d"}]}'),
    (Any, '{"value":["a",{"b":"c"}]}'),
]


def output_of(type: Any) -> Output[Any]:
    try:
        return Output(type)
    except UsageError:
        return Output(type, strict=False)


def there(value: Any) -> Any:
    """A copy of what is there, in plain values; objects as namespaces, so that no dict is taken for one."""
    if isinstance(value, list):
        return [there(item) for item in value]
    if isinstance(value, dict):
        return {name: there(item) for name, item in value.items()}
    names = getattr(value, "__struct_fields__", None) or getattr(value, "__dataclass_fields__", None)
    names = names or getattr(type(value), "model_fields", None)
    if names is None:
        return value
    return SimpleNamespace(**{name: there(getattr(value, name)) for name in names if hasattr(value, name)})


def is_beginning(earlier: Any, later: Any) -> bool:
    """Whether all of one value is in another, and in the same places."""
    if isinstance(earlier, SimpleNamespace) and isinstance(later, SimpleNamespace):
        earlier, later = vars(earlier), vars(later)
    if isinstance(earlier, str) and isinstance(later, str):
        return later.startswith(earlier)
    if isinstance(earlier, dict) and isinstance(later, dict):
        return all(name in later and is_beginning(value, later[name]) for name, value in earlier.items())
    if isinstance(earlier, list) and isinstance(later, list):
        return len(earlier) <= len(later) and all(map(is_beginning, earlier, later))
    return bool(earlier == later)


def views(output: Output[Any], pieces: list[str]) -> Iterator[Any]:
    """What is there after each piece; and the rules that hold at any time are looked after."""
    partial = Partial(output)
    before: Any = None
    for piece in pieces:
        changed = partial.feed(piece)
        now = there(partial.view)
        assert changed == (now != before) or now is None
        assert repr(partial.view)
        assert before is None or is_beginning(before, now)
        if before != now:
            yield now
        before = now


def check(type: Any, text: str, pieces: list[str]) -> None:
    output = output_of(type)
    final = output.decode(text)

    *_, last = [None, *views(output, pieces)]

    assert last == there(final)
    partial = Partial(output)
    for piece in pieces:
        partial.feed(piece)
    assert partial.view == final
    assert partial.view.__class__ is final.__class__


@pytest.mark.parametrize(("type", "text"), CASES, ids=lambda value: str(value)[:50])
def test_views_only_grow_and_the_last_is_the_answer(type: Any, text: str) -> None:
    check(type, text, [text])
    check(type, text, list(text))
    check(type, text, ["Sure:\n```json\n" + text[:7], *text[7:], "\n```\n[bye}"])


# -- any type, any value


def field_types() -> st.SearchStrategy[tuple[Any, st.SearchStrategy[Any]]]:
    """Types with what is a JSON value of each."""
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    leaves: list[tuple[Any, st.SearchStrategy[Any]]] = [
        (str, texts),
        (int, st.integers(-(2**63), 2**63)),
        (float, st.floats(allow_nan=False, allow_infinity=False)),
        (bool, st.booleans()),
        (date, st.dates().map(str)),
        (Literal["on", "off"], st.sampled_from(["on", "off"])),
        (Colour, st.sampled_from(["red", "blue"])),
        (set[int], st.lists(st.integers(0, 9), max_size=3)),
        (Point, st.fixed_dictionaries({"x": st.integers(0, 9)}, optional={"name": texts})),
        (int | str, st.integers(0, 9) | texts),
    ]
    return st.recursive(st.sampled_from(leaves), lambda inner: st.one_of(*containers(inner, texts)), max_leaves=6)


def containers(inner: Any, texts: Any) -> Iterator[st.SearchStrategy[Any]]:
    yield inner.map(lambda made: (list[made[0]], st.lists(made[1], max_size=3)))
    yield inner.map(lambda made: (made[0] | None, st.none() | made[1]))
    yield inner.map(lambda made: (dict[str, made[0]], st.dictionaries(texts, made[1], max_size=3)))
    fields = st.lists(inner, min_size=1, max_size=3)
    yield st.builds(struct_of, fields, st.booleans())
    yield st.builds(dataclass_of, fields, st.booleans())
    yield fields.map(typed_dict_of)


def members(fields: list[Any], has_default: bool) -> st.SearchStrategy[Any]:
    optional = {f"f{place}": made[1] for place, made in enumerate(fields) if has_default and place}
    required = {f"f{place}": made[1] for place, made in enumerate(fields) if f"f{place}" not in optional}
    return st.fixed_dictionaries(required, optional=optional)


def struct_of(fields: list[Any], has_default: bool) -> tuple[Any, st.SearchStrategy[Any]]:
    defaults = [(f"f{place}", made[0] | None, None) for place, made in enumerate(fields) if place]
    rest = defaults if has_default else [each[:2] for each in defaults]
    made = msgspec.defstruct("Made", [("f0", fields[0][0]), *rest], frozen=has_default)
    return made, members(fields, has_default)


def dataclass_of(fields: list[Any], has_default: bool) -> tuple[Any, st.SearchStrategy[Any]]:
    rest = [(f"f{place}", made[0] | None, field(default=None)) for place, made in enumerate(fields) if place]
    names = [("f0", fields[0][0]), *(rest if has_default else [each[:2] for each in rest])]
    return make_dataclass("Made", names, slots=has_default), members(fields, has_default)


def typed_dict_of(fields: list[Any]) -> tuple[Any, st.SearchStrategy[Any]]:
    names = {f"f{place}": made[0] for place, made in enumerate(fields)}
    return TypedDict("Made", names), members(fields, False)  # type: ignore[operator]


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None, max_examples=150)
@given(field_types(), st.data())
def test_any_value_of_any_type_comes_in_views_that_only_grow(made: Any, data: st.DataObject) -> None:
    type, values = made
    try:
        output = Output(type, strict=False)
    except UsageError:  # a union that msgspec cannot tell apart
        reject()
    value = data.draw(values)
    text = json.dumps({"value": value} if output.is_wrapped else value, ensure_ascii=data.draw(st.booleans()))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    check_with(output, text, pieces)
    check_with(output, text, list(text))


def check_with(output: Output[Any], text: str, pieces: list[str]) -> None:
    *_, last = [None, *views(output, pieces)]
    assert last == there(output.decode(text))


# -- views


def fed(type: Any, *pieces: str) -> Any:
    partial = Partial(output_of(type))
    for piece in pieces:
        partial.feed(piece)
    return partial.view


def test_nothing_is_there_before_the_root_and_one_object_grows_from_then_on() -> None:
    partial = Partial(output_of(Trip))
    assert partial.view is None
    assert not partial.feed("Of course: ")
    assert partial.view is None

    assert partial.feed("{")
    view = partial.view
    assert isinstance(view, Trip)
    partial.feed(TRIP[1:])
    assert partial.view is view


@pytest.mark.parametrize(("type", "missing"), [(Trip, "cost"), (Loose, "note"), (Loose, "stops"), (Tight, "note")])
def test_a_default_does_not_show_before_its_object_is_over(type: Any, missing: str) -> None:
    view = fed(type, "{")

    assert isinstance(view, type)
    assert not hasattr(view, missing)
    with pytest.raises(AttributeError, match=missing):
        getattr(view, missing)


def test_a_struct_is_there_with_its_bracket_and_a_text_grows_by_letters() -> None:
    partial = Partial(output_of(Trip))
    seen = []
    for piece in ['{"title":"', "Ro", "me\\u00", "e9", '","allStops":[', "{", '"city":"R', '"', "}"]:
        partial.feed(piece)
        seen.append(repr(partial.view))

    assert seen == [
        "Trip(title='')",
        "Trip(title='Ro')",
        "Trip(title='Rome')",
        "Trip(title='Romeé')",
        "Trip(title='Romeé', all_stops=[])",
        "Trip(title='Romeé', all_stops=[Stop()])",
        "Trip(title='Romeé', all_stops=[Stop(city='R')])",
        "Trip(title='Romeé', all_stops=[Stop(city='R')])",
        "Trip(title='Romeé', all_stops=[Stop(city='R', nights=2, day=None)])",
    ]


@pytest.mark.parametrize("name", ["day", "id", "price", "data", "colour", "kind", "pair", "some", "several"])
def test_a_value_that_is_no_plain_text_is_there_when_it_is_whole(name: str) -> None:
    text = next(text for type, text in CASES if type is Leaves)
    value = json.dumps(json.loads(text)[name])
    partial = Partial(output_of(Leaves))
    partial.feed(f'{{"{name}":{value[:-1]}')
    assert not hasattr(partial.view, name)

    partial.feed(value[-1])
    assert getattr(partial.view, name) == getattr(output_of(Leaves).decode(text), name)


def test_a_text_with_a_constraint_is_there_when_it_is_whole_and_keeps_to_it() -> None:
    assert not hasattr(fed(Checked, '{"code":"ab'), "code")
    assert fed(Checked, '{"code":"ab"').code == "ab"
    assert not hasattr(fed(Checked, '{"code":"a"'), "code")
    assert fed(Checked, '{"code":"a","word":"w').word == "w"
    assert fed(Checked, '{"tags":["a').tags == ["a"]


def test_a_type_with_code_of_its_own_is_there_when_it_is_whole() -> None:
    assert not hasattr(fed(Places, '{"hooked":{"name":"ann"'), "hooked")
    assert fed(Places, '{"hooked":{"name":"ann"}').hooked == Hooked("ann")
    assert fed(Hooked, '{"name":"ann"') is None


def test_a_union_of_structs_is_there_with_its_tag() -> None:
    assert fed(Cat | Dog, '{"value":{"name":"Tom","type":"ca') is None
    assert repr(fed(Cat | Dog, '{"value":{"name":"Tom","type":"cat"')) == "Cat(name='Tom')"
    assert repr(fed(Cat | Dog, '{"value":{"type":"cat","name":"To')) == "Cat(name='To')"
    assert fed(Cat | Dog, '{"value":{"type":"cow","name":"To"}}') is None
    assert fed(Cat | Dog, '{"value":{"type":["cat"],"name":"To"}}') is None
    assert fed(Cat | Dog, '{"value":{"type":7,"name":"To"}}') is None


@pytest.mark.parametrize(
    ("type", "text", "view"),
    [
        (Trip, '{"title":7,"cost":2.5,"allStops":[]}', "Trip(all_stops=[], cost=2.5)"),
        (Trip, '{"title":["a"],"cost":"x","notes":5,"allStops":{"a":1}}', "Trip()"),
        (Trip, '{"title":null,"allStops":[]}', "Trip(all_stops=[])"),
        (Stop, '{"city":"Rome","day":"soon","nights":1e999}', "Stop(city='Rome')"),
        (Stop, '{"city":"Rome","nights":1.5}', "Stop(city='Rome')"),
        (Stop, '{"nights":3}', "Stop(nights=3)"),
        (Leaves, '{"size":1' + "0" * 400 + ',"truth":1}', "Leaves()"),
        (Cat, '{"lives":[1,"x",3]}', "Cat(lives=[1, 3])"),
        (list[Cat | Dog], '[{"type":"cat","lives":[1e999,7],"name":5}]', "[Cat(lives=[7])]"),
        (list[Cat | Dog], '[{"lives":1e999,"type":"dog","tricks":["a"]}]', "[Dog(tricks=['a'])]"),
        (Stop | int, '{"a":1,"city":1e999}', "None"),
        (list[int], '{"note":1,"value":[1]}', "[1]"),
        (list[int], '{"value":[1],"value2":[2]}', "[1]"),
        (str, '{"value":1e999}', "None"),
        (Trip, '{"more":1e999,"title":"a","allStops":[]}', "Trip(title='a', all_stops=[], cost=1.0, notes=[])"),
    ],
)
def test_what_is_not_valid_is_left_out(type: Any, text: str, view: str) -> None:
    assert repr(fed(type, text)) == view
    assert repr(fed(type, *text)) == view


@pytest.mark.parametrize("type", [Trip, Loose, Tight])
def test_a_view_is_compared_and_copied_by_what_is_there(type: Any) -> None:
    name = "title" if type is Trip else "name"
    view, same, other = (fed(type, f'{{"{name}":"{text}') for text in ("a", "a", "b"))

    assert view == same
    assert view != other
    assert view != "a"
    for made in (copy.copy(view), copy.deepcopy(view)):
        assert made == view
        assert made is not view
        assert isinstance(made, type)
        assert repr(made) == f"{type.__name__}({name}='a')"
    assert list(view.__rich_repr__()) == [(name, "a")]
    with pytest.raises(TypeError, match="unhashable"):
        hash(view)


def test_a_deep_copy_of_a_view_grows_no_more() -> None:
    partial = Partial(output_of(Trip))
    partial.feed('{"title":"a","allStops":[{"city":"R')
    kept = copy.deepcopy(partial.view)
    partial.feed('ome"}]}')

    assert repr(kept) == "Trip(title='a', all_stops=[Stop(city='R')])"
    assert partial.view == output_of(Trip).decode('{"title":"a","allStops":[{"city":"Rome"}]}')


def test_a_class_is_not_told_that_it_is_viewed() -> None:
    told: list[type] = []

    class Base:
        def __init_subclass__(cls, *, name: str, **options: Any) -> None:
            told.append(cls)

    @dataclass
    class Told(Base, name="told"):
        text: str
        more: str = ""

    assert fed(Told, '{"text":"a"}') == Told("a")
    assert told == [Told]


def test_a_dataclass_of_an_unusual_layout_stays_a_view_that_lacks_nothing() -> None:
    class Base:
        __slots__ = ("other",)

    @dataclass
    class Unusual(Base):
        text: str
        more: str = ""

    view = fed(Unusual, '{"text":"a"}')

    assert isinstance(view, Unusual)
    assert (view.text, view.more) == ("a", "")
    assert repr(view).endswith("Unusual(text='a', more='')")


def test_annotations_that_cannot_be_hashed_are_read_as_others() -> None:
    class Odd(msgspec.Struct):
        text: Annotated[str, ["odd"]]
        texts: list[Annotated[str, {"odd": True}]]

    assert repr(fed(Odd, '{"text":"a","texts":["b","c')).endswith("Odd(text='a', texts=['b'])")


def test_a_note_of_which_nothing_is_known_may_change_a_value_so_it_is_there_when_whole() -> None:
    class Noted(msgspec.Struct):
        text: Annotated[str, len]

    assert not hasattr(fed(Noted, '{"text":"a'), "text")
    assert fed(Noted, '{"text":"a"').text == "a"


def test_aliases_of_types_are_looked_through() -> None:
    words = SimpleNamespace(__value__=list[Slug])  # as `type Words = list[Slug]` is, of Python 3.12 on

    assert bare(words) == (list[Slug], False, False)
    assert bare(Slug) == (str, False, False)


def test_what_has_no_fields_has_none() -> None:
    assert fields_of(int) == {}


@pytest.mark.parametrize("type", [Trip, list[int], str, Cat | Dog, dict[str, int], Leaves, Loose, Plan])
@given(text=st.text(alphabet='{}[]",:\\u0tfn1-. aevl'))
def test_nothing_but_invalid_output_ever_escapes(type: Any, text: str) -> None:
    for begin in ("", '{"value":', '{"title":', '{"type":"cat","'):
        partial, elements = Partial(output_of(type)), Elements[Any](output_of(Trip), "notes")
        for reader in (partial, elements):
            try:
                reader.feed(begin)
                reader.feed(text)
            except InvalidOutput:
                continue


# -- pydantic


def models() -> Any:
    """Models of pydantic, in a namespace."""
    pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")

    class Day(pydantic.BaseModel):
        city: str
        nights: int = 2
        when: date | None = None

    class Journey(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(frozen=True)
        name: str = pydantic.Field(alias="journeyName")
        days: list[Day] = pydantic.Field(default_factory=list, min_length=0)
        code: str = pydantic.Field("", max_length=3)
        share: float = pydantic.Field(0.5, gt=0)

    class Shouted(pydantic.BaseModel):
        text: str

        @pydantic.field_validator("text")
        @classmethod
        def shout(cls, text: str) -> str:
            return text.upper()

    class Trimmed(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(str_strip_whitespace=True)
        text: str

    class Hotel(pydantic.BaseModel):
        kind: Literal["hotel"] = "hotel"
        stars: int = 3

    class Tent(pydantic.BaseModel):
        kind: Literal["tent"] = "tent"
        holes: list[int] = []  # noqa: RUF012

    class Nights(pydantic.BaseModel):
        first: Hotel | Tent
        places: list[Annotated[Hotel | Tent, pydantic.Field(discriminator="kind")]]
        prices: list[int] = []  # noqa: RUF012
        keys: dict[str, bytes] = {}  # noqa: RUF012
        days: list[date] = []  # noqa: RUF012
        anything: Any = None

    Upper = Annotated[str, pydantic.AfterValidator(str.upper)]  # noqa: N806
    Key = pydantic.dataclasses.dataclass(make_dataclass("Key", [("text", Upper)]))  # noqa: N806

    @pydantic.dataclasses.dataclass
    class Lock:
        text: Upper

    class Ring(pydantic.BaseModel):
        name: str
        key: Key
        lock: Lock | None = None

    Outer = msgspec.defstruct("Outer", [("journey", Journey), ("shouted", Shouted)])  # noqa: N806

    return SimpleNamespace(
        **{each.__name__: each for each in (Day, Journey, Shouted, Trimmed, Hotel, Tent, Nights, Ring, Outer)},
        Places=pydantic.RootModel[list[Day]],
    )


def test_models_of_pydantic_grow() -> None:
    journey = models().Journey
    check(
        journey, *both('{"journeyName":"Italy","days":[{"city":"Rome","when":"2031-05-28"},{"city":"B","nights":3}]}')
    )
    check(journey, *both('{"journeyName":"x","days":[],"code":"abc","share":2}'))

    view = fed(journey, '{"journeyName":"It')
    assert isinstance(view, journey)
    assert repr(view) == "Journey(name='It')"
    assert not hasattr(view, "days")
    assert fed(journey, '{"days":[{"city":"Ro').days[0].city == "Ro"


def test_the_items_of_a_list_of_a_model_are_models() -> None:
    made = models()

    assert items_of(made.Journey, '{"days":[{"city":"Rome"}]}') == [made.Day(city="Rome")]


@pytest.mark.parametrize("field", ["places", "prices", "days"])
def test_what_stands_in_a_model_is_read_as_pydantic_reads_it_however_deep(field: str) -> None:
    nights = models().Nights
    text = (
        '{"first":{"kind":"hotel","stars":null},"places":[{"kind":"tent","holes":null},{"kind":"hotel","stars":5}],'
        '"prices":["7",8.0],"keys":{"a":"aGk="},"days":["2031-05-28","2031-05-29T00:00:00"],"anything":{"a":["b"]}}'
    )
    check(nights, *both(text))
    assert items_of(nights, text, field) == getattr(output_of(nights).decode(text), field)


@pytest.mark.parametrize(
    "more",
    [
        {"default": "3", "validate_default": True},
        {"default": 3, "deprecated": True},
        {"default_factory": lambda data: len(data["name"])},
    ],
    ids=lambda more: next(reversed(more)),
)
def test_a_model_with_a_field_that_only_pydantic_can_fill_is_there_when_it_is_whole(more: Any) -> None:
    pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")
    made = pydantic.create_model("Made", name=(str, ...), size=(int, pydantic.Field(**more)))

    partial = Partial(output_of(made))
    partial.feed('{"name":"abc"')

    assert partial.view is None
    partial.feed("}")
    assert partial.view == made(name="abc")


def test_a_dataclass_of_pydantics_in_a_model_is_there_when_it_is_whole() -> None:
    ring = models().Ring

    assert not hasattr(fed(ring, '{"key":{"text":"a"'), "key")
    check(ring, *both('{"name":"x","key":{"text":"a"}}'))


def test_what_pydantic_can_read_only_in_its_model_is_left_out_of_the_view() -> None:
    ring = models().Ring  # whose lock has annotations that are known where it was made only
    text = '{"name":"x","lock":{"text":"a"}'

    assert repr(fed(ring, text)) == "Ring(name='x')"
    assert output_of(ring).decode(text + ',"key":{"text":"a"}}').lock.text == "A"


def test_the_items_of_a_model_that_is_a_list_need_no_name() -> None:
    made = models()

    for text in ('{"value":[{"city":"Rome"}]}', '[{"city":"Rome"}]'):
        assert items_of(made.Places, text) == [made.Day(city="Rome")]


def both(text: str) -> tuple[str, list[str]]:
    return text, list(text)


def test_values_of_a_model_are_checked_by_pydantic() -> None:
    journey = models().Journey

    assert not hasattr(fed(journey, '{"code":"ab'), "code")
    assert fed(journey, '{"code":"ab"').code == "ab"
    assert not hasattr(fed(journey, '{"code":"abcd"'), "code")
    assert not hasattr(fed(journey, '{"share":-1,'), "share")
    assert fed(journey, '{"journeyName":"a"}').__pydantic_fields_set__ == {"name"}


def test_a_model_with_validators_or_settings_that_change_values_is_there_when_it_is_whole() -> None:
    made = models()

    assert fed(made.Shouted, '{"text":"a"') is None
    assert fed(made.Shouted, '{"text":"a"}').text == "A"
    assert fed(made.Trimmed, '{"text":" a"') is None
    assert fed(made.Trimmed, '{"text":" a"}').text == "a"
    check(made.Outer, *both('{"journey":{"journeyName":"a"},"shouted":{"text":"b"}}'))


# -- elements


def items_of(type: Any, text: str, field: str | None = None, size: int = 1) -> list[Any]:
    elements = Elements[Any](output_of(type), field)
    return [item for place in range(0, len(text), size) for item in elements.feed(text[place : place + size])]


STRANGE = r'[{"city":"a]},\"\\","nights":1}, {"city":"[{\\"} ,{"city":"b"}]'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("type", "field", "text", "items"),
    [
        (list[int], None, "[1, 22,\n333]", [1, 22, 333]),
        (list[int], None, '{"value":[1,2]} and [3]', [1, 2]),
        (list[int], None, "Here: ```json\n[]```", []),
        (set[str], None, '["a","b,c"]', ["a", "b,c"]),
        (tuple[int | None, ...], None, "[1,null]", [1, None]),
        (list[list[int]] | None, None, "[[1], [2,3],[]]", [[1], [2, 3], []]),
        (list[Cat | Dog], None, '[{"type":"cat","name":"x"}]', [Cat("x")]),
        (list[Stop], None, STRANGE, [Stop('a]},"\\', 1), Stop("[{\\"), Stop("b")]),
        (Trip, "allStops", TRIP, [Stop("Ostia"), Stop("Rome", day=date(2031, 5, 28))]),
        (Trip, "all_stops", TRIP, [Stop("Ostia"), Stop("Rome", day=date(2031, 5, 28))]),
        (Trip, "notes", '{"allStops":[{"notes":["x"]}],"notes":["a"],"cost":1}', ["a"]),
        (Trip, "notes", '{"allStops":[],"notes":null}', []),
        (Page[Stop], None, '{"a":{"items":[1]},"items":[{"city":"Rome"}]}', [Stop("Rome")]),
        (Loose, None, '{"note":"[]","stops":[{"city":"Rome"}]}', [Stop("Rome")]),
        (Plan, None, '{"steps":[{"city":"Rome"}]}', [Stop("Rome")]),
        (Places, None, '{"points":[{"x":1},{"name":null,"x":2}]}', [Point(1), Point(2)]),
        (Walk, None, '{"name":"a","points":[{"x":1},{"x":2}]}', [Point(1), Point(2)]),
    ],
)
def test_items_come_whole_and_typed(type: Any, field: str | None, text: str, items: list[Any], size: int) -> None:
    assert items_of(type, text, field, size) == items


def test_an_item_comes_with_its_last_character_a_number_with_what_follows_it() -> None:
    elements = Elements[Stop | str | int](output_of(list[Stop | str | int]))

    assert elements.feed('[{"city":"a"') == []
    assert elements.feed("}") == [Stop("a")]
    assert elements.feed(' , {"city":"b') == []
    assert elements.feed('"},"c"') == [Stop("b"), "c"]
    assert elements.feed(",1") == []
    assert elements.feed("2") == []
    assert elements.feed("\n") == []
    assert elements.feed(",") == [12]
    assert elements.feed('"') == []
    assert elements.feed('d"]') == ["d"]
    assert elements.feed(" [1]") == []


@pytest.mark.parametrize(
    ("type", "field", "words"),
    [
        (Trip, None, "Trip is no list by itself: its lists are 'allStops', 'notes'"),
        (Trip, "title", "Trip has no list 'title': its lists are 'allStops', 'notes'"),
        (Cat | Dog, None, "is no list by itself: it has no list among its fields"),
        (Stop, "city", "Stop has no list 'city': it has no list among its fields"),
        (list[int], "x", "has no list 'x': it has no list among its fields"),
        (str, None, "is no list by itself"),
    ],
)
def test_a_list_that_is_not_there_is_refused_with_those_that_are(type: Any, field: str | None, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Elements(output_of(type), field)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "good", "words"),
    [
        ('[1,2,"x",4]', [1, 2], "item 3: Expected `int`, got `str`"),
        ("[1,2,nul,4]", [1, 2], "item 3: "),
        ('["x"]', [], "item 1: "),
        ("[1,,2]", [1], "','"),
        ("[,1]", [], "','"),
        ("[ ,]", [], "','"),
        ("[1,]", [1], "']'"),
        ("[1}", [1], "'}'"),
        ("[1,[2}", [1], "'}'"),
        ("[1,{2]", [1], "']'"),
        ('[1,{"city":"a"} 2]', [1], "item 2: "),
        ("[1,[] []]", [1], "item 2: "),
        ('[1 "a"]', [], "item 1: "),
        ("[1," + "[" * 200, [1], "too deep"),
        ('{"a":[1,2],x', [], "not JSON"),
        ('{"value":[1,"a"],x', [1], "item 2: "),
    ],
)
def test_the_items_before_a_bad_one_are_given_first(text: str, good: list[int], words: str) -> None:
    for size in (1000, 1):
        elements = Elements[int](output_of(list[int]))
        pieces = iter([text[place : place + size] for place in range(0, len(text), size)] + [""])
        found: list[int] = []

        with pytest.raises(InvalidOutput, match=words):
            found.extend(item for piece in pieces for item in elements.feed(piece))
        with pytest.raises(InvalidOutput):
            elements.feed("")
        assert found == good


def test_the_fields_of_a_class_of_attrs_are_known() -> None:
    attrs = pytest.importorskip("attrs", reason="attrs is not installed")
    walk = attrs.make_class("Walk", {"name": attrs.field(type=str), "days": attrs.field(type=list[date])})

    assert items_of(walk, '{"name":"a","days":["2031-05-28"]}') == [date(2031, 5, 28)]


@pytest.mark.parametrize(
    ("type", "text", "value", "rest"),
    [
        (Trip, '{"title":"a","allStops":[{"city":"b"}]}', Trip(title="a", all_stops=[Stop("b")]), []),
        (Trip, "", Trip(title="a", all_stops=[Stop("b")]), [Stop("b")]),
        (Trip, '{"title":x', Trip(title="a", all_stops=[Stop("b")]), [Stop("b")]),
        (Plan, "{}", {"name": "a", "steps": [Stop("b")]}, [Stop("b")]),
        (Plan, "{}", {"name": "a"}, []),
        (list[int] | None, "null", None, []),
        (set[int], "[1,1,2]", {1, 2}, []),
        (tuple[int, ...], "As in [x]: [1,2]", (1, 2), [1, 2]),
    ],
)
def test_items_that_could_not_be_followed_come_at_the_end(type: Any, text: str, value: Any, rest: list[Any]) -> None:
    elements = Elements[Any](output_of(type), "all_stops" if type is Trip else None)
    with suppress(InvalidOutput):
        elements.feed(text)

    assert elements.finish(value) == rest
    assert elements.finish(value) == []


@pytest.mark.parametrize(
    ("text", "value", "words"),
    [
        ("[1]", [1, 2], "1 items were given, and the answer has 2"),
        ("[1,2,3]", [1, 2], "3 items were given, and the answer has 2"),
        ('[1,"x"]', [1, 2], "item 2: "),
    ],
)
def test_items_that_are_not_those_of_the_answer_are_an_error_at_the_end(text: str, value: Any, words: str) -> None:
    elements = Elements[int](output_of(list[int]))
    elements.feed(text)

    with pytest.raises(InvalidOutput, match=words):
        elements.finish(value)


@settings(deadline=None)
@given(st.lists(st.recursive(st.integers() | st.text() | st.none(), st.lists, max_leaves=5)), st.integers(1, 9))
def test_any_items_come_in_any_pieces(values: list[Any], size: int) -> None:
    output = Output(list[Any], strict=False)
    elements = Elements[Any](output)
    text = json.dumps(values)

    found = [item for place in range(0, len(text), size) for item in elements.feed(text[place : place + size])]

    assert found == values


# -- cost


@pytest.mark.parametrize("kind", [Partial, Elements])
def test_each_item_costs_as_much_as_any_other(kind: Any) -> None:
    def work(count: int) -> int:
        text = "[" + ",".join(f'{{"city":"city number {place:05}"}}' for place in range(count)) + "]"
        reader = kind(output_of(list[Stop]))
        return work_of(lambda: [reader.feed(text[place : place + 4]) for place in range(0, len(text), 4)])

    work(2)
    less, more = work(150), work(300)
    assert less * 1.6 < more < less * 2.4
