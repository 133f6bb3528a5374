"""Where and how some servers put things, and where the API has them. Works on plain JSON, for odd answers only.

`ODD` tells from the typed answer and its bytes whether an answer is worth a second look; the common one is not. The
bytes are searched by `find`: where nothing is found, it takes a tenth of what `in` takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..types._base import Answer
from ..types.chunk import ChatCompletionChunk
from ..types.response import ChatCompletion
from .tool_calls import call_prefix, free_id

USAGE_OBJECT = re.compile(rb'"usage"\s*:\s*\{')

THOUGHTS = ("reasoning_content", "reasoning")


def may_hold_odd(data: bytes) -> bool:
    """Whether chunks may have a message in place of a delta, a finish reason in camel case, or usage anywhere."""
    if data.find(b'"message"') >= 0 or data.find(b'"finishReason"') >= 0:
        return True
    return data.find(b'"usage"') >= 0 and USAGE_OBJECT.search(data) is not None


def is_odd_chunk(chunk: ChatCompletionChunk, body: bytes) -> bool:
    """A message in place of a delta, a finish reason in camel case, usage in another place or empty."""
    if not may_hold_odd(body):
        return False
    usage = chunk.usage
    return usage is None or not usage.total_tokens or b'"message"' in body or b'"finishReason"' in body


def is_odd_completion(completion: ChatCompletion, body: bytes) -> bool:
    """Empty values for absent ones, tool calls without ids, usage in another place."""
    if completion.usage is None and USAGE_OBJECT.search(body):
        return True
    for choice in completion.choices:
        audio, call = choice.message.audio, choice.message.function_call
        if choice.finish_reason == "" or (audio and not audio.id) or (call and not call.name):
            return True
        calls = choice.message.tool_calls
        if calls and any(not call.id for call in calls):
            return True
    return body.find(b'"finishReason"') >= 0


ODD: Mapping[type[Answer], Callable[[Any, bytes], bool]] = {
    ChatCompletionChunk: is_odd_chunk,
    ChatCompletion: is_odd_completion,
}


def straighten(document: dict[str, Any]) -> dict[str, Any]:
    """The document with everything in the place and the form that the API has it in."""
    listed = document.get("choices")
    if isinstance(listed, list):
        answer_id = document.get("id") or ""
        choices: Any = [_straight_choice(choice, answer_id) for choice in listed if choice]
    else:
        choices = listed
    return {**document, "choices": choices, "usage": next(_usages(document), None)}


def _usages(document: dict[str, Any]) -> Iterator[Any]:
    """Wherever usage is told that says something, the API's own place first."""
    listed = document.get("choices")
    for place in (document, *(listed if isinstance(listed, list) else ()), document.get("x_groq")):
        usage = place.get("usage") if isinstance(place, dict) else None
        if isinstance(usage, dict) and any(count is not None for count in usage.values()):
            yield usage


def _straight_choice(choice: Any, answer_id: Any) -> Any:
    if not isinstance(choice, dict):
        return choice
    choice = {**choice, "finish_reason": choice.get("finish_reason") or choice.get("finishReason") or None}
    for name in ("delta", "message"):
        if isinstance(choice.get(name), dict):
            choice[name] = _straight_message(choice[name])
    if isinstance(choice.get("message"), dict):
        prefix = call_prefix(answer_id, choice.get("index") or 0)
        choice["message"] = _with_ids(choice["message"], prefix)
    if "delta" not in choice and "message" in choice:
        choice["delta"] = choice["message"]  # a completion has no use for it, a chunk none for the message
    return choice


def _with_ids(message: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The message with ids for those tool calls of it that came without, as a stream's get them."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    known = {str(call.get("id")) for call in calls if isinstance(call, dict)}
    made_up = [
        {**call, "id": call.get("id") or free_id(f"{prefix}_{position}", known)} if isinstance(call, dict) else call
        for position, call in enumerate(calls)
    ]
    return {**message, "tool_calls": made_up}


def _straight_message(message: dict[str, Any]) -> dict[str, Any]:
    message = {name: value for name, value in message.items() if not _is_hollow(value)}
    for name in THOUGHTS:
        if isinstance(message.get(name), dict):
            message |= _thought_object(name, message[name])
    content = message.get("content")
    if isinstance(content, list):
        thought = "".join(map(_thought_of, content))
        message["content"] = "".join(map(_text_of, content)) or (None if thought else "")
        if thought and not any(message.get(name) for name in THOUGHTS):
            message["reasoning_content"] = thought
    return message


def _thought_object(name: str, told: dict[str, Any]) -> dict[str, Any]:
    """A thought that came as an object, Bedrock's form: its text by the same name, and a block with its signature."""
    for inner in ("reasoningContent", "reasoningText"):
        told = told[inner] if isinstance(told.get(inner), dict) else told
    sealed, text = told.get("redactedContent"), told.get("text")
    signed = {"signature": told["signature"]} if told.get("signature") else {}
    block = {"type": "thinking", "thinking": text or "", **signed}
    return {name: text, "thinking_blocks": [{"type": "redacted_thinking", "data": sealed} if sealed else block]}


def _is_hollow(value: Any) -> bool:
    """An object that says nothing, such as audio without an id, sent for a value that is absent."""
    return isinstance(value, dict) and not any(value.values())


def _text_of(part: Any) -> str:
    if isinstance(part, str):
        return part
    text = part.get("text") if isinstance(part, dict) and part.get("type", "text") == "text" else None
    return text if isinstance(text, str) else ""


def _thought_of(part: Any) -> str:
    """The text of a part that is thinking, Mistral's form (a list of parts) and the plain one, or a summary of it."""
    if not isinstance(part, dict) or part.get("type") not in ("thinking", "reasoning"):
        return ""
    for name in ("thinking", "reasoning", "text", "summary"):
        if isinstance(part.get(name), str):
            return str(part[name])
        if isinstance(part.get(name), list):
            return "".join(str(inner.get("text") or "") for inner in part[name] if isinstance(inner, dict))
    return ""
