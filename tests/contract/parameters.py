"""The table: one row for each parameter of a request, with the values it takes and the values it refuses.

A new parameter is one row here, and one line in `request.schema.json`.
"""

from __future__ import annotations

from collections.abc import Sequence

from chatsdk.types import (
    ApproximateLocation,
    AudioOutput,
    CustomVoice,
    JSONSchema,
    ModerationOptions,
    ModerationPolicy,
    ModerationRule,
    NamedTool,
    Prediction,
    PromptCacheOptions,
    ResponseFormatJSONObject,
    ResponseFormatJSONSchema,
    ResponseFormatText,
    StreamOptions,
    UserLocation,
    WebSearchOptions,
)

from .messages import MESSAGES, TEXTS, WRONG_MESSAGES
from .table import HELLO, Row, Same, each_and_all
from .tools import CHOICES, LEGACY_FUNCTIONS, TOOLS, WRONG_CHOICES, WRONG_TOOLS

FLAG = Row([True, False], [1, "true", []])
COUNT = Row([0, 1, 4096], [1.5, "7", True, []])
LEGACY = LEGACY_FUNCTIONS[0].json


def number(low: float, high: float) -> Row:
    """Of a number with bounds."""
    return Row([low, high, (low + high) / 2, 0.25], [low - 0.01, high + 0.01, "0.5", True, [low]])


def whole(low: int, high: int) -> Row:
    """Of a whole number with bounds."""
    return Row([low, high, low + 1], [low - 1, high + 1, low + 0.5, str(low), True])


def one_of(*words: str) -> Row:
    """Of an enumeration."""
    return Row(words, ["", words[0].upper(), 1, [words[0]]])


def never_null(row: Row) -> Row:
    return Row(row.takes, row.refuses, null=False)


def lists(items: Sequence[Same], wrong: Sequence[object]) -> list[object]:
    """Each wrong item after one that is right."""
    return [
        Same([items[0].value, item.value], [items[0].json, item.json])
        if isinstance(item, Same)
        else [items[0].json, item]
        for item in wrong
    ]


