"""vLLM's server, after its docs; most chat templates refuse the role `developer`, and reasoning has had two names."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="vllm",
    base_url="http://localhost:8000/v1",
    key_variables=("VLLM_API_KEY",),
    openai_environment=True,
    roles={"developer": "system"},
    sends_back=("reasoning", "reasoning_content"),
)
