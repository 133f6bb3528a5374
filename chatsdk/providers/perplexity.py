"""Perplexity, after its API reference, which names `max_tokens` only."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="perplexity",
    base_url="https://api.perplexity.ai",
    hosts=("api.perplexity.ai",),
    key_variables=("PERPLEXITY_API_KEY", "PPLX_API_KEY"),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
)
