"""A client's settings: what the caller said, else the environment, else the default; checked once.

No message here repeats a value it rejects, and `repr()` shows no setting: any of them may be a secret.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from ._error_body import COMMON_WORDS, ErrorWords
from ._limits import SizeLimits, Timeouts
from ._protocol.retry import RetryPolicy
from ._secret import Secret, SecretHeaders
from .errors import UsageError
from .providers import Provider, find, named
from .providers._address import completions_url, default_base_url, has_auth, key_from
from .providers.default import PROVIDER as UNKNOWN_PROVIDER

AskedKey = Callable[[], str | Awaitable[str]]
APIKey = str | AskedKey
"""A key, or something that gives one and is asked before each attempt."""

DEFAULT_BASE_URL = "https://api.openai.com/v1"
VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?|")
HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
SECRET_NAME = re.compile(r"auth|cookie|key|password|secret|token")
"""What the names of headers have in them that hold a key."""

HOST = re.compile(r"[0-9A-Za-z._~-]+|[0-9A-Fa-f:.]+(?:%[0-9A-Za-z._~-]+)?")
FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers that say where a body ends: set wrongly, the rest of it would be read as another request."""


@dataclass(frozen=True, slots=True, repr=False)
class Options:
    """All that a call needs to know of its client."""

    api_key: Secret | AskedKey | None = None
    base_url: str = DEFAULT_BASE_URL
    provider: Provider = UNKNOWN_PROVIDER
    error_words: ErrorWords = COMMON_WORDS
    model: str | None = None
    timeout: Timeouts = field(default_factory=Timeouts)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    size_limits: SizeLimits = field(default_factory=SizeLimits)
    headers: Mapping[str, str] = field(default_factory=SecretHeaders)
    query: Mapping[str, str] = field(default_factory=dict)
    idempotency_header: str | None = "Idempotency-Key"
    _completions_urls: dict[str, str] = field(default_factory=dict, compare=False)  # by model

    @property
    def needs_key(self) -> bool:
        """Whether a call without a key is sure to fail."""
        return self.provider.needs_key and self.api_key is None and not has_auth(self.provider, self.headers)

    @property
    def header_secrets(self) -> list[Secret]:
        """The keys in headers of the caller's own."""
        values = (value for name, value in self.headers.items() if SECRET_NAME.search(name))
        return [Secret(value.rpartition(" ")[2]) for value in values if value]

    @property
    def shown_base_url(self) -> str:
        """The base URL without its query, which may hold a secret."""
        return urlsplit(self.base_url)._replace(query="").geturl()

    def url(self, *path: str, query: Mapping[str, Any] | None = None) -> str:
        """The address of a path, its parts quoted, with the query of `base_url` and of the client kept."""
        base = urlsplit(self.base_url)
        place = "/".join([base.path.rstrip("/"), *(quote(part, safe="") for part in path)])
        given = [*parse_qsl(base.query, keep_blank_values=True), *self.query.items(), *(query or {}).items()]
        names = {name for name, _ in given}
        pairs = [*given, *(pair for pair in self.provider.query.items() if pair[0] not in names)]
        return base._replace(path=place, query=urlencode(pairs)).geturl()

    def completions_url(self, model: str) -> str:
        """The address that makes completions of a model."""
        url = self._completions_urls.get(model)
        if url is None:
            url = completions_url(self.provider, self.base_url, model, self.query)
            self._completions_urls[model] = url
        return url


def resolve(
    *,
    api_key: APIKey | Secret | None,
    base_url: str | None,
    model: str | None,
    organization: str | None,
    project: str | None,
    provider: str | Provider | None,
    timeout: Timeouts | float | None,
    max_retries: int | None,
    retry: RetryPolicy | None,
    size_limits: SizeLimits | None,
    headers: Mapping[str, str] | None,
    query: Mapping[str, str] | None,
    idempotency_header: str | None,
    environ: Mapping[str, str] = os.environ,
) -> Options:
    """The settings of a new client. Raises `UsageError` naming the setting that is wrong."""
    own_url = _env(environ, "OPENAI_BASE_URL")
    provider, place = located(provider, base_url, own_url)
    if api_key is None:
        api_key = key_from(environ, provider, openai_base_url=base_url is None and own_url is not None)
    if provider.openai_environment:
        organization = organization or _env(environ, "OPENAI_ORG_ID")
        project = project or _env(environ, "OPENAI_PROJECT_ID")
    own = {"OpenAI-Organization": organization, "OpenAI-Project": project}
    own_headers = checked_headers({name: value for name, value in own.items() if value})
    return Options(
        api_key=api_key if api_key is None or callable(api_key) else checked_key(api_key),
        base_url=place,
        provider=provider,
        error_words=ErrorWords(provider.quota_words, provider.rate_words),
        model=model,
        timeout=as_timeouts(timeout),
        retry=as_retry(max_retries, retry),
        size_limits=as_size_limits(size_limits),
        headers=SecretHeaders({**own_headers, **checked_headers(headers or {})}),
        query=checked_query(query or {}),
        idempotency_header=checked_header_name(idempotency_header) if idempotency_header else None,
    )


def located(provider: str | Provider | None, base_url: str | None, own_url: str | None) -> tuple[Provider, str]:
    """The provider and its checked base URL: one follows from the other where only one is given.

    `own_url` is what the environment says of OpenAI's address; another vendor's own is not overruled by it.
    """
    if provider is None:
        place = checked_base_url(base_url or own_url or DEFAULT_BASE_URL)
        return find(place), place
    if isinstance(provider, str):
        provider = named(provider)
    if not isinstance(provider, Provider):
        raise UsageError("provider is a name or a Provider")
    base_url = base_url or (own_url if provider.openai_environment else None)
    return provider, checked_base_url(base_url or default_base_url(provider))


