"""Azure, where a key goes into `api-key` and only an Entra token is a Bearer token, after Microsoft's REST reference.

`PROVIDER` names a deployment in its URLs and a version in its query; `V1` does neither; `FOUNDRY` serves other models.
"""

from __future__ import annotations

from msgspec import structs

from ._provider import Provider

PROVIDER = Provider(
    name="azure",
    base_url="https://{resource}.openai.azure.com",
    hosts=(".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com/openai"),
    key_variables=("AZURE_OPENAI_API_KEY",),
    needs_key=True,
    key_header="api-key",
    key_prefix="",
    completions_path="/openai/deployments/{model}/chat/completions",
    query={"api-version": "2024-10-21"},
    requests_window="unknown",  # a second, ten seconds or a minute
)

V1 = structs.replace(
    PROVIDER,
    name="azure_v1",
    base_url="https://{resource}.openai.azure.com/openai/v1",
    hosts=(
        ".openai.azure.com/openai/v1",
        ".cognitiveservices.azure.com/openai/v1",
        ".services.ai.azure.com/openai/v1",
    ),
    completions_path="/openai/v1/chat/completions",
    query={},
)

FOUNDRY = structs.replace(
    PROVIDER,
    name="azure_foundry",
    base_url="https://{resource}.services.ai.azure.com/models",
    hosts=(".services.ai.azure.com",),
    key_variables=("AZURE_AI_API_KEY", "AZURE_INFERENCE_CREDENTIAL"),
    completions_path="/models/chat/completions",
    query={"api-version": "2024-05-01-preview"},
)
