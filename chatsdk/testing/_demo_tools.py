"""The demo model's use of tools: it calls those that the prompt names, and tells what they answered. Pure.

A prompt names a tool by its name or by all the telling words of it: "What is the weather in Rome?" names
`get_current_weather`. Arguments are the least that the tool's schema lets through, filled from the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from ._instance import Facts, instance
from ._reply import Call

_SAYS_LITTLE = re.compile(
    r"a|add|all|an|and|by|call|check|compute|create|current|do|fetch|find|for|from|get|in|list|look|lookup|make|of|on|"
    r"query|read|run|search|set|show|the|to|tool|up"
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_QUOTED = re.compile(r"\"([^\"]+)\"|(?<!\w)'([^']+)'(?!\w)")
_PROPER = re.compile(r"(?<=[a-z,;:] )[A-Z]\w+(?: [A-Z]\w+)*")
_SUBJECT = re.compile(r"\b(?:in|for|of|about|to|from)\s+(?:the\s+)?(\w+)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w)")


def called_tools(request: Mapping[str, Any], prompt: str) -> tuple[Call, ...]:
    """The calls to make, none if the request offers no tools or does not want them called."""
    offered, choice = _offered(request)
    if not offered or choice == "none":
        return ()
    if isinstance(choice, Mapping):
        kind = choice["type"]
        named = [tool for tool in offered if tool[tool["type"]]["name"] == choice[kind]["name"]]
    else:
        named = [tool for tool in offered if _is_named(tool[tool["type"]]["name"], prompt)]
        if choice == "required":
            named = named or offered[:1]

    if request.get("parallel_tool_calls") is False:
        named = named[:1]
    return tuple(_call(tool, prompt) for tool in named)


def told_results(messages: Sequence[Mapping[str, Any]]) -> str | None:
    """What the tools at the end of the conversation answered; `None` where it does not end with a tool."""
    names = {call["id"]: call[call["type"]]["name"] for m in messages for call in m.get("tool_calls") or ()}
    results = list(takewhile(lambda message: message["role"] == "tool", reversed(messages)))
    told = [f"{names[result['tool_call_id']]} says: {text_of(result)}" for result in reversed(results)]
    return "\n".join(told) or None


def text_of(message: Mapping[str, Any]) -> str:
    """The words of a message, without pictures and the like."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else " ".join(part["text"] for part in content if "text" in part)


def facts_of(prompt: str) -> Facts:
    """What of a prompt may fill a schema: quotations, names, numbers; a plain word where there are no names."""
    words = ["".join(found) for found in _QUOTED.findall(prompt)]
    rest = _QUOTED.sub(" ", prompt)
    words += _PROPER.findall(rest) or _SUBJECT.findall(rest)
    return Facts(words, [float(number) for number in _NUMBER.findall(rest)])


def _offered(request: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], Any]:
    """The tools that may be called and the rest of `tool_choice`."""
    tools: list[Mapping[str, Any]] = list(request.get("tools") or ())
    choice = request.get("tool_choice", "auto")
    if isinstance(choice, Mapping) and choice["type"] == "allowed_tools":
        allowed = choice["allowed_tools"]
        names = {tool[tool["type"]]["name"] for tool in allowed["tools"]}
        return [tool for tool in tools if tool[tool["type"]]["name"] in names], allowed["mode"]
    return tools, choice


def _is_named(name: str, prompt: str) -> bool:
    said = {word.lower() for word in _WORD.findall(prompt)}
    words = [word.lower() for word in _WORD.findall(name)]
    telling = [word for word in words if not _SAYS_LITTLE.fullmatch(word)] or words
    return name in prompt or said.issuperset(telling)


def _call(tool: Mapping[str, Any], prompt: str) -> Call:
    if tool["type"] == "custom":
        return Call(tool["custom"]["name"], prompt, "custom")
    function = tool["function"]
    return Call.function(
        function["name"], instance({"type": "object", **function.get("parameters", {})}, facts_of(prompt))
    )
