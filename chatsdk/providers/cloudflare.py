"""Cloudflare Workers AI, after its page on OpenAI-compatible endpoints."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="cloudflare",
    base_url="https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1",
    hosts=("api.cloudflare.com",),
    key_variables=("CLOUDFLARE_API_TOKEN",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
)
