"""llama.cpp's server, after its README and changes: older ones know no `max_completion_tokens` and no `developer`."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="llamacpp",
    base_url="http://localhost:8080/v1",
    key_variables=("LLAMA_API_KEY",),
    openai_environment=True,
    renames={"max_completion_tokens": "max_tokens"},
    roles={"developer": "system"},
)
