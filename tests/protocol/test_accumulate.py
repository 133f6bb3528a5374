"""What chunks add up to."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsdk._protocol.accumulate import Accumulator
from chatsdk._protocol.choice import join_base64
from chatsdk._protocol.chunks import as_chunk
from chatsdk._protocol.tool_calls import MAX_INDEX
from chatsdk.errors import ResponseDecodeError
from chatsdk.types import (
    Annotation,
    Audio,
    AudioChunk,
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    ChoiceDelta,
    ChunkChoice,
    CompletionUsage,
    CustomCall,
    FunctionCall,
    FunctionCallChunk,
    Logprobs,
    Message,
    TokenLogprob,
    ToolCall,
    ToolCallChunk,
    URLCitation,
)

from .pieces import HEAD, accumulated, chunk_of, said, work_of


def delta(**members: Any) -> dict[str, Any]:
    """A chunk that adds this to choice 0."""
    return {"choices": [{"index": 0, "delta": members}]}


def message_of(*documents: Any) -> Message:
    return accumulated(*documents).completion().message


# -- texts

TEXTS: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "nothing is null": ([{}], {"content": None}),
    "content": ([{"content": "a"}, {"content": "b"}], {"content": "ab"}),
    "an empty content is a content": ([{"content": ""}], {"content": ""}),
    "null between pieces adds nothing": ([{"content": "a"}, {"content": None}, {"content": "b"}], {"content": "ab"}),
    "a refusal": ([{"refusal": "no, "}, {"refusal": "sorry"}], {"refusal": "no, sorry", "content": None}),
    "reasoning as reasoning_content": ([{"reasoning_content": "a"}, {"reasoning_content": "b"}], {"reasoning": "ab"}),
    "reasoning as reasoning": ([{"reasoning": "a"}, {"reasoning": "b"}], {"reasoning": "ab"}),
    "both spellings at once count once": ([{"reasoning": "a", "reasoning_content": "a"}], {"reasoning": "a"}),
    "no reasoning": ([{"content": "a"}], {"reasoning": None}),
    "the role is the assistant's by default": ([{"content": "a"}], {"role": "assistant"}),
    "the first role holds": ([{"role": ""}, {"role": "model"}, {"role": "assistant"}], {"role": "model"}),
}


@pytest.mark.parametrize("name", TEXTS)
def test_pieces_of_text_are_appended(name: str) -> None:
    pieces, members = TEXTS[name]
    message = message_of(*(delta(**piece) for piece in pieces))
    assert {member: getattr(message, member) for member in members} == members


def test_choices_are_told_apart_by_index_and_stand_in_its_order() -> None:
    accumulator = accumulated(
        said("x", index=2),
        said("a"),
        {"choices": [{"index": 1, "delta": {"content": "m"}}, {"index": 0, "delta": {"content": "b"}}]},
        said("y", "length", index=2),
        said("", "stop"),
    )
    choices = accumulator.completion().choices
    assert [(choice.index, choice.message.content, choice.finish_reason) for choice in choices] == [
        (0, "ab", "stop"),
        (1, "m", None),
        (2, "xy", "length"),
    ]
    assert not accumulator.finished


def test_it_has_finished_when_every_choice_seen_has() -> None:
    assert not Accumulator().finished
    assert not accumulated({"usage": {}}).finished
    assert not accumulated(said("a")).finished
    assert not accumulated(said("a", "stop"), said("a", index=1)).finished
    assert accumulated(said("a", "stop"), said("a", "stop", index=1)).finished


def test_the_last_finish_reason_that_says_something_holds() -> None:
    chunks = [said("a", "stop"), said("", None), said("", "tool_calls"), said("", "")]
    assert accumulated(*chunks).completion().finish_reason == "tool_calls"


def test_an_index_may_be_left_out() -> None:
    assert message_of({"choices": [{"delta": {"content": "a"}}]}, {"choices": [{}]}).content == "a"


@pytest.mark.parametrize("index", [-1, MAX_INDEX + 1, 10**20])
def test_an_index_that_no_answer_has_is_refused_and_leaves_what_had_come(index: int) -> None:
    accumulator = accumulated(said("a"))
    with pytest.raises(ResponseDecodeError, match="out of range"):
        accumulator.add(chunk_of(said("b", index=index)))
    assert [choice.message.content for choice in accumulator.completion().choices] == ["a"]


# -- tool calls


def call(name: str | None = None, arguments: str | None = None, **members: Any) -> dict[str, Any]:
    return {**members, "function": {"name": name, "arguments": arguments}}


def custom(name: str | None = None, text: str | None = None, **members: Any) -> dict[str, Any]:
    return {**members, "type": "custom", "custom": {"name": name, "input": text}}


CALLS: dict[str, tuple[list[list[dict[str, Any]]], list[tuple[str, str, str]]]] = {
    "as the API sends one": (
        [[call("f", "", index=0, id="a", type="function")], [call(None, "{", index=0)], [call(None, "}", index=0)]],
        [("a", "f", "{}")],
    ),
    "whole in one piece": ([[call("f", "{}", index=0, id="a")]], [("a", "f", "{}")]),
    "several in one chunk": (
        [[call("f", "{}", index=0, id="a"), call("g", "[]", index=1, id="b")]],
        [("a", "f", "{}"), ("b", "g", "[]")],
    ),
    "interleaved": (
        [
            [call("f", "", index=0, id="a")],
            [call("g", "", index=1, id="b")],
            [call(None, "1", index=0)],
            [call(None, "2", index=1)],
            [call(None, "3", index=0)],
        ],
        [("a", "f", "13"), ("b", "g", "2")],
    ),
    "in order of index": (
        [[call("g", "2", index=1, id="b")], [call("f", "1", index=0, id="a")]],
        [("a", "f", "1"), ("b", "g", "2")],
    ),
    "an index is a key and no position": ([[call("f", "1", index=5, id="a")]], [("a", "f", "1")]),
    "counted from 1": (
        [[call("f", "1", index=1, id="a")], [call("g", "2", index=2, id="b")], [call(None, "!", index=1)]],
        [("a", "f", "1!"), ("b", "g", "2")],
    ),
    "an index as text": (
        [[call("f", "1", index="1", id="b")], [call("g", "2", index=" 0 ", id="a")], [call(None, "!", index=1)]],
        [("a", "g", "2"), ("b", "f", "1!")],
    ),
    "an empty index is none": ([[call("f", "1", index="", id="a")], [call(None, "2", index=" ")]], [("a", "f", "12")]),
    "without an index, by id": (
        [[call("f", "1", id="a")], [call("g", "2", id="b")], [call(None, "!", id="a")]],
        [("a", "f", "1!"), ("b", "g", "2")],
    ),
    "without index and id, the latest": (
        [[call("f", "1", id="a")], [call(None, "2")], [call("g", "3", id="b")], [call(None, "4")]],
        [("a", "f", "12"), ("b", "g", "34")],
    ),
    "without index and id from the first": ([[call("f", "1")], [call(None, "2")]], [("call_0_0", "f", "12")]),
    "a new id on a used index is a new call": (
        [[call("f", "1", index=0, id="a")], [call("g", "2", index=0, id="b")], [call(None, "3", index=0)]],
        [("a", "f", "1"), ("b", "g", "23")],
    ),
    "an old id on an index used anew": (
        [[call("f", "1", index=0, id="a")], [call("g", "2", index=0, id="b")], [call(None, "3", index=0, id="a")]],
        [("a", "f", "13"), ("b", "g", "2")],
    ),
    "a late id": (
        [[call("f", "1", index=0)], [call(None, "2", index=0, id="a")], [call(None, "3", id="a")]],
        [("a", "f", "123")],
    ),
    "the id with every piece": (
        [[call("f", "1", index=0, id="0")], [call(None, "2", index=0, id="0")]],
        [("0", "f", "12")],
    ),
    "an empty id is none": (
        [[call("f", "1", index=0, id="a")], [call("", "2", index=0, id="")]],
        [("a", "f", "12")],
    ),
    "no ids at all": (
        [[call("f", "1", index=0)], [call("g", "2", index=1)]],
        [("call_0_0", "f", "1"), ("call_0_1", "g", "2")],
    ),
    "the name with every piece": (
        [[call("f", "1", index=0, id="a")], [call("f", "2", index=0)], [call("f", "3", index=0)]],
        [("a", "f", "123")],
    ),
    "the name with every piece before the arguments": (
        [[call("f", None, index=0, id="a")], [call("f", "", index=0)], [call("f", "1", index=0)]],
        [("a", "f", "1")],
    ),
    "the name in pieces": (
        [[call("get_", None, index=0, id="a")], [call("weather", None, index=0)], [call(None, "1", index=0)]],
        [("a", "get_weather", "1")],
    ),
    "a name after the arguments have begun": (
        [[call(None, "1", index=0, id="a")], [call("f", "2", index=0)], [call("f", "3", index=0)]],
        [("a", "f", "123")],
    ),
    "never a name": ([[call(None, "1", index=0, id="a")]], [("a", "", "1")]),
    "null for a function": (
        [[{"index": 0, "id": "a", "function": None}], [call("f", "1", index=0)]],
        [("a", "f", "1")],
    ),
    "arguments that are no JSON": ([[call("f", '{"a": 1', index=0, id="a")]], [("a", "f", '{"a": 1')]),
    "the last index of all": ([[call("f", "1", index=MAX_INDEX, id="a")]], [("a", "f", "1")]),
    "custom tools": (
        [[custom("c", "", index=0, id="a")], [{"index": 0, "custom": {"input": "x"}}], [custom(None, "y", index=0)]],
        [("a", "c", "xy")],
    ),
    "a custom tool and a function": (
        [[custom("c", "x", index=0, id="a"), call("f", "1", index=1, id="b")], [call(None, "2", index=1)]],
        [("a", "c", "x"), ("b", "f", "12")],
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_pieces_of_tool_calls_find_their_call(name: str) -> None:
    chunks, expected = CALLS[name]
    calls = message_of(*(delta(tool_calls=pieces) for pieces in chunks)).tool_calls or []
    assert [(found.id, found.name, found.arguments) for found in calls] == expected


@pytest.mark.parametrize("name", CALLS)
def test_pieces_of_tool_calls_find_their_call_in_one_chunk_too(name: str) -> None:
    chunks, _ = CALLS[name]
    apart = message_of(*(delta(tool_calls=pieces) for pieces in chunks))
    assert message_of(delta(tool_calls=[piece for pieces in chunks for piece in pieces])) == apart


def test_an_id_made_up_is_no_other_calls() -> None:
    calls = message_of(delta(tool_calls=[call("f", "1", index=0, id="call_0_1"), call("g", "2", index=1)])).tool_calls
    assert len({found.id for found in calls or []}) == 2


def test_the_kind_of_a_call_is_told_by_type_or_by_what_it_holds() -> None:
    by_type = {"index": 0, "id": "a", "type": "custom"}
    calls = message_of(delta(tool_calls=[by_type, {"index": 1, "id": "b", "custom": {"name": "c", "input": "x"}}]))
    assert calls.tool_calls == [
        ToolCall("a", "custom", custom=CustomCall("", "")),
        ToolCall("b", "custom", custom=CustomCall("c", "x")),
    ]


def test_calls_of_different_choices_are_different_calls() -> None:
    chunks = [
        {"choices": [{"index": index, "delta": {"tool_calls": [call("f", str(index), index=0, id="a")]}}]}
        for index in (1, 0, 1)
    ]
    choices = accumulated(*chunks).completion().choices
    assert [[found.arguments for found in choice.message.tool_calls or []] for choice in choices] == [["0"], ["11"]]


@pytest.mark.parametrize(
    "index", [-1, "-1", MAX_INDEX + 1, "128", 10**9, "one", "1.0", "²", "1_0", pytest.param("9" * 5000, id="long")]
)
def test_an_index_of_a_call_that_no_answer_has_is_refused(index: int | str) -> None:
    accumulator = accumulated(delta(tool_calls=[call("f", "1", index=0, id="a")]))
    with pytest.raises(ResponseDecodeError):
        accumulator.add(chunk_of(delta(tool_calls=[call("g", "2", index=index, id="b")])))
    assert len(accumulator.completion().tool_calls) == 1


def test_no_answer_has_more_calls_than_indexes() -> None:
    accumulator = accumulated(delta(tool_calls=[call("f", "1", id=f"id{number}") for number in range(MAX_INDEX + 1)]))
    assert len(accumulator.completion().tool_calls) == MAX_INDEX + 1
    with pytest.raises(ResponseDecodeError, match="128 tool calls"):
        accumulator.add(chunk_of(delta(tool_calls=[call("f", "1", id="one more")])))


def test_a_function_call_of_old_grows_too() -> None:
    message = message_of(
        delta(function_call={"name": "f", "arguments": ""}),
        delta(function_call={"arguments": "{"}),
        delta(function_call={"arguments": "}"}),
    )
    assert message.function_call == FunctionCall("f", "{}")
    assert message.tool_calls is None


# -- the rest of a choice


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


WHOLE = encoded(b"some sound")

SOUND: dict[str, tuple[list[str], str]] = {
    "nothing": ([], ""),
    "one piece": ([WHOLE], WHOLE),
    "each piece encoded on its own": ([encoded(b"s"), encoded(b"ome so"), encoded(b"und")], WHOLE),
    "one text cut anywhere": ([WHOLE[:3], WHOLE[3:9], WHOLE[9:]], WHOLE),
    "one text cut before its padding": ([WHOLE[:-2], WHOLE[-2:]], WHOLE),
    "no base64": (["so", "me so", "und!"], "some sound!"),
    "no ASCII": (["é", "à"], "éà"),
}


@pytest.mark.parametrize("name", SOUND)
def test_pieces_of_sound_are_one_base64_text(name: str) -> None:
    pieces, whole = SOUND[name]
    assert join_base64(pieces) == whole


@given(st.lists(st.binary()))
def test_sound_encoded_piece_by_piece_decodes_as_a_whole(pieces: list[bytes]) -> None:
    assert base64.b64decode(join_base64([encoded(piece) for piece in pieces]), validate=True) == b"".join(pieces)


@given(st.binary(), st.data())
def test_sound_cut_anywhere_decodes_as_a_whole(sound: bytes, data: st.DataObject) -> None:
    text = encoded(sound)
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
    assert base64.b64decode(join_base64(pieces), validate=True) == sound


def test_a_spoken_answer_grows() -> None:
    message = message_of(
        delta(audio={"id": "audio_1", "transcript": "so"}),
        delta(audio={"data": encoded(b"so")}),
        delta(audio={"transcript": "me", "data": encoded(b"me")}),
        delta(audio={"expires_at": 7}),
        delta(audio={"id": None, "expires_at": None}),
    )
    assert message.audio == Audio("audio_1", encoded(b"some"), "some", 7)


def test_log_probabilities_are_collected() -> None:
    def tokens(*texts: str) -> list[dict[str, Any]]:
        return [{"token": text, "logprob": -1.5} for text in texts]

    accumulator = accumulated(
        {"choices": [{"logprobs": {"content": tokens("a", "b")}}]},
        {"choices": [{"logprobs": None}]},
        {"choices": [{"logprobs": {"content": None, "refusal": tokens("n")}}]},
        {"choices": [{"logprobs": {"content": tokens("c")}}]},
        {"choices": [{"index": 1, "logprobs": {"content": []}}]},
    )
    first, second = accumulator.completion().choices
    assert first.logprobs == msgspec.convert({"content": tokens("a", "b", "c"), "refusal": tokens("n")}, Logprobs)
    assert second.logprobs is None


def test_annotations_are_collected() -> None:
    one, two = ({"type": "url_citation", "url_citation": {"url": url}} for url in "ab")
    found = message_of(delta(annotations=[one]), delta(content="x"), delta(annotations=[two])).annotations
    assert found == [Annotation(url_citation=URLCitation("a")), Annotation(url_citation=URLCitation("b"))]


def test_what_comes_to_one_choice_comes_to_no_other() -> None:
    rare = {
        "refusal": "no",
        "reasoning_content": "hm",
        "reasoning": "so",
        "reasoning_details": [{"type": "reasoning.text", "text": "t"}],
        "thinking_blocks": [{"type": "thinking", "thinking": "t"}],
        "annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}],
        "audio": {"data": ""},
        "function_call": {"name": "f"},
        "tool_calls": [call("f", "{}", index=0, id="a")],
    }
    logprobs = {"content": [{"token": "t", "logprob": -1.5}]}
    before = accumulated(delta(content="x"))
    full = accumulated(
        {"choices": [{"index": 0, "delta": rare, "logprobs": logprobs}, {"index": 1, "delta": {"content": "x"}}]}
    )

    assert full.completion().choices[1] == Choice(1, Message(content="x"), None)
    assert before.completion().message == accumulated(delta(content="x")).completion().message == Message(content="x")


# -- the completion as a whole


def test_the_last_usage_holds() -> None:
    usages: list[Any] = [{"total_tokens": 1}, {"total_tokens": 5}, None]
    assert accumulated(*({"usage": usage} for usage in usages)).completion().usage == CompletionUsage(total_tokens=5)
    assert accumulated(said("a")).completion().usage is None


def test_id_and_model_come_from_the_first_chunk_that_has_them() -> None:
    completion = accumulated(
        {"id": "", "model": "", "created": 0, "choices": []},
        {"id": "c1", "model": "", "created": 7},
        {"id": "c2", "model": "m", "created": 8},
        {"id": "stub", "model": "m2", "created": 9},
    ).completion()
    assert (completion.id, completion.model, completion.created) == ("c1", "m", 7)


def test_what_comes_late_about_the_whole_is_kept() -> None:
    completion = accumulated(
        {"service_tier": "flex", "system_fingerprint": "fp1"},
        {"moderation": {"input": {"type": "moderation_results", "model": "mod"}}},
        {"service_tier": "default", "system_fingerprint": None},
    ).completion()
    assert (completion.service_tier, completion.system_fingerprint) == ("default", "fp1")
    assert completion.moderation
    assert completion.moderation.input
    assert completion.moderation.input.model == "mod"


def test_before_the_first_chunk_the_completion_is_empty() -> None:
    accumulator = Accumulator()
    assert accumulator.is_empty
    assert accumulator.completion() == ChatCompletion()
    accumulator.add(ChatCompletionChunk())
    assert not accumulator.is_empty
    assert accumulator.completion() == ChatCompletion()


def test_the_completion_may_be_asked_for_at_any_time_and_again() -> None:
    accumulator = Accumulator(HEAD)
    earlier: list[ChatCompletion] = []
    copies: list[ChatCompletion] = []
    logprobs = {"content": [{"token": "t"}]}
    note = {"type": "url_citation"}
    for number in range(5):
        document = delta(content=str(number), tool_calls=[call("f", str(number), index=0, id="a")], annotations=[note])
        document["choices"][0]["logprobs"] = logprobs
        accumulator.add(chunk_of(document))
        earlier.append(accumulator.completion())
        copies.append(msgspec.json.decode(msgspec.json.encode(earlier[-1]), type=ChatCompletion))
        assert accumulator.completion() == earlier[-1]
    assert [completion.text for completion in earlier] == ["0", "01", "012", "0123", "01234"]
    assert earlier == copies, "a completion that was handed out has changed"


def test_the_completion_has_the_head_of_its_stream() -> None:
    assert Accumulator(HEAD).completion().request_id == "req_1"
    assert Accumulator().completion().request_id is None


class Watched(str):
    """A piece of text that counts the characters copied when it is added to another."""

    copied = 0

    def __add__(self, other: str) -> Watched:
        Watched.copied += len(self) + len(other)
        return Watched(str.__add__(self, other))

    def __radd__(self, other: str) -> Watched:
        Watched.copied += len(self) + len(other)
        return Watched(str.__add__(other, self))


def watched_chunk() -> ChatCompletionChunk:
    pieces = ChoiceDelta(
        content=Watched("abcd"),
        refusal=Watched("abcd"),
        tool_calls=[ToolCallChunk(0, "a", function=FunctionCallChunk("f", Watched("abcd")))],
        function_call=FunctionCallChunk("f", Watched("abcd")),
        audio=AudioChunk("id", Watched("abcd"), Watched("abcd")),
        reasoning_content=Watched("abcd"),
        reasoning_text=Watched("abcd"),
    )
    return ChatCompletionChunk(choices=[ChunkChoice(0, pieces)])


def test_growing_texts_are_not_copied_with_each_piece() -> None:
    accumulator, chunk = Accumulator(), watched_chunk()
    Watched.copied = 0
    for _ in range(1000):
        accumulator.add(chunk)
    assert Watched.copied == 0
    assert len(accumulator.completion().text) == 4000


def test_each_chunk_costs_the_same_whatever_came_before() -> None:
    accumulator, chunk = Accumulator(), watched_chunk()
    first = work_of(lambda: [accumulator.add(chunk) for _ in range(100)])
    for _ in range(2000):
        accumulator.add(chunk)
    assert work_of(lambda: [accumulator.add(chunk) for _ in range(100)]) <= first


@given(st.text(), st.text(), st.data())
def test_where_the_pieces_are_cut_changes_nothing(text: str, arguments: str, data: st.DataObject) -> None:
    def pieces(whole: str) -> list[str]:
        places = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
        return [whole[start:end] for start, end in zip([0, *places], [*places, len(whole)], strict=True)]

    start = delta(content="", reasoning="", refusal="", tool_calls=[call("f", "", index=0, id="a")])
    whole = accumulated(start, delta(content=text, tool_calls=[call(None, arguments, index=0)])).completion()
    apart = accumulated(start, *(delta(content=piece) for piece in pieces(text)))
    for piece in pieces(arguments):
        apart.add(chunk_of(delta(tool_calls=[call(None, piece, index=0)])))
    assert apart.completion() == whole


WORDS = st.text(min_size=1, max_size=5)
CALL_STATES = st.builds(
    lambda name, arguments: {"function": FunctionCall(name, arguments)}, WORDS, st.text()
) | st.builds(lambda name, text: {"type": "custom", "custom": CustomCall(name, text)}, WORDS, st.text())
TOOL_CALLS = st.dictionaries(WORDS, CALL_STATES, min_size=1, max_size=3).map(
    lambda calls: [ToolCall(id, **members) for id, members in calls.items()]
)
TOKENS = st.none() | st.lists(st.builds(TokenLogprob, st.text(), st.floats(-9, 0)), min_size=1, max_size=2)
LOGPROBS = st.builds(Logprobs, TOKENS, TOKENS).filter(lambda found: found != Logprobs())
MESSAGES = st.builds(
    Message,
    role=WORDS,
    content=st.none() | st.text(),
    refusal=st.none() | st.text(),
    tool_calls=st.none() | TOOL_CALLS,
    annotations=st.none() | st.just([Annotation(url_citation=URLCitation("u", "t", 1, 2))]),
    audio=st.none() | st.builds(Audio, WORDS, st.binary().map(encoded), st.text(), st.integers(0, 9)),
    function_call=st.none() | st.builds(FunctionCall, WORDS, st.text()),
    reasoning_content=st.none() | st.text(),
    reasoning_text=st.none() | st.text(),
)
CHOICES = st.dictionaries(
    st.integers(0, MAX_INDEX), st.tuples(MESSAGES, st.none() | WORDS, st.none() | LOGPROBS), max_size=3
).map(lambda choices: [Choice(index, *rest) for index, rest in sorted(choices.items())])
COMPLETIONS = st.builds(
    ChatCompletion,
    id=st.text(max_size=3),
    choices=CHOICES,
    created=st.integers(0, 2**40),
    model=st.text(max_size=3),
    service_tier=st.none() | WORDS,
    system_fingerprint=st.none() | WORDS,
    usage=st.none() | st.builds(CompletionUsage, *[st.integers(0, 9)] * 3),
)


@given(COMPLETIONS)
def test_a_completion_as_a_chunk_adds_up_to_itself(completion: ChatCompletion) -> None:
    accumulator = Accumulator()
    accumulator.add(as_chunk(completion))
    assert accumulator.completion() == completion


def test_a_completion_of_calls_without_ids_gets_ids_as_a_stream_does() -> None:
    calls = [ToolCall(function=FunctionCall("f", "1")), ToolCall(function=FunctionCall("g", "2"))]
    accumulator = Accumulator()
    accumulator.add(as_chunk(ChatCompletion(choices=[Choice(message=Message(tool_calls=calls))])))
    found = accumulator.completion().tool_calls
    assert [(made.id, made.name, made.arguments) for made in found] == [("call_0_0", "f", "1"), ("call_0_1", "g", "2")]


def test_a_completion_as_a_chunk_keeps_calls_of_the_same_id_apart() -> None:
    calls = [ToolCall("f", function=FunctionCall("f", "1")), ToolCall("f", function=FunctionCall("f", "2"))]
    accumulator = Accumulator()
    accumulator.add(as_chunk(ChatCompletion(choices=[Choice(message=Message(tool_calls=calls))])))
    assert [found.arguments for found in accumulator.completion().tool_calls] == ["1", "2"]


def test_to_settle_now_and_then_changes_nothing() -> None:
    pieces = ["a", "", "b", "c"]
    calls = [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": "1"}}]
    chunks = [chunk_of(delta(content=piece, reasoning_content=piece, tool_calls=calls)) for piece in pieces]
    loose, settled = Accumulator(), Accumulator()

    for number, one in enumerate(chunks):
        loose.add(one)
        settled.add(one)
        if number != 1:
            settled.settle()

    assert settled.completion() == loose.completion()
    assert settled.completion().text == "abc"
    assert settled.completion().tool_calls[0].arguments == "1111"
