"""Cerebras, after the types of its own client and the errors its users report.

Reasoning goes back as `reasoning`, any other name is refused; `..._quota_exceeded` is its limit per minute.
"""

from __future__ import annotations

from ._provider import REASONING_NAMES, Provider

PROVIDER = Provider(
    name="cerebras",
    base_url="https://api.cerebras.ai/v1",
    key_variables=("CEREBRAS_API_KEY",),
    needs_key=True,
    message_drops=REASONING_NAMES - {"reasoning"},
    rate_words=frozenset({"request_quota_exceeded", "token_quota_exceeded"}),
)
