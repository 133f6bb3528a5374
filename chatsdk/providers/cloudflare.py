"""Cloudflare Workers AI, after its page on OpenAI-compatible endpoints and the types of its own client.

Those name `max_tokens` only; the roles are those of the model's chat template. Where a schema goes and whether a tool
can be forced depends on the model.
"""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="cloudflare",
    base_url="https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1",
    key_variables=("CLOUDFLARE_API_TOKEN",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
    roles={"developer": "system"},
    output_mode="json_object",
)
