"""What can differ from server to server, as fields whose defaults mean "as the API has it"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

REASONING_NAMES = ("reasoning_content", "reasoning", "reasoning_details")
"""Members of a message under which servers put what a model thought first."""


class Provider(Struct, frozen=True, kw_only=True):
    """A server, or a kind of servers. Every field but `name` has a default that means "no quirk"."""

    name: str
    """What it is called in `AsyncChatClient(provider=...)` and in messages; no decision hangs on it."""
    base_url: str | None = None
    """Where it is if the caller says nothing. One with `{parts}` shows only what the caller's has to look like."""
    hosts: tuple[str, ...] = ()
    """Base URLs it is found by: `host`, `.domain` for every host below it, both with or without the beginning of a
    path, and `:port` on this machine. The longest one that fits wins."""

    key_variables: tuple[str, ...] = ()
    """Its own environment variables for the key, the first that is set counts."""
    openai_environment: bool = False
    """Whether `OPENAI_API_KEY`, `OPENAI_BASE_URL` and the like may speak of it; never true of another vendor."""
    needs_key: bool = False
    """Whether a call without a key is sure to fail."""
    key_header: str = "authorization"
    """The header of a key that is a `str`, its name in lower case."""
    key_prefix: str = "Bearer "
    """What stands before the key in `key_header`."""
    token_header: str = "authorization"
    """The header of a key that a function gives, after `Bearer `: an Entra token is no key."""

    completions_path: str = "/chat/completions"
    """The path of a completion; what `base_url` has of its beginning is not repeated. `{model}` is the call's model."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Query parameters that are sent unless `base_url` or the client has them."""

    renames: Mapping[str, str] = field(default_factory=dict)
    """Parameters that go by another name."""
    drops: frozenset[str] = frozenset()
    """Parameters the server refuses, and without which the answer is the same: they are left out."""
    refuses: frozenset[str] = frozenset()
    """Parameters the server refuses or passes over in silence, though they change the answer: a `UsageError`."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Roles of messages that go by another name."""
    message_drops: frozenset[str] = frozenset()
    """Members of an assistant message, beyond the API's, that the server refuses: they are left out."""

    sends_back: tuple[str, ...] = ()
    """Members of an answer's message, beyond the API's, that the server wants repeated in the next turns."""
    sends_back_in: Literal["every_turn", "tool_turns"] = "every_turn"
    """Which messages repeat `sends_back`; a tool turn is all between two messages of the user, with a tool call."""
    call_sends_back: tuple[str, ...] = ()
    """Members of an answer's tool calls, beyond the API's, that the server wants repeated in the next turns."""
    think_tags: bool = False
    """Whether reasoning may come inline, between `<think>` and `</think>`. Left as sent unless asked."""

    quota_words: frozenset[str] = frozenset()
    """Codes and types of its errors, beyond those that all servers share, that no waiting cures."""
    rate_words: frozenset[str] = frozenset()
    """Codes and types that look like a used-up quota and mean a limit that a short wait cures."""
    requests_window: Literal["minute", "day", "unknown"] = "minute"
    """What `x-ratelimit-limit-requests` counts; `unknown`: only `remaining` and `reset` say anything."""


NEUTRAL: Mapping[str, Any] = {
    "frequency_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "modalities": ["text"],
    "n": 1,
    "presence_penalty": 0,
    "response_format": {"type": "text"},
    "store": False,
}
"""Values that ask for what a server does anyway, so that leaving them out changes nothing. `null` is one for all."""
