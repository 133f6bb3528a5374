"""What a model said, in the form the request asks for: one JSON document, or the pieces of a stream.

Pure: ids and the time come in a `Stamp`. Source: the schemas `CreateChatCompletionResponse` and
`CreateChatCompletionStreamResponse` of the API's OpenAPI document, and its examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import msgspec

from . import _tokens
from ._reply import Call, Choice, Gate, Pieces, Said, Whole, sse_event

DONE = b"data: [DONE]\n\n"
FINGERPRINT = "fp_chatsdk_testing"
_FRAGMENTS = 4
_LIKELY = (
    " the", " a", " of", " and", " to", " in", " is", " it", " that", " for",
    " on", " with", " as", " at", " by", " from", " or", " an", " be", " not",
)  # fmt: skip


@dataclass(frozen=True)
class Stamp:
    """What a completion and all chunks of a stream have in common; the ids come from the request's `serial`."""

    serial: int
    created: int
    model: str

    @property
    def completion_id(self) -> str:
        """The completion's id."""
        return f"chatcmpl-{self.serial:08d}"

    @property
    def request_id(self) -> str:
        """The id of the request, as `x-request-id` tells it too."""
        return request_id(self.serial)

    def call_id(self, choice: int, position: int) -> str:
        """The id of a choice's tool call."""
        return f"call_{self.serial:08d}_{choice}_{position}"


def request_id(serial: int) -> str:
    """The id of a server's request number `serial`."""
    return f"req_{serial:032x}"


def render(said: Said, request: Mapping[str, Any], stamp: Stamp) -> Whole | Pieces:
    """The reply as the request's `stream` wants it."""
    if request.get("stream"):
        pieces = (*(_encode(piece) for piece in stream(said, request, stamp)), DONE)
        return Pieces(pieces=pieces, paced=True, headers=said.headers, gates=said.gates)

    inner = tuple(gate for choice in said.alternatives for gate in choice.content_gates)
    body = msgspec.json.encode(completion(said, request, stamp))
    return Whole(body=body, headers=said.headers, gates=said.gates + inner)


def completion(said: Said, request: Mapping[str, Any], stamp: Stamp) -> dict[str, Any]:
    """The reply as one document, whatever the request's `stream`."""
    choices = _choices(said, request)
    return {
        **_frame(stamp, "chat.completion"),
        "choices": [
            {
                "index": index,
                "message": _message(choice, index, stamp),
                "logprobs": _logprobs(choice.words, request) if choice.words else None,
                "finish_reason": choice.finish_reason,
            }
            for index, choice in enumerate(choices)
        ],
        "usage": usage(choices, request["messages"]),
    }


def stream(said: Said, request: Mapping[str, Any], stamp: Stamp) -> Iterator[dict[str, Any] | Gate]:
    """The reply's chunks, those of several choices in turn, and the gates between them."""
    choices = _choices(said, request)
    with_usage = bool((request.get("stream_options") or {}).get("include_usage"))
    nothing_yet: dict[str, Any] = {"usage": None} if with_usage else {}
    frame = _frame(stamp, "chat.completion.chunk")

    steps = [_steps(choice, index, request, stamp) for index, choice in enumerate(choices)]
    for turn in zip_longest(*steps):
        for step in turn:
            if isinstance(step, dict):
                yield {**frame, "choices": [step], **nothing_yet}
            elif step is not None:
                yield step

    if with_usage:
        yield {**frame, "choices": [], "usage": usage(choices, request["messages"])}


def usage(choices: Sequence[Choice], messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What prompt and choices cost, after the rule of `_tokens`; a call costs its name and its arguments."""
    reasoning = sum(len(_tokens.split(choice.reasoning or "")) for choice in choices)
    visible = sum(
        len(choice.words)
        + len(_tokens.split(choice.refusal or ""))
        + sum(1 + len(_tokens.split(call.arguments)) for call in choice.calls)
        for choice in choices
    )
    prompt = _tokens.count_prompt(messages)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": reasoning + visible,
        "total_tokens": prompt + reasoning + visible,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _choices(said: Said, request: Mapping[str, Any]) -> list[Choice]:
    """As many choices as asked for."""
    made = said.alternatives
    return [made[index % len(made)] for index in range(request.get("n") or 1)]


def _frame(stamp: Stamp, kind: str) -> dict[str, Any]:
    return {
        "id": stamp.completion_id,
        "object": kind,
        "created": stamp.created,
        "model": stamp.model,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }


def _message(choice: Choice, index: int, stamp: Stamp) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if choice.content is None else "".join(choice.words),
        "refusal": choice.refusal,
        "annotations": [],
    }
    if choice.reasoning is not None:
        message["reasoning_content"] = choice.reasoning
    if choice.calls:
        message["tool_calls"] = [
            {"id": stamp.call_id(index, position), "type": call.type, call.type: _called(call)}
            for position, call in enumerate(choice.calls)
        ]
    return message


def _called(call: Call) -> dict[str, str]:
    return {"name": call.name, _ARGUMENTS[call.type]: call.arguments}


_ARGUMENTS = {"function": "arguments", "custom": "input"}


def _steps(choice: Choice, index: int, request: Mapping[str, Any], stamp: Stamp) -> Iterator[dict[str, Any] | Gate]:
    """A choice's part of each chunk: role, reasoning, content, refusal, calls, and why it ended."""

    def step(delta: dict[str, Any], finish_reason: str | None = None, token: str | None = None) -> dict[str, Any]:
        logprobs = None if token is None else _logprobs((token,), request)
        return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}

    first = None if choice.content is None else ""
    yield step({"role": "assistant", "content": first, "refusal": None})
    for word in _tokens.split(choice.reasoning or ""):
        yield step({"reasoning_content": word})
    for piece in choice.content or ():
        yield step({"content": piece}, token=piece) if isinstance(piece, str) else piece
    for word in _tokens.split(choice.refusal or ""):
        yield step({"refusal": word})
    for position, call in enumerate(choice.calls):
        for fragment in _call_fragments(call, position, stamp.call_id(index, position)):
            yield step({"tool_calls": [fragment]})
    yield step({}, choice.finish_reason)


def _call_fragments(call: Call, position: int, call_id: str) -> Iterator[dict[str, Any]]:
    """A tool call as a stream gives it: what is called, then the arguments in up to four parts."""
    key = _ARGUMENTS[call.type]
    yield {"index": position, "id": call_id, "type": call.type, call.type: {"name": call.name, key: ""}}
    size = max(1, -(-len(call.arguments) // _FRAGMENTS))
    for start in range(0, len(call.arguments), size):
        yield {"index": position, call.type: {key: call.arguments[start : start + size]}}


def _logprobs(tokens: Sequence[str], request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Made up, but falling as they should: -0.1 for what was said, one less for each alternative."""
    if not request.get("logprobs"):
        return None
    alternatives = request.get("top_logprobs") or 0
    content = [
        {
            **_logprob(token, 0),
            "top_logprobs": [_logprob(other, rank) for rank, other in enumerate((token, *_LIKELY)[:alternatives])],
        }
        for token in tokens
    ]
    return {"content": content, "refusal": None}


def _logprob(token: str, rank: int) -> dict[str, Any]:
    return {"token": token, "logprob": -0.1 - rank, "bytes": list(token.encode())}


def _encode(piece: dict[str, Any] | Gate) -> bytes | Gate:
    return sse_event(piece) if isinstance(piece, dict) else piece
