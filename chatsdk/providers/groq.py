"""Groq, after its API reference, its page on rate limits, and the errors its users report.

Reasoning goes back as `reasoning` only. Its headers give the requests that a day may have, and the tokens of a minute.
"""

from __future__ import annotations

from ._provider import REASONING_NAMES, Provider

PROVIDER = Provider(
    name="groq",
    base_url="https://api.groq.com/openai/v1",
    key_variables=("GROQ_API_KEY",),
    needs_key=True,
    message_drops=REASONING_NAMES - {"reasoning"},
)
