"""Signatures as types: which parameters the model sees, how they are described, and what the function gets.

Annotations are objects here; in tests/test_tools.py they are strings.
"""

import functools
import math
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Optional

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from chatsdk._arguments import BadArguments, ToolContext, TypedArguments, WholeInput, documented
from chatsdk.errors import UsageError
from chatsdk.types.response import FunctionCall, ToolCall

if TYPE_CHECKING:
    from decimal import Decimal as Later

CONTEXT: ToolContext[Any] = ToolContext("deps", ToolCall("call_1", "function", FunctionCall("f", "{}")), (), 1)


class Point(Struct):
    x: int
    y: int = 0


@dataclass
class Box:
    corner: Point


def run(function: Callable[..., Any], text: str, *, strict: bool | None = None) -> Any:
    """What the function gives for these arguments of a model."""
    arguments = TypedArguments(function, "f", strict)
    return arguments.call(arguments.read(text), CONTEXT)()


# -- what the function gets


def everything(*given: Any, **named: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return given, named


def of_each_kind(first: int, /, second: int, *, third: int) -> list[int]:
    return [first, second, third]


def all_defaults(first: list[int] = [1], /, second: float = math.inf, *, third: str = None) -> Any:  # type: ignore[assignment]  # noqa: B006, RUF013
    return first, second, third


def structured(point: Point, box: Box, points: list[Point] | None = None) -> Any:
    return point, box, points


def nullable(value: int | None = 5) -> int | None:
    return value


def odd_names(self: int, cls: int, __dict__: int, __private: int, _one: int, type: int, name: int) -> list[int]:
    return [self, cls, __dict__, __private, _one, type, name]


def nothing() -> str:
    return "nothing"


CALLS: list[tuple[Callable[..., Any], str, Any]] = [
    (of_each_kind, '{"first":1,"second":2,"third":3}', [1, 2, 3]),
    (of_each_kind, '{"third":3,"second":2,"first":1}', [1, 2, 3]),
    (all_defaults, "{}", ([1], math.inf, None)),
    (all_defaults, '{"first":null,"second":null,"third":null}', ([1], math.inf, None)),
    (all_defaults, '{"first":[2],"second":0.5,"third":"x"}', ([2], 0.5, "x")),
    (structured, '{"point":{"x":1,"y":2},"box":{"corner":{"x":3}}}', (Point(1, 2), Box(Point(3)), None)),
    (structured, '{"point":{"x":1,"y":null},"box":{"corner":{"x":3}},"points":[]}', (Point(1), Box(Point(3)), [])),
    (nullable, "{}", 5),
    (nullable, '{"value":null}', None),
    (odd_names, '{"self":1,"cls":2,"__dict__":3,"__private":4,"_one":5,"type":6,"name":7}', [1, 2, 3, 4, 5, 6, 7]),
    (nothing, "", "nothing"),
    (nothing, " \n", "nothing"),
    (nothing, "{}", "nothing"),
    (functools.partial(of_each_kind, 7), '{"second":2,"third":3}', [7, 2, 3]),
    (functools.partial(of_each_kind, third=7), '{"first":1,"second":2}', [1, 2, 7]),
    (functools.partial(of_each_kind, second=7), '{"first":1,"third":3}', [1, 7, 3]),
    (functools.partial(functools.partial(of_each_kind, second=7), 1, third=8), "{}", [1, 7, 8]),
]


@pytest.mark.parametrize("strict", [None, False])
@pytest.mark.parametrize(("function", "text", "result"), CALLS)
def test_a_function_gets_what_the_model_wrote(
    function: Callable[..., Any], text: str, result: Any, strict: bool | None
) -> None:
    assert run(function, text, strict=strict) == result


def test_a_default_is_the_very_object_that_the_function_has() -> None:
    assert run(all_defaults, "{}")[0] is all_defaults.__defaults__[0]  # type: ignore[index]


BAD: list[tuple[Callable[..., Any], str, str]] = [
    (nullable, '{"value":"x"}', "the arguments of f are wrong: Expected `int | null`, got `str` - at `$.value`"),
    (
        of_each_kind,
        '{"first":1,"second":2}',
        "the arguments of f are wrong: Object missing required field `third` "
        "(expected an object with first, second, third)",
    ),
    (
        nullable,
        '{"vlaue":1}',
        "the arguments of f are wrong: Object contains unknown field `vlaue` (expected an object with value)",
    ),
    (nullable, "[]", "the arguments of f are wrong: Expected `object`, got `array` (expected an object with value)"),
    (nullable, '"{}"', "the arguments of f are wrong: Expected `object`, got `str` (expected an object with value)"),
    (nothing, "[]", "the arguments of f are wrong: Expected `object`, got `array` (expected an empty object)"),
    (
        nullable,
        '{"value":',
        "the arguments of f are wrong: Input data was truncated (expected an object with value)",
    ),
    (structured, '{"point":{"x":"1"},"box":{"corner":{"x":3}}}', "Expected `int`, got `str` - at `$.point.x`"),
]


@pytest.mark.parametrize(("function", "text", "words"), BAD)
def test_wrong_arguments_are_told_in_words_for_the_model(function: Callable[..., Any], text: str, words: str) -> None:
    with pytest.raises(BadArguments, match=re.escape(words) + "$"):
        run(function, text)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"value":' * 100_000, '"\ud83d"', '{"value":"\ud83d"}'])
def test_no_other_error_comes_of_reading(text: str) -> None:
    whole = WholeInput(nullable, "f", is_json=True)
    for arguments in (TypedArguments(nullable, "f", None), whole):
        with pytest.raises(BadArguments, match=r"^the arguments of f are wrong: "):
            arguments.read(text)


# -- the context


def context_first(context: ToolContext[str], city: str) -> Any:
    return context, city


def context_last(city: str, *, anything: ToolContext) -> Any:  # type: ignore[type-arg]
    return anything, city


def context_by_position(city: str, context: ToolContext[Any], /) -> Any:
    return context, city


def context_as_text(city: str, context: "ToolContext[str]") -> Any:
    return context, city


def context_or_none(city: str, context: ToolContext[str] | None = None) -> Any:
    return context, city


def context_annotated(city: str, context: Annotated[Optional["ToolContext[str]"], "it"] = None) -> Any:
    return context, city


CONTEXTS = [context_first, context_last, context_by_position, context_as_text, context_or_none, context_annotated]


@pytest.mark.parametrize("function", CONTEXTS)
def test_a_context_is_given_and_not_in_the_schema(function: Callable[..., Any]) -> None:
    assert [*TypedArguments(function, "f", None).schema["properties"]] == ["city"]
    context, city = run(function, '{"city":"Rome"}')
    assert context is CONTEXT
    assert city == "Rome"


@pytest.mark.parametrize("function", CONTEXTS)
def test_a_context_is_given_beside_the_whole_input(function: Callable[..., Any]) -> None:
    context, given = WholeInput(function, "f", is_json=False).call("text", CONTEXT)()
    assert context is CONTEXT
    assert given == "text"


def test_a_context_inside_of_another_type_is_none() -> None:
    def of_many(contexts: list[ToolContext[str]]) -> None: ...

    with pytest.raises(UsageError, match=r"^f\.contexts"):
        TypedArguments(of_many, "f", None)


def test_the_model_cannot_give_a_context() -> None:
    with pytest.raises(BadArguments, match="unknown field `context`"):
        run(context_first, '{"city":"Rome","context":{}}')


# -- one parameter for everything


WHOLE: list[tuple[Callable[..., Any], Any]] = [
    (lambda arguments: arguments, "in"),
    (lambda arguments, /, other=1: [arguments, other], ["in", 1]),
    (lambda *, arguments: arguments, "in"),
    (everything, (("in",), {})),
    (lambda arguments, *others, **more: [arguments, others, more], ["in", (), {}]),
    (functools.partial(lambda session, arguments: [session, arguments], "s"), ["s", "in"]),
    (functools.partial(lambda session, arguments: [session, arguments], session="s"), ["s", "in"]),
]


@pytest.mark.parametrize(("function", "result"), WHOLE)
def test_the_whole_input_goes_to_the_first_parameter(function: Callable[..., Any], result: Any) -> None:
    assert WholeInput(function, "f", is_json=False).call("in", CONTEXT)() == result


@pytest.mark.parametrize(
    ("text", "read"), [("", {}), (" ", {}), ('{"a":[1]}', {"a": [1]}), ('{"a":1,"a":2}', {"a": 2})]
)
def test_a_whole_json_input_is_a_dict(text: str, read: dict[str, Any]) -> None:
    assert WholeInput(everything, "f", is_json=True).read(text) == read


@pytest.mark.parametrize("text", ["[]", "1", "{", "null"])
def test_a_whole_json_input_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(BadArguments, match=r"\(expected an object\)$"):
        WholeInput(everything, "f", is_json=True).read(text)


def test_a_whole_text_is_taken_as_it_is() -> None:
    assert WholeInput(everything, "f", is_json=False).read(" {\n") == " {\n"


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (nothing, "f is called with one argument, its input, and takes none"),
        (lambda **options: None, "f is called with one argument, its input, and takes none"),
        (lambda one, two: None, "f is called with one argument, its input: 'two' would get nothing"),
        (lambda *one, two: None, "f is called with one argument, its input: 'two' would get nothing"),
    ],
)
def test_a_function_that_cannot_take_a_whole_input_is_refused(function: Callable[..., Any], words: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(words)}$"):
        WholeInput(function, "f", is_json=True)


