"""Hugging Face's router to inference providers, after its docs, which name `max_tokens` only."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="huggingface",
    base_url="https://router.huggingface.co/v1",
    hosts=("router.huggingface.co", "api-inference.huggingface.co"),
    key_variables=("HF_TOKEN",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
    think_tags=True,
)
