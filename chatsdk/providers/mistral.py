"""Mistral, after its API reference; it refuses unknown members, and usage comes without being asked for."""

from __future__ import annotations

from ._provider import REASONING_NAMES, Provider

PROVIDER = Provider(
    name="mistral",
    base_url="https://api.mistral.ai/v1",
    hosts=("api.mistral.ai",),
    key_variables=("MISTRAL_API_KEY",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens", "seed": "random_seed"},
    drops=frozenset({"safety_identifier", "stream_options", "user"}),
    refuses=frozenset({"store"}),
    roles={"developer": "system"},
    message_drops=frozenset(REASONING_NAMES),
)
