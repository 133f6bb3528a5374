"""xAI (Grok), its regional hosts included, after its API reference."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="xai",
    base_url="https://api.x.ai/v1",
    key_variables=("XAI_API_KEY",),
    needs_key=True,
)
