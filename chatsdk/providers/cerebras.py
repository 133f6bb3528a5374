"""Cerebras, after its API reference and the errors its users report; `..._quota_exceeded` is its limit per minute."""

from __future__ import annotations

from ._provider import REASONING_NAMES, Provider

PROVIDER = Provider(
    name="cerebras",
    base_url="https://api.cerebras.ai/v1",
    hosts=("api.cerebras.ai",),
    key_variables=("CEREBRAS_API_KEY",),
    needs_key=True,
    message_drops=frozenset(REASONING_NAMES),
    rate_words=frozenset({"request_quota_exceeded", "token_quota_exceeded"}),
)
