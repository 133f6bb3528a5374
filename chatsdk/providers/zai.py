"""Z.ai (GLM), after its API reference and error codes: 1113 is an empty account. No tool can be forced."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="zai",
    base_url="https://api.z.ai/api/paas/v4",
    key_variables=("ZAI_API_KEY",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
    roles={"developer": "system"},
    output_mode="json_object",
    quota_words=frozenset({"1113"}),
)
