"""Hugging Face's text-generation-inference, after router/src/lib.rs of its source.

Older ones know `max_tokens` only; the roles are those of the model's chat template. It takes a schema since 3.3.
"""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="tgi",
    base_url="http://localhost:3000/v1",
    openai_environment=True,
    renames={"max_completion_tokens": "max_tokens"},
    refuses=frozenset({"logit_bias", "n"}),
    roles={"developer": "system"},
    schema_member="value",
)
