"""Tools, grammars and choices of every kind, as Structs and as the JSON they are written as."""

from __future__ import annotations

from chatsdk.types import (
    AllowedTools,
    AllowedToolsChoice,
    CustomDefinition,
    CustomTool,
    FunctionDefinition,
    FunctionTool,
    Grammar,
    GrammarFormat,
    LegacyFunction,
    NamedCustomChoice,
    NamedFunctionChoice,
    NamedTool,
    TextFormat,
)

from .table import Same

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
NAMED = {"type": "function", "function": {"name": "f"}}

FORMATS = [
    Same(TextFormat(), {"type": "text"}),
    *(
        Same(
            GrammarFormat(Grammar(definition, syntax)),
            {"type": "grammar", "grammar": {"definition": definition, "syntax": syntax}},
        )
        for syntax, definition in (("lark", "start: WORD"), ("regex", "[a-z]+"))
    ),
]

TOOLS = [
    Same(FunctionTool(FunctionDefinition("f")), NAMED),
    Same(
        FunctionTool(FunctionDefinition("f", "Finds.", PARAMETERS, True)),
        {
            "type": "function",
            "function": {"name": "f", "description": "Finds.", "parameters": PARAMETERS, "strict": True},
        },
    ),
    Same(
        FunctionTool(FunctionDefinition("f", parameters={}, strict=None)),
        {"type": "function", "function": {"name": "f", "parameters": {}, "strict": None}},
    ),
    Same(CustomTool(CustomDefinition("g")), {"type": "custom", "custom": {"name": "g"}}),
    *(
        Same(
            CustomTool(CustomDefinition("g", "Writes.", x.value)),
            {"type": "custom", "custom": {"name": "g", "description": "Writes.", "format": x.json}},
        )
        for x in FORMATS
    ),
]

WRONG_TOOLS = [
    "f",
    {},
    {"type": "function"},
    {"type": "function", "function": {}},
    {"type": "function", "function": {"name": "f", "description": None}},
    {"type": "function", "function": {"name": "f", "parameters": None}},
    {"type": "function", "function": {"name": "f", "strict": "yes"}},
    {"type": "search"},
    {"function": {"name": "f"}},
    {"type": "custom", "custom": {"name": "g", "format": {"type": "text", "more": 1}}},
    {"type": "custom", "custom": {"name": "g", "format": {"type": "grammar"}}},
    {"type": "custom", "custom": {"name": "g", "format": FORMATS[1].json | {"more": 1}}},
    {"type": "custom", "custom": {"name": "g", "format": {"type": "grammar", "grammar": {"definition": "a"}}}},
    Same(
        CustomTool(CustomDefinition("g", format=GrammarFormat(Grammar("a", "bnf")))),
        {
            "type": "custom",
            "custom": {"name": "g", "format": {"type": "grammar", "grammar": {"definition": "a", "syntax": "bnf"}}},
        },
    ),
]

CHOICES = [
    "none",
    "auto",
    "required",
    Same(NamedFunctionChoice(NamedTool("f")), NAMED),
    Same(NamedCustomChoice(NamedTool("g")), {"type": "custom", "custom": {"name": "g"}}),
    Same(
        AllowedToolsChoice(AllowedTools("auto", [NAMED])),
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [NAMED]}},
    ),
    Same(
        AllowedToolsChoice(AllowedTools("required", [])),
        {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}},
    ),
]

WRONG_CHOICES = [
    "any",
    {},
    {"type": "function"},
    {"type": "function", "name": "f"},
    {"type": "custom", "custom": {}},
    {"type": "allowed_tools", "allowed_tools": {"mode": "none", "tools": []}},
    {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}},
    {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": ["f"]}},
]

LEGACY_FUNCTIONS = [
    Same(LegacyFunction("f"), {"name": "f"}),
    Same(
        LegacyFunction("f", "Finds.", PARAMETERS),
        {"name": "f", "description": "Finds.", "parameters": PARAMETERS},
    ),
]