# -- what is refused


def unannotated(city) -> None: ...  # type: ignore[no-untyped-def]


def with_options(city: str, **options: str) -> None: ...


def with_more(*cities: str) -> None: ...


def of_unknown(city: "Later") -> None: ...


def of_nonsense(city: "1 +") -> None: ...  # type: ignore[syntax]  # noqa: F722


def of_no_member(city: "math.nothing") -> None: ...  # type: ignore[name-defined]


def of_a_callable(callback: Callable[[], None]) -> None: ...


def yielding(city: str) -> Iterator[str]:
    yield city


async def yielding_later(city: str) -> AsyncIterator[str]:
    yield city


REFUSED: list[tuple[Any, str]] = [
    (unannotated, "f.city has no annotation: say what it is, as in `city: str`"),
    (with_options, "f(**options): a schema names every argument"),
    (with_more, "f(*cities): a schema names every argument"),
    (of_unknown, "f.city: the annotation 'Later' means nothing: name 'Later' is not defined (what it names has to be"),
    (of_nonsense, "f.city: the annotation '1 +' means nothing: "),
    (of_no_member, "f.city: the annotation 'math.nothing' means nothing: "),
    (of_a_callable, "f.callback"),
    (yielding, "f yields, and a tool gives one result: return it"),
    (yielding_later, "f yields, and a tool gives one result: return it"),
    (Point, "f is a class, and a tool is a function: write a function that takes one"),
    ({"type": "function"}, "f: a tool is a function or a Tool, not dict"),
    (max, "f does not tell its parameters: wrap it in a function of your own"),
]


