"""OpenAI, its regional hosts included, after its guide to error codes. It is what all others are measured by."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="openai",
    base_url="https://api.openai.com/v1",
    openai_environment=True,
    needs_key=True,
    quota_words=frozenset(
        {"credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded"}
    ),
)
