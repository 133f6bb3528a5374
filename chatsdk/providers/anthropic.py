"""Anthropic's endpoint for OpenAI clients, after its page on SDK compatibility.

The parameters it "ignores" are refused here, because an answer that was not asked for is worse than none.
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
            "response_format",
            "store",
            "top_logprobs",
        }
    ),
)
