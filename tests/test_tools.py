"""Tools: how functions of every kind are offered, called and answered for. Annotations are strings here."""

from __future__ import annotations

import asyncio
import functools
import re
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct

from chatsdk import UsageError, to_json
from chatsdk.tools import BadArguments, Tool, ToolContext, as_tool, encode_result
from chatsdk.types.response import CustomCall, FunctionCall, ToolCall

SEEN: ContextVar[str] = ContextVar("SEEN", default="nothing")


def called(name: str, arguments: str) -> ToolCall:
    return ToolCall("call_1", "function", FunctionCall(name, arguments))


async def answer(tool: Tool, arguments: str = "{}") -> Any:
    """What the tool gives when the model calls it so."""
    call = called(tool.name, arguments)
    return await tool.run(tool.read(call), ToolContext("deps", call, (), 1))


def sent(tool: Tool) -> dict[str, Any]:
    """The tool as the server gets it."""
    offered: dict[str, Any] = msgspec.json.decode(to_json(tool.param))
    return offered


# -- what is sent


class Unit(Enum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


class Place(Struct):
    """Where."""

    city: str
    country: Literal["it", "fr"]


def get_weather(city: str, days: Annotated[int, Meta(ge=1, description="How many.")], context: ToolContext[str]) -> str:
    """The weather of a city.

    Args:
        city: Its name.
        days: Not this.
    """
    return f"{context.value}: {city}, {days}"


def find(place: Place, *, unit: Unit = Unit.CELSIUS) -> None: ...


def store(values: dict[str, int], note: str = "") -> None:
    """Keep them."""


def nothing() -> None: ...


OFFERED: list[tuple[Tool, dict[str, Any]]] = [
    (
        Tool.from_function(get_weather),
        {
            "name": "get_weather",
            "description": "The weather of a city.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "Its name."},
                    "days": {"type": "integer", "minimum": 1, "description": "How many."},
                },
                "required": ["city", "days"],
                "additionalProperties": False,
            },
            "strict": True,
        },
    ),
    (
        Tool.from_function(find),
        {
            "name": "find",
            "parameters": {
                "type": "object",
                "properties": {
                    "place": {"$ref": "#/$defs/Place"},
                    "unit": {"anyOf": [{"$ref": "#/$defs/Unit"}, {"type": "null"}]},
                },
                "required": ["place", "unit"],
                "additionalProperties": False,
                "$defs": {
                    "Place": {
                        "type": "object",
                        "description": "Where.",
                        "properties": {
                            "city": {"type": "string"},
                            "country": {"type": "string", "enum": ["fr", "it"]},
                        },
                        "required": ["city", "country"],
                        "additionalProperties": False,
                    },
                    "Unit": {"type": "string", "enum": ["c", "f"]},
                },
            },
            "strict": True,
        },
    ),
    (
        Tool.from_function(store),
        {
            "name": "store",
            "description": "Keep them.",
            "parameters": {
                "type": "object",
                "properties": {
                    "values": {"type": "object", "additionalProperties": {"type": "integer"}},
                    "note": {"type": "string"},
                },
                "required": ["values"],
                "additionalProperties": False,
            },
            "strict": False,
        },
    ),
    (
        Tool.from_function(nothing, name="other-name", description="Rest.", strict=False),
        {
            "name": "other-name",
            "description": "Rest.",
            "parameters": {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
            "strict": False,
        },
    ),
    (
        Tool("raw", print, description="As told.", parameters={"type": "object", "oneOf": []}),
        {"name": "raw", "description": "As told.", "parameters": {"type": "object", "oneOf": []}},
    ),
    (Tool("raw", print, parameters={}, strict=True), {"name": "raw", "parameters": {}, "strict": True}),
]


@pytest.mark.parametrize(("tool", "function"), OFFERED)
def test_a_function_is_offered_by_its_signature(tool: Tool, function: dict[str, Any]) -> None:
    assert sent(tool) == {"type": "function", "function": function}
    assert tool.name == function["name"]
    assert tool.description == function.get("description")
    assert tool.is_strict is function.get("strict", False)
    assert not tool.is_custom


