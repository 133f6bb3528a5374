"""Scaleway's generative APIs, after their docs; all their limits per minute say `INSUFFICIENT QUOTA`."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="scaleway",
    base_url="https://api.scaleway.ai/v1",
    key_variables=("SCW_SECRET_KEY",),
    needs_key=True,
    rate_words=frozenset({"insufficient_quota"}),
)
