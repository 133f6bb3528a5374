"""llama.cpp's server, after its README; older ones know neither `max_completion_tokens` nor the role `developer`."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="llamacpp",
    base_url="http://localhost:8080/v1",
    key_variables=("LLAMA_API_KEY",),
    openai_environment=True,
    renames={"max_completion_tokens": "max_tokens"},
    roles={"developer": "system"},
    sends_back=("reasoning_content",),
)
