"""Which proxy a request goes through. Its URL may hold a password, and is shown to nobody."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from .._secret import Secret
from ..errors import UsageError


def checked_proxy(url: object) -> Secret | None:
    """A proxy's URL. Raises `UsageError` without repeating it."""
    if url is None:
        return None
    try:
        parts = urlsplit(url) if isinstance(url, str) and url.isascii() else urlsplit("")
        is_sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_sound = False
    if not is_sound:
        raise UsageError(
            "proxy is a URL of ASCII with http:// or https:// and a host; so is a proxy of the environment"
        )
    return Secret(str(url))


def environment_proxy(url: str) -> Secret | None:
    """The proxy that the environment names for a URL, `NO_PROXY` heeded. Raises `UsageError` for one that is none."""
    parts, proxies = urlsplit(url), getproxies_environment()
    if proxy_bypass_environment(parts.netloc, proxies):
        return None
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return checked_proxy(proxy if proxy is None or "://" in proxy else f"http://{proxy}")