def changed(
    options: Options,
    *,
    timeout: Timeouts | float | None = None,
    max_retries: int | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    model: str | None = None,
) -> Options:
    """The settings with some changed; headers and query are added to, the rest is replaced."""
    return replace(
        options,
        _completions_urls={},
        timeout=options.timeout if timeout is None else as_timeouts(timeout),
        retry=options.retry if max_retries is None else replace(options.retry, max_retries=max_retries),
        headers=SecretHeaders({**options.headers, **checked_headers(headers or {})}),
        query={**options.query, **checked_query(query or {})},
        model=model or options.model,
    )


def as_timeouts(timeout: Timeouts | float | None) -> Timeouts:
    """`Timeouts`, a bare number meaning `total`."""
    if timeout is None or isinstance(timeout, int | float):
        return Timeouts(total=timeout)
    if not isinstance(timeout, Timeouts):
        raise UsageError("timeout is a Timeouts or a number of seconds")
    return timeout


def as_size_limits(size_limits: SizeLimits | None) -> SizeLimits:
    """`SizeLimits`, the defaults for none."""
    if not isinstance(size_limits, SizeLimits | None):
        raise UsageError("size_limits is a SizeLimits")
    return size_limits or SizeLimits()


def as_retry(max_retries: int | None, retry: RetryPolicy | None) -> RetryPolicy:
    """The policy; `max_retries` is the short form of one."""
    if retry is not None and max_retries is not None:
        raise UsageError("max_retries and retry say the same thing: pass RetryPolicy(max_retries=...)")
    if retry is None:
        return RetryPolicy() if max_retries is None else RetryPolicy(max_retries=max_retries)
    return retry


def checked_key(key: object) -> Secret:
    """The key, if it may stand in a header. Raises `UsageError` without repeating it."""
    if isinstance(key, str):
        key = Secret(key)
    if not isinstance(key, Secret) or not VISIBLE_ASCII.fullmatch(key.reveal()):
        raise UsageError("api_key is visible ASCII without spaces or line ends, or a callable that gives such")
    return key


def checked_headers(headers: Mapping[str, str]) -> SecretHeaders:
    """The headers with their names in lower case, if they may be sent.

    Raises `UsageError` naming the header, never its value.
    """
    if not isinstance(headers, Mapping):
        raise UsageError("headers is a mapping of names to values")
    for name, value in headers.items():
        checked_header_name(name)
        if not isinstance(value, str) or not HEADER_VALUE.fullmatch(value):
            raise UsageError(f"the header {name!r} needs a value of visible ASCII in one line")
    return SecretHeaders({name.lower(): value for name, value in headers.items()})


def checked_header_name(name: object) -> str:
    """The name, if a caller may set the header. Raises `UsageError`."""
    if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
        raise UsageError("a header's name is a token of letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, 5.6.2)")
    if name.lower() in FRAMING:
        raise UsageError(f"the header {name!r} is set by what is sent")
    return name


def checked_query(query: Mapping[str, str]) -> dict[str, str]:
    """The query, if it may be sent; what stands in it is quoted later. Raises `UsageError` naming the name only."""
    if not isinstance(query, Mapping) or not all(isinstance(name, str) and _is_text(name) for name in query):
        raise UsageError("query is a mapping of names to values, both str")
    for name, value in query.items():
        if not isinstance(value, str) or not _is_text(value):
            raise UsageError(f"the query parameter {name!r} needs a str that can be written as UTF-8")
    return dict(query)


def checked_ssl_context(context: ssl.SSLContext | None) -> ssl.SSLContext | None:
    """A context for TLS. Raises `UsageError`, also for `False`, which elsewhere means that nothing is checked."""
    if not isinstance(context, ssl.SSLContext | None):
        raise UsageError("ssl_context is an ssl.SSLContext, such as ssl.create_default_context(cafile=...)")
    return context


def checked_count(name: str, value: object, least: int = 1) -> int:
    """A whole number of `least` or more. Raises `UsageError`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"{name} is a whole number of {least} or more, not {value!r}")
    return value


def checked_id(id: str) -> str:
    """An id that can stand in a path. Raises `UsageError`."""
    if not isinstance(id, str) or id in ("", ".", "..") or not _is_text(id):
        raise UsageError(f"an id is a str that can stand in a path, not {id!r}")
    return id


def checked_base_url(url: str) -> str:
    """The base URL without what a call adds itself. Raises `UsageError` saying what is wrong with it."""
    try:
        parts = urlsplit(url)
        problem = _base_url_problem(url, parts)
    except (AttributeError, TypeError, ValueError):
        problem = "is not a URL"
    if problem:
        raise UsageError(f"base_url {problem}; it looks like {DEFAULT_BASE_URL}")
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return parts._replace(path=path.rstrip("/")).geturl()


def _base_url_problem(url: str, parts: SplitResult) -> str | None:
    problems = {
        "needs http:// or https://": parts.scheme not in ("http", "https"),
        "needs a host": not parts.hostname,
        "may not hold user or password: pass api_key": parts.username is not None or parts.password is not None,
        "has a host that is no name and no address": not HOST.fullmatch(parts.hostname or ""),
        "may not hold a fragment": bool(parts.fragment),
        "may not hold spaces or control characters": not VISIBLE_ASCII.fullmatch(url),
        "has a port out of range": parts.port == 0,
    }
    return next((problem for problem, is_so in problems.items() if is_so), None)


def _is_text(text: str) -> bool:
    """Whether it holds no half of a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _env(environ: Mapping[str, str], name: str) -> str | None:
    """A variable's value; blank is unset."""
    return environ.get(name, "").strip() or None
