"""Moonshot (Kimi), its Chinese host included, after its API reference and its own command line client."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="moonshot",
    base_url="https://api.moonshot.ai/v1",
    key_variables=("MOONSHOT_API_KEY",),
    needs_key=True,
    roles={"developer": "system"},
)
