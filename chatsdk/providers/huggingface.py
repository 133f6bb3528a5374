"""Hugging Face's router to inference providers, after its docs and its own client, which name `max_tokens` only.

The roles are those of whoever serves the model, and most know no `developer`.
"""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="huggingface",
    base_url="https://router.huggingface.co/v1",
    key_variables=("HF_TOKEN",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
    roles={"developer": "system"},
)