def test_properties_stand_in_the_order_of_the_parameters() -> None:
    assert [*sent(Tool.from_function(find))["function"]["parameters"]["properties"]] == ["place", "unit"]


def test_an_empty_description_hides_the_docstring() -> None:
    assert Tool.from_function(get_weather, description="").description is None
    assert "description" not in sent(Tool("f", get_weather, description=""))["function"]


CUSTOM: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({}, {"type": "text"}),
    (
        {"lark": 'start: "a"+'},
        {"type": "grammar", "grammar": {"definition": 'start: "a"+', "syntax": "lark"}},
    ),
    ({"regex": "a+"}, {"type": "grammar", "grammar": {"definition": "a+", "syntax": "regex"}}),
    ({"regex": ""}, {"type": "grammar", "grammar": {"definition": "", "syntax": "regex"}}),
]


@pytest.mark.parametrize(("grammar", "form"), CUSTOM)
async def test_a_custom_tool_gets_the_text_of_its_grammar(grammar: dict[str, Any], form: dict[str, Any]) -> None:
    tool = Tool.custom("shell", lambda text: [text], description="Run it.", timeout=3, **grammar)
    assert sent(tool) == {"type": "custom", "custom": {"name": "shell", "description": "Run it.", "format": form}}
    assert (tool.name, tool.description, tool.timeout) == ("shell", "Run it.", 3)
    assert tool.is_custom
    assert not tool.is_strict
    call = ToolCall("call_1", "custom", custom=CustomCall("shell", " ls {"))
    assert tool.read(call) == " ls {"
    assert await tool.run(tool.read(call), ToolContext(None, call, (), 1)) == [" ls {"]


# -- how it is run


class Shop:
    def __init__(self, name: str) -> None:
        self.name = name

    def price(self, item: str) -> str:
        """What it costs."""
        return f"{item} of {self.name}"

    async def price_later(self, item: str) -> str:
        """What it costs."""
        return f"{item} of {self.name}"

    @classmethod
    def of_class(cls, item: str) -> str:
        """What it costs."""
        return f"{item} of {cls.__name__}"

    @staticmethod
    def of_none(item: str) -> str:
        """What it costs."""
        return f"{item} of none"


class Price(Shop):
    """What it costs."""

    def __call__(self, item: str) -> str:
        return self.price(item)


class PriceLater(Shop):
    async def __call__(self, item: str) -> str:
        """What it costs."""
        return self.price(item)


def price(shop: str, item: str) -> str:
    """What it costs."""
    return f"{item} of {shop}"


async def price_later(shop: str, item: str) -> str:
    """What it costs."""
    return f"{item} of {shop}"


@functools.cache
def cached(item: str) -> str:
    """What it costs."""
    return f"{item} of cache"


