"""Fireworks AI, after its API reference and the types of its own client: it knows no role `developer`."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="fireworks",
    base_url="https://api.fireworks.ai/inference/v1",
    key_variables=("FIREWORKS_API_KEY",),
    needs_key=True,
    roles={"developer": "system"},
)
