"""Mistral, after the types of its own client, beyond which its API refuses everything, also in messages.

Usage comes without being asked for.
"""

from __future__ import annotations

from ._provider import REASONING_NAMES, Provider

PROVIDER = Provider(
    name="mistral",
    base_url="https://api.mistral.ai/v1",
    key_variables=("MISTRAL_API_KEY",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens", "seed": "random_seed"},
    drops=frozenset({"safety_identifier", "stream_options", "user"}),
    refuses=frozenset({"store"}),
    roles={"developer": "system"},
    message_drops=REASONING_NAMES,
)