def through(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


KINDS: list[tuple[Callable[..., Any], str, str]] = [
    (Shop("A").price, "price", "tea of A"),
    (Shop("A").price_later, "price_later", "tea of A"),
    (Shop.of_class, "of_class", "tea of Shop"),
    (Shop.of_none, "of_none", "tea of none"),
    (Price("A"), "Price", "tea of A"),
    (PriceLater("A"), "PriceLater", "tea of A"),
    (functools.partial(price, "A"), "price", "tea of A"),
    (functools.partial(price, shop="A"), "price", "tea of A"),
    (functools.partial(price_later, "A"), "price_later", "tea of A"),
    (functools.partial(functools.partial(Shop("A").price)), "price", "tea of A"),
    (cached, "cached", "tea of cache"),
    (through(cached), "cached", "tea of cache"),
    (through(Shop("A").price_later), "price_later", "tea of A"),
]


@pytest.mark.parametrize(("function", "name", "result"), KINDS)
async def test_every_kind_of_function_is_a_tool(function: Callable[..., Any], name: str, result: str) -> None:
    tool = as_tool(function)
    assert repr(tool) == f"<Tool {name}>"
    assert tool.description == "What it costs."
    assert [*sent(tool)["function"]["parameters"]["properties"]] == ["item"]
    assert await answer(tool, '{"item":"tea"}') == result


def test_a_tool_is_a_tool() -> None:
    tool = Tool.from_function(nothing)
    assert as_tool(tool) is tool


def where() -> tuple[threading.Thread, str]:
    return threading.current_thread(), SEEN.get()


async def where_later() -> tuple[threading.Thread, str]:
    return threading.current_thread(), SEEN.get()


async def test_a_sync_function_runs_off_the_loop_and_sees_context_variables() -> None:
    SEEN.set("mine")
    thread, seen = await answer(Tool.from_function(where))
    assert thread is not threading.current_thread()
    assert seen == "mine"


async def test_an_async_function_runs_in_the_loop() -> None:
    SEEN.set("mine")
    assert await answer(Tool.from_function(where_later)) == (threading.current_thread(), "mine")


async def test_a_sync_function_that_is_cancelled_is_left_to_itself() -> None:
    entered, leave, left = asyncio.Event(), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        loop.call_soon_threadsafe(entered.set)
        leave.wait(10)
        left.set()

    task = asyncio.create_task(answer(Tool.from_function(wait)))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not left.is_set()
    leave.set()
    assert await asyncio.to_thread(left.wait, 10)


class OddError(Exception):
    pass


def fails() -> None:
    raise OddError("no")


async def fails_later() -> None:
    raise OddError("no")


@pytest.mark.parametrize("function", [fails, fails_later])
async def test_what_a_function_raises_comes_through(function: Callable[..., Any]) -> None:
    with pytest.raises(OddError, match=r"^no$"):
        await answer(Tool.from_function(function))


async def test_a_context_is_what_the_call_was_made_in() -> None:
    assert await answer(Tool.from_function(get_weather), '{"city":"Rome","days":2}') == "deps: Rome, 2"


def test_wrong_arguments_name_the_tool_as_the_model_knows_it() -> None:
    tool = Tool.from_function(get_weather, name="weather")
    words = "the arguments of weather are wrong: Expected `int` >= 1 - at `$.days`"
    with pytest.raises(BadArguments, match=f"^{re.escape(words)}$"):
        tool.read(called("weather", '{"city":"Rome","days":0}'))


@dataclass
class Description:
    """A tool as an MCP server describes it."""

    name: str
    description: str | None
    inputSchema: dict[str, Any]  # noqa: N815


class Session:
    """A session with an MCP server, as far as tools need it."""

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        timeout: NotThere | None = None,  # noqa: ASYNC109, F821
    ) -> list[Any]:
        return [name, arguments, timeout]


async def test_a_tool_of_an_mcp_server_takes_three_lines() -> None:
    session = Session()
    schema = {"type": "object", "properties": {"path": {"type": "string"}}}
    found = Description("read_file", None, schema)

    run = functools.partial(session.call_tool, found.name)
    tool = Tool(found.name, run, description=found.description, parameters=found.inputSchema)

    assert sent(tool) == {"type": "function", "function": {"name": "read_file", "parameters": schema}}
    assert await answer(tool, '{"path":"a.txt","more":[1]}') == ["read_file", {"path": "a.txt", "more": [1]}, None]


async def test_pydantic_models_are_arguments_and_results() -> None:
    pydantic = pytest.importorskip("pydantic", reason="pydantic is optional")
    model = pydantic.create_model("Order", item=(str, ...), count=(int, pydantic.Field(ge=1)))

    def order(order: Any) -> Any:
        return order

    order.__annotations__["order"] = model
    tool = Tool.from_function(order)
    assert tool.is_strict
    result = await answer(tool, '{"order":{"item":"tea","count":2}}')
    assert result == model(item="tea", count=2)
    assert encode_result(result) == '{"item":"tea","count":2}'
    assert encode_result({"orders": [result]}) == '{"orders":[{"item":"tea","count":2}]}'
    with pytest.raises(BadArguments, match=r"greater than or equal to 1"):
        tool.read(called("order", '{"order":{"item":"tea","count":0}}'))
    with pytest.raises(UsageError, match=r"^Order is a class"):
        as_tool(model)
    with pytest.raises(UsageError, match=r"this ModelMetaclass has none"):
        encode_result(model)


