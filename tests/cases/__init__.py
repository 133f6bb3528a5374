"""The sample answers in these folders, and what a test needs to compare; `README.md` says what is in the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from chatsdk import ChatCompletion, ChatError, RetryPolicy

FOLDER = Path(__file__).parent

OTHERS = ("errors", "__pycache__")
"""Folders that hold something else."""

FILES = sorted(path for path in FOLDER.glob("*/*") if path.parent.name not in OTHERS)

BODIES = {
    path.relative_to(FOLDER).with_suffix("").as_posix(): path for path in FILES if path.suffix in (".sse", ".body")
}
"""Every sample's bytes by its name, which is `provider/name`."""


class Sample(msgspec.Struct, forbid_unknown_fields=True):
    """What a `.json` says."""

    chunks: int
    done: bool
    completion: dict[str, Any]
    error: dict[str, Any] = {}
    row: str = ""
    status: int = 200
    headers: dict[str, str | None] = {}
    cut: str = ""

    @property
    def answer_headers(self) -> dict[str, str]:
        headers = {"content-type": "text/event-stream", "x-request-id": "req_1"} | self.headers
        return {name: value for name, value in headers.items() if value is not None}


def sample(name: str) -> Sample:
    return msgspec.json.decode(BODIES[name].with_suffix(".json").read_bytes(), type=Sample)


def body_of(name: str) -> bytes:
    return BODIES[name].read_bytes()


def is_stream(name: str) -> bool:
    return BODIES[name].suffix == ".sse"


def told(completion: ChatCompletion) -> dict[str, Any]:
    """A completion as JSON, its reasoning under one name."""
    document: dict[str, Any] = msgspec.to_builtins(completion)
    for choice, told_choice in zip(completion.choices, document["choices"], strict=True):
        told_choice["message"].pop("reasoning_content", None)
        if choice.message.reasoning:
            told_choice["message"]["reasoning"] = choice.message.reasoning
    return document


def wanted(sample: Sample, found: ChatCompletion) -> dict[str, Any]:
    """The completion that a sample has to come to, as `told` tells it, with the ids that were made up."""
    return told(msgspec.convert(_with_made_up_ids(sample.completion, found), ChatCompletion))


def is_told(found: Any, wanted: Any) -> bool:
    """Whether a document has all that is wanted of it, so that a misspelt member does not go unseen."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(is_told(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(is_told, found, wanted))
    return wanted is None or bool(found == wanted)


def told_error(error: ChatError | None, sample: Sample) -> dict[str, Any]:
    """Of an error what a sample says of its own."""
    if error is None:
        return {}
    facts: dict[str, Any] = {"class": type(error).__name__}
    for name, value in sample.error.items():
        match name:
            case "class":
                continue
            case "says":
                facts[name] = value if value in str(error) else str(error)
            case "retryable":
                facts[name] = RetryPolicy().next_delay(error, attempt=1, elapsed=0, jitter=0) is not None
            case _:
                facts[name] = getattr(error, name)
    return facts


def _with_made_up_ids(completion: dict[str, Any], found: ChatCompletion) -> dict[str, Any]:
    completion = msgspec.json.decode(msgspec.json.encode(completion))
    messages = {choice.index: choice.message for choice in found.choices}
    for choice in completion["choices"]:
        ours = messages[choice["index"]].tool_calls if choice["index"] in messages else None
        taken = {call["id"] for call in choice["message"].get("tool_calls") or ()} - {None}
        for call, our_call in zip(choice["message"].get("tool_calls") or (), ours or (), strict=False):
            if call["id"] is None:
                call["id"] = our_call.id if our_call.id and our_call.id not in taken else "an id of its own"
                taken.add(call["id"])
    return completion
