"""OpenRouter, after its docs on reasoning: its `reasoning_details` come back as they were."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="openrouter",
    base_url="https://openrouter.ai/api/v1",
    hosts=("openrouter.ai",),
    key_variables=("OPENROUTER_API_KEY",),
    needs_key=True,
    sends_back=("reasoning_details",),
)
