"""Together AI, after the types of its own client, which know `max_tokens` only and no role `developer`."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="together",
    base_url="https://api.together.xyz/v1",
    key_variables=("TOGETHER_API_KEY",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
    roles={"developer": "system"},
)