@pytest.mark.parametrize(("function", "words"), REFUSED)
def test_what_no_schema_can_say_is_refused_with_the_path(function: Any, words: str) -> None:
    with pytest.raises(UsageError, match="^" + re.escape(words)):
        TypedArguments(function, "f", None)


def test_a_result_may_be_annotated_with_anything() -> None:
    def answer(city: str) -> "Nowhere":  # type: ignore[name-defined]  # noqa: F821
        return city

    assert run(answer, '{"city":"Rome"}') == "Rome"


def test_an_annotation_may_name_what_is_not_there_where_no_schema_is_made_of_it() -> None:
    assert WholeInput(of_unknown, "f", is_json=False).call("in", CONTEXT)() is None


# -- strict or not


def of_a_map(city: str, options: dict[str, int]) -> None: ...


def test_strict_is_what_can_be_strict() -> None:
    assert TypedArguments(nullable, "f", None).is_strict
    assert not TypedArguments(of_a_map, "f", None).is_strict
    assert not TypedArguments(nullable, "f", False).is_strict
    assert TypedArguments(nullable, "f", True).is_strict


def test_insisting_on_strict_names_the_parameter_that_is_not() -> None:
    with pytest.raises(UsageError, match=r"^f\.options: "):
        TypedArguments(of_a_map, "f", True)


