"""OpenRouter, after its API reference, whose `max_tokens` it translates for each model; few take the other name."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="openrouter",
    base_url="https://openrouter.ai/api/v1",
    key_variables=("OPENROUTER_API_KEY",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
)