# -- what is refused


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: as_tool(lambda: None),
        "'<lambda>' is no name of a tool: 1 to 64 ASCII letters, digits, - and _; pass name=",
    ),
    (lambda: Tool("", nothing), "'' is no name of a tool"),
    (lambda: Tool("a.b", nothing), "'a.b' is no name of a tool"),
    (lambda: Tool("größe", nothing), "'größe' is no name of a tool"),
    (lambda: Tool("a\n", nothing), r"'a\n' is no name of a tool"),
    (lambda: Tool("a" * 65, nothing, parameters={}), f"'{'a' * 65}' is no name of a tool"),
    (lambda: Tool.custom("a b", print), "'a b' is no name of a tool"),
    (lambda: Tool.from_function(nothing, name=""), "'' is no name of a tool"),
    (lambda: as_tool(Place), "Place is a class, and a tool is a function: write a function that takes one"),
    (lambda: as_tool({"type": "function"}), "dict: a tool is a function or a Tool, not dict"),  # type: ignore[arg-type]
    (lambda: Tool.from_function(store, strict=True), "store.values: "),
    (lambda: Tool.custom("shell", print, lark="a", regex="a"), "shell: a tool has one grammar, lark or regex"),
    (lambda: Tool.custom("shell", nothing), "shell is called with one argument, its input, and takes none"),
    (lambda: Tool("f", nothing, timeout=0), "the timeout of f is a number of seconds above 0, or None for no limit"),
    (lambda: Tool("f", nothing, timeout=True), "the timeout of f is a number of seconds"),
    (lambda: Tool("f", nothing, timeout="1"), "the timeout of f is a number of seconds"),  # type: ignore[arg-type]
    (lambda: Tool.custom("f", print, timeout=float("nan")), "the timeout of f is a number of seconds"),
]


@pytest.mark.parametrize(("make", "words"), REFUSED)
def test_what_is_no_tool_is_refused(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(UsageError, match="^" + re.escape(words)):
        make()


# -- results


@dataclass
class Point:
    x: int
    y: Mapping[str, int]


class Sky(str, Enum):  # noqa: UP042
    CLEAR = "clear"


class Wind(StrEnum):
    NONE = ""


RESULTS: list[tuple[Any, str]] = [
    ("sunny", "sunny"),
    (' "sunny"\n', ' "sunny"\n'),
    ("", '""'),
    ("\r\n", r'"\r\n"'),
    (Sky.CLEAR, "clear"),
    (Wind.NONE, '""'),
    (None, "null"),
    (True, "true"),
    (1.5, "1.5"),
    (2**70, str(2**70)),
    (float("nan"), "null"),
    ([1, "a", None], '[1,"a",null]'),
    ({"größe": (1, 2)}, '{"größe":[1,2]}'),
    ({1: {2}}, '{"1":[2]}'),
    (Place("Rome", "it"), '{"city":"Rome","country":"it"}'),
    (Point(1, {"a": 1}), '{"x":1,"y":{"a":1}}'),
    (Unit.CELSIUS, '"c"'),
    (date(2026, 1, 2), '"2026-01-02"'),
    (Decimal("1.10"), '"1.10"'),
    (UUID(int=0), '"00000000-0000-0000-0000-000000000000"'),
    (b"\x00\x01", '"AAE="'),
]


@pytest.mark.parametrize(("value", "text"), RESULTS)
def test_a_result_is_text_or_json_and_never_blank(value: Any, text: str) -> None:
    assert encode_result(value) == text


def circle() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (OddError("no"), "this OddError has none: OddError has no JSON form"),
        ([object()], "this list has none: object has no JSON form"),
        (where_later, "this function has none: function has no JSON form"),
        (Point, "this type has none: type has no JSON form"),
        (circle(), "this list has none: maximum recursion depth exceeded"),
        (["\ud83d"], "this list has none: 'utf-8' codec can't encode"),
        ("name of a file: \udce9", "this str has none: 'utf-8' codec can't encode"),
        ({(1, 2): 3}, "this dict has none: "),
    ],
)
def test_a_result_without_a_json_form_is_refused_by_its_type(value: Any, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"a tool's result is text, or what has a JSON form, and {words}")):
        encode_result(value)
