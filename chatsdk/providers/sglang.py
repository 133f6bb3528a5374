"""SGLang's server, after its docs and issues: chat templates without a role `developer` lose what it says."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="sglang",
    base_url="http://localhost:30000/v1",
    key_variables=("SGLANG_API_KEY",),
    openai_environment=True,
    roles={"developer": "system"},
)
