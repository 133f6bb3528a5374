"""The model behind a server without a script: rules, and never a surprise. Pure.

It is served under every name and calls itself `DEMO_MODEL` in each answer. In this order: tools that the prompt
names are called, the answers of tools are told, a JSON `response_format` gets JSON, and everything else gets a
few sentences. `stop` and the token limits cut what is said; the calls of tools they leave whole. A system or
developer message that asks for brevity gets one sentence.

The model `error-429` answers every request with status 429, and so with any status from 400 to 599.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from . import _tokens
from ._demo_rules import NAME, say
from ._demo_tools import called_tools, facts_of, text_of, told_results
from ._instance import instance
from ._reply import Choice, Reply, Said, Whole

DEMO_MODEL = NAME

_ERROR_MODEL = re.compile(r"error-([45]\d\d)")
_BRIEF = re.compile(r"\b(brief|briefly|short|concise|one sentence)\b", re.IGNORECASE)
_SENTENCE = re.compile(r".*?[.!?](?=\s|$)", re.DOTALL)
_ERROR_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


def answer(request: Mapping[str, Any]) -> Said | Whole:
    """What the model says to a valid request, or the error that its model's name asks for."""
    if named := _ERROR_MODEL.fullmatch(request["model"]):
        status = int(named[1])
        return Reply.error(status, f"The model's name asks for status {status}.", code=_ERROR_CODES.get(status))

    messages = request["messages"]
    prompt = next((text_of(message) for message in reversed(messages) if message["role"] == "user"), "")
    results = told_results(messages)
    calls = () if results else called_tools(request, prompt)
    if calls:
        return replace(Reply.tool_calls(calls), model=DEMO_MODEL)

    text = _formatted(request.get("response_format") or {}, prompt, results or _say(prompt, messages))
    return Said(alternatives=(_limited(text, request),), model=DEMO_MODEL)


def _say(prompt: str, messages: Iterable[Mapping[str, Any]]) -> str:
    said = say(prompt)
    instructed = (text_of(message) for message in messages if message["role"] in ("system", "developer"))
    if any(map(_BRIEF.search, instructed)) and (sentence := _SENTENCE.match(said)):
        return sentence[0]
    return said


def _formatted(response_format: Mapping[str, Any], prompt: str, text: str) -> str:
    match response_format.get("type"):
        case "json_schema":
            schema = response_format["json_schema"].get("schema") or {"type": "object"}
            return msgspec.json.encode(instance(schema, facts_of(prompt))).decode()
        case "json_object":
            return msgspec.json.encode({"reply": text}).decode()
        case _:
            return text


def _limited(text: str, request: Mapping[str, Any]) -> Choice:
    """The text up to the first of the `stop` strings, and no more tokens than allowed."""
    text = text[: _stop_position(text, request.get("stop") or ())]
    tokens = _tokens.split(text)
    limit = request.get("max_completion_tokens") or request.get("max_tokens") or len(tokens)
    return Choice(content=tokens[:limit], finish_reason="stop" if len(tokens) <= limit else "length")


def _stop_position(text: str, stop: str | Sequence[str]) -> int:
    marks = [stop] if isinstance(stop, str) else stop
    return min((position for mark in marks if mark and (position := text.find(mark)) >= 0), default=len(text))
