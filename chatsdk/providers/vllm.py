"""vLLM's server, after its docs and changes: most chat templates refuse the role `developer`."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="vllm",
    base_url="http://localhost:8000/v1",
    key_variables=("VLLM_API_KEY",),
    openai_environment=True,
    roles={"developer": "system"},
)
