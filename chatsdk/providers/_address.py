"""Where a provider's calls go and how they prove who sends them. Pure: the environment is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from ..errors import UsageError
from ._provider import Provider

MODEL = "{model}"


def default_base_url(provider: Provider) -> str:
    """The provider's own base URL. Raises `UsageError` where only the caller can know it."""
    if provider.base_url is None or "{" in provider.base_url:
        like = f" like {provider.base_url}" if provider.base_url else ""
        raise UsageError(f"provider {provider.name!r} needs a base_url{like}")
    return provider.base_url


def key_from(environ: Mapping[str, str], provider: Provider, *, openai_base_url: bool = False) -> str | None:
    """The key that the environment has for the provider; a blank one is none.

    Its own variables come first. `OPENAI_API_KEY` is for OpenAI, for servers nobody knows and for those one runs
    oneself; another vendor gets it only if `OPENAI_BASE_URL` (then `openai_base_url` is true) named that vendor,
    because the two variables belong together.
    """
    paired = ("OPENAI_API_KEY",) if provider.openai_environment or openai_base_url else ()
    found = (environ.get(name, "").strip() for name in (*provider.key_variables, *paired))
    return next(filter(None, found), None)


def auth_header(provider: Provider, key: str, *, is_token: bool = False) -> tuple[str, str]:
    """Name and value of the header that holds the key, or the token that a function gave."""
    if is_token:
        return provider.token_header, f"Bearer {key}"
    return provider.key_header, f"{provider.key_prefix}{key}"


def has_auth(provider: Provider, headers: Mapping[str, str]) -> bool:
    """Whether headers, their names in lower case, hold a key or a token already."""
    return provider.key_header in headers or provider.token_header in headers


def completions_path(provider: Provider, base_path: str, model: str) -> str:
    """The path of a completion: that of the base URL, and what it lacks of the provider's.

    Raises `UsageError` for a model that cannot stand in a path.
    """
    parts = provider.completions_path.strip("/").split("/")
    given = [part for part in base_path.split("/") if part]
    missing = parts[_overlap(given, parts[:-2]) :]
    if MODEL in missing and model in ("", ".", ".."):
        raise UsageError(f"provider {provider.name!r} names the deployment in its URLs: pass it as model=")
    filled = (quote(model, safe="") if part == MODEL else part for part in missing)
    return "/".join([base_path.rstrip("/"), *filled])


def completions_url(provider: Provider, base_url: str, model: str, query: Mapping[str, str] | None = None) -> str:
    """The address of a completion, with the query of the base URL, the client's, and the provider's as the default."""
    base = urlsplit(base_url)
    pairs = [*parse_qsl(base.query, keep_blank_values=True), *(query or {}).items()]
    given = {name for name, _ in pairs}
    pairs += [pair for pair in provider.query.items() if pair[0] not in given]
    path = completions_path(provider, base.path, model)
    return base._replace(path=path, query=urlencode(pairs)).geturl()


def _overlap(given: list[str], wanted: list[str]) -> int:
    """How many of the first parts wanted are the last ones given."""
    for length in range(min(len(given), len(wanted)), 0, -1):
        if all(want in (have, MODEL) for want, have in zip(wanted[:length], given[-length:], strict=True)):
            return length
    return 0
