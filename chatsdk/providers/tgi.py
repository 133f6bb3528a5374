"""Hugging Face's text-generation-inference, after its docs; the roles are those of the model's chat template."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="tgi",
    base_url="http://localhost:3000/v1",
    openai_environment=True,
    renames={"max_completion_tokens": "max_tokens"},
    roles={"developer": "system"},
)
