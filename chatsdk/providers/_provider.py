"""What can differ from server to server, as fields whose defaults mean "as the API has it"."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from ..types._output_mode import OutputMode

REASONING_NAMES = frozenset({"reasoning_content", "reasoning", "reasoning_details", "thinking_blocks"})
"""Members of an assistant message in which servers give what the model thought first, and may want it back."""


class Provider(Struct, frozen=True, kw_only=True):
    """A server, or a kind of servers. Every field but `name` has a default that means "no quirk"."""

    name: str
    """What it is called in `AsyncChatClient(provider=...)` and in messages; no decision hangs on it."""
    base_url: str | None = None
    """Where it is if the caller says nothing. One with `{parts}` shows only what the caller's has to look like."""

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

    output_mode: OutputMode = "json_schema"
    """The best way to ask it for an answer after a schema that works with most of its models."""
    schema_member: str = "json_schema"
    """What it calls the member `json_schema` of a `response_format`."""

    quota_words: frozenset[str] = frozenset()
    """Codes and types of its errors, beyond those that all servers share, that no waiting cures."""
    rate_words: frozenset[str] = frozenset()
    """Codes and types that look like a used-up quota and mean a limit that a short wait cures."""
