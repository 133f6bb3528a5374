"""Groq, after its API reference and rate limits page, where requests are counted by the day."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="groq",
    base_url="https://api.groq.com/openai/v1",
    hosts=("api.groq.com",),
    key_variables=("GROQ_API_KEY",),
    needs_key=True,
    message_drops=frozenset({"reasoning_content", "reasoning_details"}),
    think_tags=True,
    requests_window="day",
)