TABLE: dict[str, Row] = {
    "messages": Row(
        [Same("Hello", HELLO), *each_and_all(MESSAGES)],
        [[], {}, 1, *lists(MESSAGES, WRONG_MESSAGES)],
        null=False,
    ),
    "model": Row(["gpt-5.4-mini", "organization/model:tag"], [7, True, ["gpt-5.4-mini"]], null=False),
    "audio": Row(
        [
            Same(AudioOutput("alloy", "wav"), {"voice": "alloy", "format": "wav"}),
            Same(AudioOutput(CustomVoice("voice_1"), "mp3"), {"voice": {"id": "voice_1"}, "format": "mp3"}),
            *({"voice": "a voice of tomorrow", "format": name} for name in ("aac", "flac", "opus", "pcm16")),
        ],
        [
            "alloy",
            {},
            {"voice": "alloy"},
            {"format": "wav"},
            {"voice": {"id": "voice_1", "pitch": 1}, "format": "wav"},
            Same(AudioOutput("alloy", "ogg"), {"voice": "alloy", "format": "ogg"}),
            Same(AudioOutput(1, "wav"), {"voice": 1, "format": "wav"}),
        ],
    ),
    "frequency_penalty": number(-2, 2),
    "function_call": Row(
        ["none", "auto", Same(NamedTool("f"), {"name": "f"})],
        ["required", {}, {"name": None}, True],
        null=False,
    ),
    "functions": Row(
        [*each_and_all(LEGACY_FUNCTIONS), [LEGACY] * 128],
        [[], [LEGACY] * 129, [{}], ["f"], [{"name": "f", "parameters": None}], {"name": "f"}],
        null=False,
    ),
    "logit_bias": Row([{}, {"50256": -100, "7": 100}], [{"7": 1.5}, {"7": None}, {"7": "1"}, [7], "7"]),
    "logprobs": FLAG,
    "max_completion_tokens": COUNT,
    "max_tokens": COUNT,
    "metadata": Row([{}, {"purpose": "test"}], [{"purpose": 1}, {"purpose": None}, ["purpose"], "purpose"]),
    "modalities": Row([[], ["text"], ["text", "audio"], Same(("audio",), ["audio"])], ["text", ["video"], [None], {}]),
    "moderation": Row(
        [
            Same(ModerationOptions("omni-moderation-latest"), {"model": "omni-moderation-latest"}),
            Same(ModerationOptions("m", None), {"model": "m", "policy": None}),
            Same(ModerationOptions("m", ModerationPolicy()), {"model": "m", "policy": {}}),
            Same(
                ModerationOptions("m", ModerationPolicy(ModerationRule("score"), None)),
                {"model": "m", "policy": {"input": {"mode": "score"}, "output": None}},
            ),
            Same(
                ModerationOptions("m", ModerationPolicy(None, ModerationRule("block"))),
                {"model": "m", "policy": {"input": None, "output": {"mode": "block"}}},
            ),
        ],
        [
            "omni-moderation-latest",
            {},
            {"model": None},
            {"model": "m", "policy": "block"},
            {"model": "m", "policy": {"input": {}}},
            Same(
                ModerationOptions("m", ModerationPolicy(ModerationRule("warn"))),
                {"model": "m", "policy": {"input": {"mode": "warn"}}},
            ),
        ],
    ),
    "n": whole(1, 128),
    "parallel_tool_calls": never_null(FLAG),
    "prediction": Row(
        [
            Same(Prediction("def f(): ..."), {"type": "content", "content": "def f(): ..."}),
            *(Same(Prediction(x.value), {"type": "content", "content": x.json}) for x in each_and_all(TEXTS)),
        ],
        [
            "def f(): ...",
            {"content": "def f(): ..."},
            {"type": "content"},
            {"type": "text", "content": "def f(): ..."},
            {"type": "content", "content": []},
            {"type": "content", "content": [{"text": "def f(): ..."}]},
            Same(Prediction(None), {"type": "content", "content": None}),
        ],
    ),
    "presence_penalty": number(-2, 2),
    "prompt_cache_key": Row(["", "team-7"], [7, ["team-7"]]),
    "prompt_cache_options": Row(
        [
            Same(PromptCacheOptions(), {}),
            Same(PromptCacheOptions("implicit"), {"mode": "implicit"}),
            Same(PromptCacheOptions("explicit", "30m"), {"mode": "explicit", "ttl": "30m"}),
        ],
        ["explicit", {"mode": None}, {"mode": "auto"}, Same(PromptCacheOptions(ttl="1h"), {"ttl": "1h"})],
        null=False,
    ),
    "prompt_cache_retention": one_of("in_memory", "24h"),
    "reasoning_effort": one_of("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    "response_format": Row(
        [
            Same(ResponseFormatText(), {"type": "text"}),
            Same(ResponseFormatJSONObject(), {"type": "json_object"}),
            Same(
                ResponseFormatJSONSchema(JSONSchema("city")),
                {"type": "json_schema", "json_schema": {"name": "city"}},
            ),
            Same(
                ResponseFormatJSONSchema(JSONSchema("city", "A city.", {"type": "object"}, True)),
                {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "city",
                        "description": "A city.",
                        "schema": {"type": "object"},
                        "strict": True,
                    },
                },
            ),
            {"type": "json_schema", "json_schema": {"name": "city", "strict": None}},
        ],
        [
            "json_object",
            {},
            {"type": "xml"},
            {"type": "json_schema"},
            {"type": "json_schema", "json_schema": {}},
            {"type": "json_schema", "json_schema": {"name": "city", "schema": None}},
            Same(
                ResponseFormatJSONSchema(JSONSchema("city", strict="yes")),
                {"type": "json_schema", "json_schema": {"name": "city", "strict": "yes"}},
            ),
        ],
        null=False,
    ),
    "safety_identifier": Row(["", "x" * 64, "\U0001f600" * 64], ["x" * 65, "\U0001f600" * 65, 7]),
    "seed": Row([0, -(2**63), 2**63 - 1], [2**64, -(2**64), 0.5, "7", True]),
    "service_tier": one_of("auto", "default", "flex", "scale", "priority", "fast"),
    "stop": Row(
        ["", "\n", ["\n"], Same(("a", "b", "c", "d"), ["a", "b", "c", "d"])],
        [[], ["a", "b", "c", "d", "e"], [None], 7, {"a": "b"}],
    ),
    "store": FLAG,
    "stream": FLAG,
    "stream_options": Row(
        [
            Same(StreamOptions(), {}),
            Same(StreamOptions(include_usage=True), {"include_usage": True}),
            Same(StreamOptions(False, False), {"include_usage": False, "include_obfuscation": False}),
        ],
        [True, {"include_usage": None}, Same(StreamOptions(include_obfuscation="no"), {"include_obfuscation": "no"})],
    ),
    "temperature": number(0, 2),
    "tool_choice": Row(CHOICES, WRONG_CHOICES, null=False),
    "tools": Row([[], *each_and_all(TOOLS)], [{}, "f", *lists(TOOLS, WRONG_TOOLS)], null=False),
    "top_logprobs": whole(0, 20),
    "top_p": number(0, 1),
    "user": Row(["", "user-7"], [7, ["user-7"]], null=False),
    "verbosity": one_of("low", "medium", "high"),
    "web_search_options": Row(
        [
            Same(WebSearchOptions(), {}),
            Same(WebSearchOptions(None), {"user_location": None}),
            *({"search_context_size": size} for size in ("low", "medium", "high")),
            Same(
                WebSearchOptions(UserLocation(ApproximateLocation()), "low"),
                {"user_location": {"type": "approximate", "approximate": {}}, "search_context_size": "low"},
            ),
            Same(
                WebSearchOptions(UserLocation(ApproximateLocation("IT", "Lazio", "Rome", "Europe/Rome"))),
                {
                    "user_location": {
                        "type": "approximate",
                        "approximate": {"country": "IT", "region": "Lazio", "city": "Rome", "timezone": "Europe/Rome"},
                    }
                },
            ),
        ],
        [
            True,
            {"search_context_size": None},
            {"user_location": {"approximate": {}}},
            {"user_location": {"type": "approximate"}},
            {"user_location": {"type": "exact", "approximate": {}}},
            {"user_location": {"type": "approximate", "approximate": {"city": None}}},
            Same(WebSearchOptions(search_context_size="huge"), {"search_context_size": "huge"}),
        ],
        null=False,
    ),
}