# -- docstrings


def google(city: str, unit: str = "c") -> None:
    """Look up the weather.

    Of today, mostly.

    Args:
        city: The city's name,
            in English.
        unit (str, optional): "c" or "f".

    Returns:
        Nothing.
    """


def numpy(city: str, unit: str = "c") -> None:
    """Look up the weather.

    Of today, mostly.

    Parameters
    ----------
    city : str
        The city's name,
        in English.
    unit : str, optional
        "c" or "f".

    Returns
    -------
    None
    """


def sphinx(city: str, unit: str = "c") -> None:
    """Look up the weather.

    Of today, mostly.

    :param city: The city's name,
        in English.
    :param str unit: "c" or "f".
    :returns: Nothing.
    """


def epydoc(city: str, unit: str = "c") -> None:
    """Look up the weather.

    Of today, mostly.

    @param city: The city's name,
        in English.
    @param unit: "c" or "f".
    @return: Nothing.
    """


@pytest.mark.parametrize("function", [google, numpy, sphinx, epydoc, functools.partial(google)])
def test_every_style_of_docstring_says_the_same(function: Callable[..., Any]) -> None:
    arguments = TypedArguments(function, "f", False)
    assert arguments.description == "Look up the weather.\n\nOf today, mostly."
    assert arguments.schema["properties"] == {
        "city": {"type": "string", "description": "The city's name,\nin English."},
        "unit": {"type": "string", "description": '"c" or "f".'},
    }


def test_parameters_may_share_their_words() -> None:
    def add(x: int, y: int) -> None:
        """Add.

        Parameters
        ----------
        x, y : int
            A number.
        """

    assert documented(add) == ("Add.", {"x": "A number.", "y": "A number."})


def test_a_docstring_without_sections_is_all_description() -> None:
    def noted() -> None:
        """Do it: now.

        Note: it takes a while.
        """

    assert documented(noted) == ("Do it: now.\n\nNote: it takes a while.", {})


def test_words_for_parameters_alone_are_no_description() -> None:
    def add(x: int) -> None:
        """:param x: A number."""

    assert documented(add) == (None, {"x": "A number."})
    assert documented(nothing) == (None, {})


def test_a_docstring_that_cannot_be_parsed_is_text() -> None:
    def odd() -> None:
        """: :"""

    assert documented(odd) == (": :", {})


@example("\r")
@given(st.text(st.sampled_from(":@-. \nxArgs") | st.characters(codec="utf-8"), max_size=60))
def test_no_docstring_is_an_error(text: str) -> None:
    def function() -> None: ...

    function.__doc__ = text
    description, words = documented(function)
    assert description is None or description.strip()
    assert all(isinstance(each, str) for each in words.values())


class Described:
    description = "By its member."


def test_what_annotations_say_goes_before_the_docstring() -> None:
    def ask(
        meta: Annotated[int, Meta(ge=1, description="By Meta.")],
        text: Annotated[str, "By text."],
        member: Annotated[str, Described()],
        only: Annotated[int, Meta(ge=1)],
        plain: str,
    ) -> None:
        """Ask.

        Args:
            meta: By docstring.
            text: By docstring.
            member: By docstring.
            only: By docstring.
        """

    assert TypedArguments(ask, "f", None).schema["properties"] == {
        "meta": {"type": "integer", "minimum": 1, "description": "By Meta."},
        "text": {"type": "string", "description": "By text."},
        "member": {"type": "string", "description": "By its member."},
        "only": {"type": "integer", "minimum": 1, "description": "By docstring."},
        "plain": {"type": "string"},
    }
