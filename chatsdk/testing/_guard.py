"""Refuses calls of this package's clients to real servers.

It stands where aiohttp sends a request, so below those who mock aiohttp, and looks at who asks: other libraries call
whom they like. Nothing is imported for it; it takes its place when the transport is loaded.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from ipaddress import ip_address
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from chatsdk.errors import UsageError

_TRANSPORT = "chatsdk._transport._aiohttp"
_CURE = (
    "Answer it with the fixture chat_server or chat_tape; or allow it, with @pytest.mark.chatsdk_network for one "
    "test, or with chatsdk_network = allow in the settings of pytest for all"
)


class Guard:
    """Between `install` and `remove`, and unless `is_open`, a call to anything but this machine is a `UsageError`."""

    def __init__(self, *, is_open: bool = False) -> None:
        self.is_open = is_open
        self._looking = False
        self._undo: Callable[[], None] | None = None

    def install(self) -> None:
        """Take its place, now or as soon as there is one."""
        loaded = sys.modules.get(_TRANSPORT)
        if loaded is not None:
            self._stand_in(loaded)
        else:
            sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Give it back. Calling it again does nothing."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        undo, self._undo = self._undo, None
        if undo is not None:
            undo()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """For the import system, which asks everyone in `sys.meta_path`."""
        if name != _TRANSPORT or self._looking:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._looking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._stand_in)
        return spec

    def _stand_in(self, transport: ModuleType) -> None:
        session: Any = transport.aiohttp.ClientSession
        real = session._request

        def guarded(self_: Any, method: str, url: Any, *args: Any, **kwargs: Any) -> Any:
            if not self.is_open and _is_asked_by_us() and not is_this_machine(str(url)):
                raise refusal(str(url))
            return real(self_, method, url, *args, **kwargs)

        def undo() -> None:
            session._request = real

        session._request = guarded
        self._undo = undo


class _Loader(Loader):
    """Another loader, and what is to be done with the module then."""

    def __init__(self, real: Loader, then: Callable[[ModuleType], None]) -> None:
        self._real = real
        self._then = then

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._real
        if module.__spec__ is not None:
            module.__spec__.loader = self._real
        self._real.exec_module(module)
        self._then(module)


def is_this_machine(url: str) -> bool:
    """Whether a URL leads to this machine and no other."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def refusal(url: str) -> UsageError:
    """What is raised; no more of the address is shown than its origin."""
    from chatsdk.errors import UsageError

    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return UsageError(f"a test calls {origin}, which is a real server. {_CURE}")


def _is_asked_by_us() -> bool:
    """Whether it is this package's transport that called aiohttp."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("aiohttp."):
        frame = frame.f_back
    return bool(frame.f_globals.get("__name__", "").startswith("chatsdk._transport."))
