"""Azure, where a key goes into `api-key` and only an Entra token is a Bearer token, after Microsoft's REST reference.

`PROVIDER` names a deployment in its URLs and a version in its query; `V1` does neither; `FOUNDRY` serves other models.
The limit that the headers give for requests is that of a second, of ten or of a minute.
"""

from __future__ import annotations

from msgspec import structs

from ._provider import Provider

PROVIDER = Provider(
    name="azure",
    base_url="https://{resource}.openai.azure.com",
    key_variables=("AZURE_OPENAI_API_KEY",),
    needs_key=True,
    key_header="api-key",
    key_prefix="",
    completions_path="/openai/deployments/{model}/chat/completions",
    query={"api-version": "2024-10-21"},
)

V1 = structs.replace(
    PROVIDER,
    name="azure_v1",
    base_url="https://{resource}.openai.azure.com/openai/v1",
    completions_path="/openai/v1/chat/completions",
    query={},
)

FOUNDRY = structs.replace(
    PROVIDER,
    name="azure_foundry",
    base_url="https://{resource}.services.ai.azure.com/models",
    key_variables=("AZURE_AI_API_KEY", "AZURE_INFERENCE_CREDENTIAL"),
    completions_path="/models/chat/completions",
    query={"api-version": "2024-05-01-preview"},
)
