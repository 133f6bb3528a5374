"""Ollama, after its page on OpenAI compatibility and openai/openai.go of its source, which has no member for the rest.

`CLOUD` is the same on ollama.com, which wants a key of its own and passes over `response_format`.
"""

from __future__ import annotations

from msgspec import structs

from ._provider import Provider

PROVIDER = Provider(
    name="ollama",
    base_url="http://localhost:11434/v1",
    key_variables=("OLLAMA_API_KEY",),
    openai_environment=True,
    renames={"max_completion_tokens": "max_tokens"},
    refuses=frozenset({"logit_bias", "n", "tool_choice"}),
    roles={"developer": "system"},
)

CLOUD = structs.replace(
    PROVIDER,
    name="ollama_cloud",
    base_url="https://ollama.com/v1",
    openai_environment=False,
    needs_key=True,
    output_mode="prompt",
)
