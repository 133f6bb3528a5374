"""What differs from server to server, as data. A module is loaded when its provider is asked for, by name or base URL.

_provider   Provider: the fields, each with a default that means "no quirk"
_shape      shape(): the body of a request as a provider wants it
_address    URL, header of the key, and which environment variable holds it
default     servers nobody knows: nothing is renamed or left out, no key is needed
the rest    one module per provider, `PROVIDER` and variants of it

To add one: its module, a row in `_PLACES`, and one in `_HOSTS` if it is found by its base URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from urllib.parse import urlsplit

from ..errors import UsageError
from ._provider import REASONING_NAMES as REASONING_NAMES
from ._provider import Provider as Provider

__all__ = ["PROVIDERS", "REASONING_NAMES", "Provider", "find", "named"]

_PLACES = {
    "anthropic": "anthropic.PROVIDER",
    "azure": "azure.PROVIDER",
    "azure_foundry": "azure.FOUNDRY",
    "azure_v1": "azure.V1",
    "cerebras": "cerebras.PROVIDER",
    "cloudflare": "cloudflare.PROVIDER",
    "dashscope": "dashscope.PROVIDER",
    "dashscope_cn": "dashscope.CN",
    "databricks": "databricks.PROVIDER",
    "deepseek": "deepseek.PROVIDER",
    "default": "default.PROVIDER",
    "fireworks": "fireworks.PROVIDER",
    "gemini": "gemini.PROVIDER",
    "github": "github.PROVIDER",
    "groq": "groq.PROVIDER",
    "huggingface": "huggingface.PROVIDER",
    "litellm": "litellm.PROVIDER",
    "llamacpp": "llamacpp.PROVIDER",
    "lmstudio": "lmstudio.PROVIDER",
    "mistral": "mistral.PROVIDER",
    "moonshot": "moonshot.PROVIDER",
    "ollama": "ollama.PROVIDER",
    "ollama_cloud": "ollama.CLOUD",
    "openai": "openai.PROVIDER",
    "openrouter": "openrouter.PROVIDER",
    "perplexity": "perplexity.PROVIDER",
    "scaleway": "scaleway.PROVIDER",
    "sglang": "sglang.PROVIDER",
    "snowflake": "snowflake.PROVIDER",
    "tgi": "tgi.PROVIDER",
    "together": "together.PROVIDER",
    "vllm": "vllm.PROVIDER",
    "xai": "xai.PROVIDER",
    "zai": "zai.PROVIDER",
}
"""Name to module and attribute."""

_HOSTS = {
    "anthropic": ("api.anthropic.com",),
    "azure": (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com/openai"),
    "azure_foundry": (".services.ai.azure.com",),
    "azure_v1": (
        ".openai.azure.com/openai/v1",
        ".cognitiveservices.azure.com/openai/v1",
        ".services.ai.azure.com/openai/v1",
    ),
    "cerebras": ("api.cerebras.ai",),
    "cloudflare": ("api.cloudflare.com",),
    "dashscope": ("dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com"),
    "dashscope_cn": ("dashscope.aliyuncs.com",),
    "databricks": (".cloud.databricks.com", ".azuredatabricks.net", ".gcp.databricks.com"),
    "deepseek": ("api.deepseek.com",),
    "fireworks": ("api.fireworks.ai",),
    "gemini": ("generativelanguage.googleapis.com",),
    "github": ("models.github.ai", "models.inference.ai.azure.com"),
    "groq": ("api.groq.com",),
    "huggingface": ("router.huggingface.co", "api-inference.huggingface.co"),
    "lmstudio": (":1234",),
    "mistral": ("api.mistral.ai",),
    "moonshot": ("api.moonshot.ai", "api.moonshot.cn"),
    "ollama": (":11434",),
    "ollama_cloud": ("ollama.com",),
    "openai": ("api.openai.com", ".api.openai.com"),
    "openrouter": ("openrouter.ai",),
    "perplexity": ("api.perplexity.ai",),
    "scaleway": ("api.scaleway.ai",),
    "snowflake": (".snowflakecomputing.com",),
    "together": ("api.together.xyz", "api.together.ai"),
    "xai": ("api.x.ai", ".api.x.ai"),
    "zai": ("api.z.ai",),
}
"""Name to the base URLs it is found by: `host`, `.domain` for every host below it, both with or without the beginning
of a path, and `:port` on this machine. The longest one that fits wins."""

_THIS_MACHINE = re.compile(r"(?:[^.]+\.)*localhost|127(?:\.[0-9]{1,3}){3}|::1")


class _Providers(Mapping[str, Provider]):
    """Name to provider, each loaded when it is first looked up."""

    def __getitem__(self, name: str) -> Provider:
        module, _, attribute = _PLACES[name].partition(".")
        provider: Provider = getattr(import_module(f".{module}", __name__), attribute)
        return provider

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)

    def __contains__(self, name: object) -> bool:
        return name in _PLACES

    def __repr__(self) -> str:
        return f"<the providers {', '.join(self)}>"


PROVIDERS: Mapping[str, Provider] = _Providers()


def named(name: str) -> Provider:
    """The provider of a name; case and punctuation don't matter (`llama.cpp`, `LM Studio`, `azure-v1`).

    Raises `UsageError` with the names there are.
    """
    folded = {_fold(known): known for known in _PLACES}
    wanted = _fold(name) if isinstance(name, str) else ""
    if wanted in folded:
        return PROVIDERS[folded[wanted]]
    import difflib  # is rarely needed

    close = [folded[match] for match in difflib.get_close_matches(wanted, folded)]
    hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
    raise UsageError(f"no such provider: {hint}There are {', '.join(_PLACES)}; or pass a Provider of your own")


def find(base_url: str) -> Provider:
    """The provider whose server a base URL points to; `default` for a server nobody knows. Raises `UsageError`."""
    try:
        parts = urlsplit(base_url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        raise UsageError("base_url is not a URL") from None
    place = f"{host}{parts.path.rstrip('/')}/"
    here = f":{port}" if port and _THIS_MACHINE.fullmatch(host) else None
    fits = [
        (len(pattern), name)
        for name, patterns in _HOSTS.items()
        for pattern in patterns
        if pattern == here or _is_at(host, place, pattern)
    ]
    return PROVIDERS[max(fits)[1] if fits else "default"]


def _is_at(host: str, place: str, pattern: str) -> bool:
    """Whether a host with its path is where the pattern says."""
    domain, _, path = pattern.partition("/")
    if domain.startswith("."):
        return host.endswith(domain) and place.startswith(f"{path}/" if path else "", len(host) + 1)
    return place.startswith(f"{pattern}/")


def _fold(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))
