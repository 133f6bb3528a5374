"""A LiteLLM proxy, which translates for the provider behind it; after its docs and its client of other proxies."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="litellm",
    base_url="http://localhost:4000/v1",
    key_variables=("LITELLM_PROXY_API_KEY", "LITELLM_API_KEY"),
    openai_environment=True,
)
