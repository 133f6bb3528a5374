"""Z.ai (GLM), after its API reference, guide to thinking mode, and error codes: 1113 is an empty account."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="zai",
    base_url="https://api.z.ai/api/paas/v4",
    hosts=("api.z.ai",),
    key_variables=("ZAI_API_KEY",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
    roles={"developer": "system"},
    sends_back=("reasoning_content",),
    quota_words=frozenset({"1113"}),
)
