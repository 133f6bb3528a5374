"""When the calls of an answer may be run: those that are complete while it streams, and those of a whole one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsdk._protocol.accumulate import Accumulator
from chatsdk._protocol.ready_calls import Balance, ReadyCalls, calls_of, repeated
from chatsdk.types import ChatCompletion, Choice, FunctionCall, Message, ToolCall

from ..cases import BODIES, is_stream, sample
from .pieces import chunk_of, read, work_of

CALLED = [name for name in BODIES if is_stream(name) and not sample(name).error]


def piece(index: int | None, arguments: str = "", name: str | None = None, id: str | None = None) -> dict[str, Any]:
    """A chunk that adds to a call, or begins one."""
    call = {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}
    return {"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}


def custom(index: int, text: str, name: str | None = None, id: str | None = None) -> dict[str, Any]:
    call = {"index": index, "id": id, "type": "custom", "custom": {"name": name, "input": text}}
    return {"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}


def end(reason: str | None, index: int = 0) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": index, "delta": {}, "finish_reason": reason}]}


def taken(*documents: Any) -> list[list[tuple[int, str, str]]]:
    """Position, id and arguments of the calls that each chunk completes."""
    whole = Accumulator()
    ready = ReadyCalls(whole)
    told = []
    for document in documents:
        chunk = chunk_of(document)
        whole.add(chunk)
        told.append([(position, call.id, call.arguments) for position, call in ready.take(chunk)])
    return told


def test_a_call_is_complete_when_a_later_one_begins_and_the_last_one_at_the_finish_reason() -> None:
    assert taken(
        piece(0, "", "f", "a"), piece(0, '{"x"'), piece(0, ":1}"), piece(1, "", "g", "b"), piece(1, "{}"), end("stop")
    ) == [[], [], [], [(0, "a", '{"x":1}')], [], [(1, "b", "{}")]]


def test_that_it_is_json_already_completes_no_call() -> None:
    assert taken(piece(0, "{}", "f", "a"), piece(0, " "), end(None)) == [[], [], []]


def test_a_call_that_goes_on_after_a_later_one_has_begun_is_complete_when_it_is_closed() -> None:
    assert taken(
        piece(0, '{"x":"}', "f", "a"),
        piece(1, '{"y"', "g", "b"),
        piece(0, '\\"}"'),
        piece(1, ":2}"),
        piece(0, "}"),
        end("tool_calls"),
    ) == [[], [], [], [], [(0, "a", '{"x":"}\\"}"}')], [(1, "b", '{"y":2}')]]


def test_a_call_without_arguments_so_far_waits_for_the_finish_reason() -> None:
    told = taken(piece(0, "", "f", "a"), piece(1, "{}", "g", "b"), piece(2, "{}", "h", "c"), end("tool_calls"))
    assert told == [[], [], [(1, "b", "{}")], [(0, "a", ""), (2, "c", "{}")]]


def test_a_custom_tool_has_its_input_when_a_later_call_begins() -> None:
    told = taken(custom(0, "ls", "sh", "a"), custom(0, " -l"), custom(1, "{", "sh", "b"), end("tool_calls"))
    assert told == [[], [], [(0, "a", "ls -l")], [(1, "b", "{")]]


def test_calls_are_told_apart_without_index_and_id_and_get_the_ids_of_the_completion() -> None:
    documents = [piece(None, "{}", "f"), piece(None, '{"x":1}', "f"), end("stop")]
    told = taken(*documents)
    assert told == [[], [(0, "call_c_0_0", "{}")], [(1, "call_c_0_1", '{"x":1}')]]


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "model_length", "content_filter", "safety"])
def test_the_last_call_of_a_cut_answer_is_not_taken_for_complete(reason: str) -> None:
    told = taken(piece(0, "{}", "f", "a"), piece(1, "{}", "g", "b"), end(reason))
    assert told == [[], [(0, "a", "{}")], []]


def test_what_begins_after_the_finish_reason_waits_for_a_later_call() -> None:
    told = taken(
        piece(0, "{}", "f", "a"),
        end("tool_calls"),
        piece(1, "{}", "g", "b"),
        piece(1, " "),
        piece(2, "", "h", "c"),
        end("tool_calls"),
    )
    assert told == [[], [(0, "a", "{}")], [], [], [(1, "b", "{} ")], []]


def test_call_and_finish_reason_may_come_in_one_chunk() -> None:
    document = piece(0, "{}", "f", "a")
    document["choices"][0]["finish_reason"] = "tool_calls"
    assert taken(document) == [[(0, "a", "{}")]]


def test_a_legacy_function_call_is_complete_at_the_finish_reason() -> None:
    def delta(**function: str) -> dict[str, Any]:
        return {"id": "c", "choices": [{"index": 0, "delta": {"function_call": function}}]}

    told = taken(delta(name="f", arguments='{"x"'), delta(arguments=":1}"), end("function_call"), end("stop"))
    assert told == [[], [], [(0, "call_c_0_0", '{"x":1}')], []]


def test_the_calls_of_other_choices_are_nobodys() -> None:
    other = piece(0, "{}", "f", "a")
    other["choices"][0]["index"] = 1
    beside = piece(0, "{}", "g", "b")
    beside["choices"].append(other["choices"][0])
    assert taken(other, end("stop", 1), {"choices": []}) == [[], [], []]
    assert taken(beside, end("stop")) == [[], [(0, "b", "{}")]]


@pytest.mark.parametrize("name", CALLED)
def test_of_a_sample_every_call_is_taken_once_and_as_the_completion_has_it(name: str) -> None:
    ending = read([BODIES[name].read_bytes()])
    whole = Accumulator()
    ready = ReadyCalls(whole)
    found: dict[int, ToolCall] = {}
    for chunk in ending.chunks:
        whole.add(chunk)
        for position, call in ready.take(chunk):
            assert position not in found
            found[position] = call
    calls = calls_of(whole.completion()) if 0 in whole.choices else []
    expected = dict(zip(ready.positions(), calls, strict=True))
    assert {position: expected[position] for position in found} == found
    finish = whole.choices[0].finish_reason if 0 in whole.choices else None
    if finish is not None and finish not in ("length", "content_filter"):
        assert found == expected


def test_positions_are_in_the_order_of_the_completion() -> None:
    whole = Accumulator()
    assert ReadyCalls(whole).positions() == []
    for document in (piece(5, "{}", "last", "a"), piece(1, "{}", "first", "b")):
        whole.add(chunk_of(document))
    assert ReadyCalls(whole).positions() == [1, 0]
    assert [call.name for call in calls_of(whole.completion())] == ["first", "last"]


# -- whether a text is one object


@pytest.mark.parametrize(
    ("text", "is_closed"),
    [
        ("{}", True),
        ('  {"a":[{}, "]"]}\n', True),
        (r'{"a":"\\"}', True),
        (r'{"a":"\"}', False),
        ("", False),
        ("{", False),
        ('{"a":1', False),
        ("[]", False),
        ('"{}"', False),
        ("{} {}", False),
        ("{}!", False),
    ],
)
def test_an_object_is_closed_or_not(text: str, is_closed: bool) -> None:
    balance = Balance()
    balance.feed(text)
    assert balance.is_closed is is_closed


@given(
    st.dictionaries(st.text(), st.recursive(st.text() | st.integers(), st.lists, max_leaves=5), max_size=3), st.data()
)
def test_an_object_is_closed_at_its_last_bracket_however_it_is_cut(value: dict[str, Any], data: st.DataObject) -> None:
    text = msgspec.json.encode(value).decode()
    balance, place = Balance(), 0
    while place < len(text):
        assert not balance.is_closed
        step = data.draw(st.integers(1, 7))
        balance.feed(text[place : place + step])
        place += step
    assert balance.is_closed


def test_the_work_grows_with_what_comes_and_no_faster() -> None:
    def work(count: int) -> int:
        chunks = [piece(0, '{"x":"', "f", "a"), piece(1, '{"y":"', "g", "b")]
        for _ in range(count):
            chunks += [piece(0, "}"), piece(1, "}")]
        return work_of(lambda: taken(*chunks))

    small, large = work(100), work(1000)
    assert large < 11 * small


# -- the calls of a whole answer


def answered(*calls: ToolCall, legacy: FunctionCall | None = None) -> ChatCompletion:
    return ChatCompletion("c", [Choice(message=Message(tool_calls=list(calls) or None, function_call=legacy))])


def test_calls_get_ids_where_they_have_none_or_one_that_another_has() -> None:
    calls = [ToolCall(id, function=FunctionCall("f", "{}")) for id in ("", "a", "a", "call_c_0_0")]
    assert [call.id for call in calls_of(answered(*calls))] == ["call_c_0_0_", "a", "call_c_0_2", "call_c_0_0"]


def test_a_legacy_function_call_counts_where_there_are_no_tool_calls_and_is_repeated_as_one() -> None:
    legacy, call = FunctionCall("f", "{}"), ToolCall("a", function=FunctionCall("g", "{}"))
    [made] = calls_of(answered(legacy=legacy))
    assert (made.id, made.name, made.arguments) == ("call_c_0_0", "f", "{}")
    assert calls_of(answered(call, legacy=legacy)) == [call]
    assert calls_of(answered(legacy=FunctionCall())) == []
    assert calls_of(answered()) == []
    message = repeated(answered(legacy=legacy), [made])
    assert msgspec.to_builtins(message) == {
        "role": "assistant",
        "tool_calls": [{"type": "function", "id": "call_c_0_0", "function": {"name": "f", "arguments": "{}"}}],
    }
