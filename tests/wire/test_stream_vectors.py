"""The byte-exact samples of `../shared/wire/vectors.jsonl` that are answers, read over a socket by the real client.

They belong to somebody else and stay where they are: without that folder beside the repository this file is skipped.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chatsdk import (
    APIStatusError,
    ChatCompletion,
    ChatError,
    Message,
    ResponseDecodeError,
    StreamError,
    StreamInterruptedError,
)

from ..protocol.pieces import read
from ._server import Told, ask_for_stream, ask_plainly, head, raw_server_and_client

FILE = Path(__file__).parents[3] / "shared" / "wire" / "vectors.jsonl"

if not FILE.exists():
    pytest.skip("NOT TESTED: ../shared/wire/vectors.jsonl is not beside this repository", allow_module_level=True)

VECTORS: dict[str, dict[str, Any]] = {
    vector["name"]: vector
    for vector in map(msgspec.json.decode, FILE.read_bytes().splitlines())
    if vector["kind"] in ("stream", "response")
}

CONTRADICTIONS = {
    "body-json-completion-for-stream": ("done", "a completion that came as one document is whole; [DONE] says no more"),
}
"""Vectors that want something else than DESIGN.md does: the member that they differ in, and why ours is right."""

KINDS: dict[str, tuple[type[ChatError], ...]] = {
    "api": (APIStatusError, StreamError),
    "truncated": (StreamInterruptedError,),
    "empty": (ResponseDecodeError,),
    "invalid_response": (ResponseDecodeError,),
    "invalid_chunk": (ResponseDecodeError,),
}

OUTCOMES = {None: "complete", "truncated": "truncated"}
"""The outcome of a stream by the kind of its error; all other kinds are `error`."""


def answer_of(vector: dict[str, Any]) -> list[bytes]:
    """The answer in the pieces that are to be written."""
    if raw := vector.get("raw_http_b64"):
        return [base64.b64decode(raw)]
    body = base64.b64decode(vector["body_b64"])
    places = vector.get("tcp_splits", [])
    places = range(1, len(body)) if places == "every-byte" else places
    pieces = [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]
    return [head(vector["status"], [*vector["headers"], ("content-length", str(len(body)))]), *pieces]


def by_choice(completion: ChatCompletion, member: str) -> dict[str, Any]:
    """What the messages have under a name, those that have nothing left out."""
    told = {str(choice.index): getattr(choice.message, member) for choice in completion.choices}
    return {index: value for index, value in told.items() if value}


def calls_of(message: Message, kind: str) -> list[dict[str, str]]:
    argument = "arguments" if kind == "function" else "input"
    calls = [call for call in message.tool_calls or () if call.type == kind]
    return [{"id": call.id, "name": call.name, argument: call.arguments} for call in calls]


def all_calls(completion: ChatCompletion, kind: str) -> dict[str, Any]:
    calls = {str(choice.index): calls_of(choice.message, kind) for choice in completion.choices}
    return {index: found for index, found in calls.items() if found}


def facts(told: Told) -> dict[str, Any]:
    """What came, in the words of the vectors."""
    completion, usage = told.completion, told.completion.usage
    functions, custom = by_choice(completion, "function_call"), by_choice(completion, "audio")
    return {
        "text": by_choice(completion, "content"),
        "reasoning": by_choice(completion, "reasoning"),
        "refusal": by_choice(completion, "refusal"),
        "tool_calls": all_calls(completion, "function"),
        "custom_tool_calls": all_calls(completion, "custom"),
        "function_call": {i: {"name": call.name, "arguments": call.arguments} for i, call in functions.items()},
        "audio": {
            i: {"id": audio.id, "transcript": audio.transcript, "data_b64_joined_bytes": audio.data}
            for i, audio in custom.items()
        },
        "finish_reason": {str(choice.index): choice.finish_reason for choice in completion.choices},
        "usage": usage
        and {name: getattr(usage, name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")},
        "chunks": len(told.chunks),
    }


def with_made_up_ids(wanted: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """The calls with the ids that were made up where the server gave none: any, but distinct."""
    told = {index: [dict(call) for call in calls] for index, calls in wanted.items()}
    for index, calls in told.items():
        for call, ours in zip(calls, found.get(index, ()), strict=False):
            if call["id"] is None and ours["id"]:
                call["id"] = ours["id"]
    return told


def with_compared_arguments(calls: dict[str, Any]) -> dict[str, Any]:
    return {i: [call | {"arguments": msgspec.json.decode(call["arguments"])} for call in c] for i, c in calls.items()}


def differences(expect: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    wanted = {"custom_tool_calls": {}, "function_call": {}, "audio": {}} | expect
    wanted["tool_calls"] = with_made_up_ids(wanted["tool_calls"], found["tool_calls"])
    if expect.get("tool_args_compare") == "json":
        wanted["tool_calls"] = with_compared_arguments(wanted["tool_calls"])
        found = found | {"tool_calls": with_compared_arguments(found["tool_calls"])}
    for name, value in found.items():
        accepted = [wanted[name], *expect.get(f"{name}_accept", ())] if name in wanted else [value]
        if value not in accepted:
            yield f"{name}: {value!r} instead of {wanted[name]!r}"
    ids = [call["id"] for calls in found["tool_calls"].values() for call in calls]
    if len(set(ids)) != len(ids) or not all(ids):
        yield f"ids of tool calls: {ids!r}"


def wrong_error(wanted: dict[str, Any] | None, error: ChatError | None) -> Iterator[str]:
    if wanted is None or error is None:
        if wanted is not error:
            yield f"error: {error!r} instead of {wanted!r}"
        return
    if not isinstance(error, KINDS[wanted["kind"]]):
        yield f"error: {error!r} instead of {wanted!r}"
    elif wanted["kind"] == "api":
        for name in ("message", "code", "type", "status"):
            if name in wanted and getattr(error, name) != wanted[name]:
                yield f"error.{name}: {getattr(error, name)!r} instead of {wanted[name]!r}"


def wrong_done(vector: dict[str, Any]) -> Iterator[str]:
    """Callers see only the outcome of `[DONE]`; so this asks the decoder, where it can read the body as it is."""
    if vector["status"] == 200 and not vector.get("requires_accept_encoding"):
        expect, done = vector["expect"], read([base64.b64decode(vector["body_b64"])]).done
        if done not in expect.get("done_accept", [expect["done"]]):
            yield f"done: {done!r} instead of {expect['done']!r}"


def accepted_errors(vector: dict[str, Any]) -> list[dict[str, Any] | None]:
    """The errors that will do: the wanted one, and other kinds of it or none."""
    expect = vector["expect"]
    kinds = [*expect.get("error_accept", ()), *([vector["expect_alt"]] if "expect_alt" in vector else [])]
    return [expect["error"], *(kind and {"kind": kind} for kind in kinds)]


def accepted_encodings(request: bytes) -> list[str]:
    head, _, _ = request.lower().decode("latin-1").partition("\r\n\r\n")
    lines = [line for line in head.split("\r\n") if line.startswith("accept-encoding:")]
    return [name.strip() for line in lines for name in line.partition(":")[2].split(",")]


@pytest.mark.parametrize("name", VECTORS)
async def test_a_sample_is_read_for_what_it_is(name: str) -> None:
    vector = VECTORS[name]
    async with raw_server_and_client() as (server, client):
        server.answer = answer_of(vector)
        told = await (ask_for_stream(client) if vector["kind"] == "stream" else ask_plainly(client))
    if (encoding := vector.get("requires_accept_encoding")) and encoding not in accepted_encodings(server.request):
        pytest.skip(f"the client does not ask for {encoding}")
    accepted = accepted_errors(vector)
    wrong = list(min((list(wrong_error(error, told.error)) for error in accepted), key=len))
    wrong += differences(vector["expect"], facts(told))
    if vector["kind"] == "stream":
        outcomes = {OUTCOMES.get(error and error["kind"], "error") for error in accepted}
        wrong += [] if told.outcome in outcomes else [f"outcome: {told.outcome!r} instead of {outcomes!r}"]
        wrong += wrong_done(vector)
    if told.error is not None and told.completion.choices:
        wrong += [] if told.error.partial == told.completion else ["partial: the error lacks what had come"]
    if name in CONTRADICTIONS:
        member, reason = CONTRADICTIONS[name]
        assert [line for line in wrong if line.startswith(f"{member}:")], f"no contradiction any more: {reason}"
        wrong = [line for line in wrong if not line.startswith(f"{member}:")]
    assert not wrong


def test_contradictions_are_about_vectors_that_there_are() -> None:
    assert CONTRADICTIONS.keys() <= VECTORS.keys()
