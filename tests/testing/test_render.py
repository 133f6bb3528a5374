"""One reply in its two forms, after what the request asks for. No server, no loop."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatsdk.testing import Reply
from chatsdk.testing._render import DONE, Stamp, completion, render, stream
from chatsdk.testing._reply import Pieces, Said, Whole
from chatsdk.testing._tokens import count_prompt, split
from chatsdk.types import ChatCompletion, ChatCompletionChunk

STAMP = Stamp(7, 1_700_000_000, "m")
MESSAGES = [{"role": "user", "content": "How are you?"}]

REPLIES = {
    "text": Reply.text("I am well, thank you."),
    "no text": Reply.text(""),
    "thought": Reply.text("Well.", reasoning="How am I?"),
    "refusal": Reply.refusal("I would rather not say."),
    "one call": Reply.tool_call("ask", {"who": "me"}),
    "calls and text": Reply.tool_calls([("a", {}), ("b", '{"cut')], text="Wait a moment."),
    "custom call": Reply.custom_call("shell", "uptime"),
    "choices": Reply.choices(Reply.text("One two."), Reply.text("Three."), Reply.tool_call("four", {"x": 5})),
}


def ask(**parameters: Any) -> dict[str, Any]:
    return {"model": "m", "messages": MESSAGES, **parameters}


def chunks(said: Said, **parameters: Any) -> list[dict[str, Any]]:
    return [chunk for chunk in stream(said, ask(stream=True, **parameters), STAMP) if isinstance(chunk, dict)]


def fold(streamed: list[dict[str, Any]], choice: int) -> dict[str, Any]:
    """The message that a choice's deltas add up to."""
    message: dict[str, Any] = {"role": None, "content": None, "refusal": None, "calls": {}}
    for step in (step for chunk in streamed for step in chunk["choices"] if step["index"] == choice):
        for key, piece in step["delta"].items():
            if key == "tool_calls":
                for call in piece:
                    kind = message["calls"].setdefault(call["index"], call | {"text": "", "name": ""})["type"]
                    message["calls"][call["index"]]["name"] += call[kind].get("name", "")
                    text = call[kind].get("arguments", "") + call[kind].get("input", "")
                    message["calls"][call["index"]]["text"] += text
            elif piece is not None:
                message[key] = (message.get(key) or "") + piece
    return message


@pytest.mark.parametrize("name", REPLIES)
def test_a_stream_adds_up_to_the_one_shot_answer(name: str) -> None:
    whole = completion(REPLIES[name], ask(n=3), STAMP)
    streamed = chunks(REPLIES[name], n=3)

    for choice in whole["choices"]:
        message, folded = choice["message"], fold(streamed, choice["index"])
        for key in "role", "content", "refusal":
            assert folded[key] == message[key]
        assert folded.get("reasoning_content") == message.get("reasoning_content")
        calls = [
            (call["id"], call["type"], call[call["type"]]["name"], *list(call[call["type"]].values())[1:])
            for call in message.get("tool_calls", ())
        ]
        assert [(c["id"], c["type"], c["name"], c["text"]) for c in folded["calls"].values()] == calls

        reasons = [s["finish_reason"] for c in streamed for s in c["choices"] if s["index"] == choice["index"]]
        assert reasons == [None] * (len(reasons) - 1) + [choice["finish_reason"]]


@pytest.mark.parametrize("name", REPLIES)
def test_answers_fit_the_types_of_the_wire(name: str) -> None:
    whole = msgspec.json.encode(completion(REPLIES[name], ask(logprobs=True, n=2), STAMP))
    decoded = msgspec.json.decode(whole, type=ChatCompletion, strict=True)
    assert decoded.id == "chatcmpl-00000007"
    for chunk in chunks(REPLIES[name], logprobs=True, n=2, stream_options={"include_usage": True}):
        assert msgspec.convert(chunk, ChatCompletionChunk).id == decoded.id


def test_the_request_says_which_form_it_wants() -> None:
    said = Reply.text("Hello", headers={"x-test": "1"})
    whole, pieces = render(said, ask(), STAMP), render(said, ask(stream=True), STAMP)
    assert isinstance(whole, Whole)
    assert isinstance(pieces, Pieces)
    assert pieces.pieces[-1] == DONE
    assert whole.headers == pieces.headers == {"x-test": "1"}


def test_choices_take_turns_in_a_stream() -> None:
    order = [chunk["choices"][0]["index"] for chunk in chunks(Reply.text("one two"), n=2)]
    assert order == [0, 1, 0, 1, 0, 1, 0, 1]


def test_usage_comes_last_and_only_if_asked_for() -> None:
    said = Reply.text("I am well.")
    assert all("usage" not in chunk for chunk in chunks(said))
    assert all("usage" not in chunk for chunk in chunks(said, stream_options={"include_usage": False}))

    *before, last = chunks(said, stream_options={"include_usage": True})
    assert [chunk["usage"] for chunk in before] == [None] * len(before)
    assert last["choices"] == []
    assert last["usage"] == completion(said, ask(), STAMP)["usage"]


def test_usage_counts_all_choices_and_tells_reasoning_apart() -> None:
    said = Reply.choices(Reply.text("three words here", reasoning="two words"), Reply.tool_call("f", "1 2"))
    usage = completion(said, ask(n=2), STAMP)["usage"]
    assert usage["prompt_tokens"] == 7
    assert usage["completion_tokens"] == (3 + 2) + (1 + 2)
    assert usage["total_tokens"] == 7 + 8
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 2


def test_logprobs_come_with_each_token_if_asked_for() -> None:
    said = Reply.text("Zwölf Uhr")
    assert completion(said, ask(), STAMP)["choices"][0]["logprobs"] is None

    asked = {"logprobs": True, "top_logprobs": 2}
    logprobs = completion(said, ask(**asked), STAMP)["choices"][0]["logprobs"]
    assert [entry["token"] for entry in logprobs["content"]] == ["Zwölf", " Uhr"]
    assert bytes(logprobs["content"][0]["bytes"]) == "Zwölf".encode()
    assert [len(entry["top_logprobs"]) for entry in logprobs["content"]] == [2, 2]
    streamed = [step["logprobs"]["content"] for c in chunks(said, **asked) for step in c["choices"] if step["logprobs"]]
    assert [entry for content in streamed for entry in content] == logprobs["content"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", ()),
        ("one two", ("one", " two")),
        ("  one\n\ntwo ", ("  one", "\n\ntwo", " ")),
        ("x" * 35, ("x" * 16, "x" * 16, "xxx")),
    ],
)
def test_a_token_is_a_word_with_the_space_before_it(text: str, tokens: tuple[str, ...]) -> None:
    assert split(text) == tokens


def test_a_prompt_costs_its_words_and_something_for_each_message_and_picture() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:,"}}
    parts = [{"type": "text", "text": "What is this?"}, picture]
    assert count_prompt([{"role": "assistant"}, {"role": "user", "content": parts}]) == 4 + 4 + 3 + 85
