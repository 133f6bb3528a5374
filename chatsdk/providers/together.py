"""Together AI, after its API reference, which names `max_tokens` only."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="together",
    base_url="https://api.together.xyz/v1",
    hosts=("api.together.xyz", "api.together.ai"),
    key_variables=("TOGETHER_API_KEY",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
    think_tags=True,
)
