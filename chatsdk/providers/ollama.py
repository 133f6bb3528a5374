"""Ollama, after its docs and source; `CLOUD` is the same on ollama.com, which wants a key of its own."""

from __future__ import annotations

from msgspec import structs

from ._provider import Provider

PROVIDER = Provider(
    name="ollama",
    base_url="http://localhost:11434/v1",
    hosts=(":11434",),
    key_variables=("OLLAMA_API_KEY",),
    openai_environment=True,
    renames={"max_completion_tokens": "max_tokens"},
    refuses=frozenset({"logit_bias", "n"}),
    roles={"developer": "system"},
    sends_back=("reasoning",),
)

CLOUD = structs.replace(
    PROVIDER,
    name="ollama_cloud",
    base_url="https://ollama.com/v1",
    hosts=("ollama.com",),
    openai_environment=False,
    needs_key=True,
)
