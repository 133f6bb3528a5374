"""Perplexity, after the types of its own client, which know `max_tokens` only and no role `developer`."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="perplexity",
    base_url="https://api.perplexity.ai",
    key_variables=("PERPLEXITY_API_KEY", "PPLX_API_KEY"),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
    roles={"developer": "system"},
)
