"""Anthropic's endpoint for OpenAI clients, after its page on SDK compatibility and the errors its users report.

The parameters it "ignores" are refused here, because an answer that was not asked for is worse than none. The page
counts `response_format` among them, but a strict schema is taken; a forced tool its newest models refuse.
"""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="anthropic",
    base_url="https://api.anthropic.com/v1",
    key_variables=("ANTHROPIC_API_KEY",),
    needs_key=True,
    refuses=frozenset(
        {
            "audio",
            "frequency_penalty",
            "logit_bias",
            "logprobs",
            "modalities",
            "presence_penalty",
            "reasoning_effort",
            "store",
            "top_logprobs",
        }
    ),
)
