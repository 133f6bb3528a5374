"""LM Studio, after its docs, which name `max_tokens` only, and its errors: it knows no role `developer`."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="lmstudio",
    base_url="http://localhost:1234/v1",
    key_variables=("LM_API_TOKEN",),
    openai_environment=True,
    renames={"max_completion_tokens": "max_tokens"},
    roles={"developer": "system"},
)
