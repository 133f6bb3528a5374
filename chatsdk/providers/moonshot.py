"""Moonshot (Kimi), its Chinese host included, after its docs on thinking models."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="moonshot",
    base_url="https://api.moonshot.ai/v1",
    hosts=("api.moonshot.ai", "api.moonshot.cn"),
    key_variables=("MOONSHOT_API_KEY",),
    needs_key=True,
    roles={"developer": "system"},
    sends_back=("reasoning_content",),
)
