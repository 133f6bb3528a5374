"""Fireworks AI, after its API reference."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="fireworks",
    base_url="https://api.fireworks.ai/inference/v1",
    hosts=("api.fireworks.ai",),
    key_variables=("FIREWORKS_API_KEY",),
    needs_key=True,
)
