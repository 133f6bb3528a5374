"""Bodies for those who mock the HTTP library instead of running a server. They are what `ChatServer` sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ._demo_model import DEMO_MODEL
from ._render import DONE, Stamp, completion, stream
from ._reply import Reply, Said, sse_event

_CREATED = 1_700_000_000
_MESSAGES = ({"role": "user", "content": "Hello"},)


def completion_payload(said: str | Said, *, model: str = DEMO_MODEL, n: int = 1) -> dict[str, Any]:
    """A completion, as a one-shot call gets it: `completion_payload("Hello")["choices"]`.

    Anything but plain text is a `Reply`: `completion_payload(Reply.tool_call("add", {"a": 1}))`.
    """
    reply = Reply.text(said) if isinstance(said, str) else said
    return completion(reply, {"messages": _MESSAGES, "n": n}, Stamp(1, _CREATED, model))


def sse_body(
    said: Iterable[str] | Said,
    *,
    model: str = DEMO_MODEL,
    n: int = 1,
    usage: bool = False,
    finish: bool = True,
) -> bytes:
    """A whole stream, one chunk for each piece of text: `sse_body(["Hel", "lo"])`.

    `usage` adds the chunk that tells it. Without `finish` the stream breaks off after its last token: no
    finish reason, no usage, no `[DONE]`.
    """
    reply = said if isinstance(said, Said) else Reply.text(list(said))
    asked: Mapping[str, Any] = {"messages": _MESSAGES, "n": n, "stream_options": {"include_usage": usage}}
    chunks = [piece for piece in stream(reply, asked, Stamp(1, _CREATED, model)) if isinstance(piece, dict)]
    if not finish:
        return b"".join(sse_event(chunk) for chunk in chunks if _is_token(chunk))
    return b"".join(map(sse_event, chunks)) + DONE


def _is_token(chunk: Mapping[str, Any]) -> bool:
    return bool(chunk["choices"]) and chunk["choices"][0]["finish_reason"] is None
