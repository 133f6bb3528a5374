"""Messages of every role and parts of every kind, as Structs and as the JSON they are written as."""

from __future__ import annotations

from chatsdk.types import (
    AssistantMessage,
    AudioPart,
    AudioReference,
    CalledCustom,
    CalledFunction,
    CustomCallParam,
    DeveloperMessage,
    FilePart,
    FunctionCallParam,
    FunctionMessage,
    ImagePart,
    ImageURL,
    InputAudio,
    InputFile,
    PromptCacheBreakpoint,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolMessage,
    UserMessage,
)

from .table import Same, each_and_all

MARK = PromptCacheBreakpoint()
MARK_JSON = {"mode": "explicit"}

TEXTS = [
    Same(TextPart("Hi"), {"type": "text", "text": "Hi"}),
    Same(TextPart("", MARK), {"type": "text", "text": "", "prompt_cache_breakpoint": MARK_JSON}),
]

USER_PARTS = [
    *TEXTS,
    Same(ImagePart(ImageURL("data:,")), {"type": "image_url", "image_url": {"url": "data:,"}}),
    Same(
        ImagePart(ImageURL("https://example.com/a.png", "low"), MARK),
        {
            "type": "image_url",
            "image_url": {"url": "https://example.com/a.png", "detail": "low"},
            "prompt_cache_breakpoint": MARK_JSON,
        },
    ),
    Same(
        AudioPart(InputAudio("AAAA", "wav")),
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ),
    Same(
        AudioPart(InputAudio("AAAA", "mp3"), MARK),
        {
            "type": "input_audio",
            "input_audio": {"data": "AAAA", "format": "mp3"},
            "prompt_cache_breakpoint": MARK_JSON,
        },
    ),
    Same(FilePart(InputFile()), {"type": "file", "file": {}}),
    Same(FilePart(InputFile(file_id="file-1")), {"type": "file", "file": {"file_id": "file-1"}}),
    Same(
        FilePart(InputFile("a.txt", "data:text/plain,a"), MARK),
        {
            "type": "file",
            "file": {"filename": "a.txt", "file_data": "data:text/plain,a"},
            "prompt_cache_breakpoint": MARK_JSON,
        },
    ),
]

ASSISTANT_PARTS = [*TEXTS, Same(RefusalPart("No."), {"type": "refusal", "refusal": "No."})]

CALLS = [
    Same(
        FunctionCallParam("call_1", CalledFunction("f", "{}")),
        {"type": "function", "id": "call_1", "function": {"name": "f", "arguments": "{}"}},
    ),
    Same(
        CustomCallParam("call_2", CalledCustom("g", "text")),
        {"type": "custom", "id": "call_2", "custom": {"name": "g", "input": "text"}},
    ),
]

MESSAGES = [
    Same(DeveloperMessage("Be brief."), {"role": "developer", "content": "Be brief."}),
    Same(DeveloperMessage("", "d"), {"role": "developer", "content": "", "name": "d"}),
    *(Same(DeveloperMessage(x.value), {"role": "developer", "content": x.json}) for x in each_and_all(TEXTS)),
    Same(SystemMessage("Be brief."), {"role": "system", "content": "Be brief."}),
    Same(SystemMessage("", "s"), {"role": "system", "content": "", "name": "s"}),
    *(Same(SystemMessage(x.value), {"role": "system", "content": x.json}) for x in each_and_all(TEXTS)),
    Same(UserMessage("Hi \U0001f600"), {"role": "user", "content": "Hi \U0001f600"}),
    Same(UserMessage("", "u"), {"role": "user", "content": "", "name": "u"}),
    *(Same(UserMessage(x.value), {"role": "user", "content": x.json}) for x in each_and_all(USER_PARTS)),
    Same(AssistantMessage(), {"role": "assistant"}),
    Same(AssistantMessage("Hi"), {"role": "assistant", "content": "Hi"}),
    Same(AssistantMessage(None), {"role": "assistant", "content": None}),
    Same(AssistantMessage(refusal="No."), {"role": "assistant", "refusal": "No."}),
    Same(AssistantMessage(refusal=None), {"role": "assistant", "refusal": None}),
    Same(AssistantMessage(name="a"), {"role": "assistant", "name": "a"}),
    Same(AssistantMessage(audio=AudioReference("audio_1")), {"role": "assistant", "audio": {"id": "audio_1"}}),
    Same(AssistantMessage(audio=None), {"role": "assistant", "audio": None}),
    Same(
        AssistantMessage(function_call=CalledFunction("f", "{}")),
        {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
    ),
    Same(AssistantMessage(function_call=None), {"role": "assistant", "function_call": None}),
    *(Same(AssistantMessage(x.value), {"role": "assistant", "content": x.json}) for x in each_and_all(ASSISTANT_PARTS)),
    *(
        Same(AssistantMessage(tool_calls=x.value), {"role": "assistant", "tool_calls": x.json})
        for x in each_and_all(CALLS)
    ),
    Same(ToolMessage("42", "call_1"), {"role": "tool", "content": "42", "tool_call_id": "call_1"}),
    *(
        Same(ToolMessage(x.value, "call_1"), {"role": "tool", "content": x.json, "tool_call_id": "call_1"})
        for x in each_and_all(TEXTS)
    ),
    Same(FunctionMessage("f", "42"), {"role": "function", "name": "f", "content": "42"}),
    Same(FunctionMessage("f", None), {"role": "function", "name": "f", "content": None}),
]

WRONG_MESSAGES = [
    {},
    "Hi",
    {"role": "wizard", "content": "Hi"},
    {"content": "Hi"},
    {"role": "user"},
    {"role": "user", "content": None},
    {"role": "user", "content": []},
    {"role": "user", "content": ["Hi"]},
    {"role": "user", "content": [ASSISTANT_PARTS[-1].json]},
    {"role": "user", "content": "Hi", "name": None},
    {"role": "user", "content": [{"type": "image_url", "image_url": "https://example.com/a.png"}]},
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,", "detail": "huge"}}]},
    {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "flac"}}]},
    {"role": "user", "content": [{"type": "text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "implicit"}}]},
    {"role": "user", "content": [{"type": "text", "text": "Hi", "prompt_cache_breakpoint": {}}]},
    {"role": "system", "content": [USER_PARTS[2].json]},
    {"role": "system", "content": [{"text": "Hi"}]},
    {"role": "assistant", "content": [USER_PARTS[2].json]},
    {"role": "assistant", "tool_calls": None},
    {"role": "assistant", "tool_calls": [{"id": "call_1", "function": {"name": "f", "arguments": "{}"}}]},
    {"role": "assistant", "tool_calls": [{"type": "function", "id": "call_1", "function": {"name": "f"}}]},
    {"role": "assistant", "audio": {}},
    {"role": "tool", "content": "42"},
    {"role": "function", "name": "f"},
    Same(UserMessage(1), {"role": "user", "content": 1}),
    Same(ToolMessage("42", None), {"role": "tool", "content": "42", "tool_call_id": None}),
]
