"""A LiteLLM proxy, which translates for the provider behind it; after its docs on reasoning."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="litellm",
    base_url="http://localhost:4000/v1",
    key_variables=("LITELLM_API_KEY",),
    openai_environment=True,
    sends_back=("thinking_blocks",),
)
