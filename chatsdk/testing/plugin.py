"""The pytest plugin, loaded by itself where this package is installed. Its parts are imported when they are used.

chat_server    a running `ChatServer`                   chat_client    a client of it that tries once
fault_server   a running `FaultServer`, good at first   chat_tape      a `ChatTape` with the test's own file

The file is `tapes/<module>.<test>.jsonl` beside the test's module. `pytest --chatsdk-record` makes it, from the server
that `OPENAI_BASE_URL` or the setting `chatsdk_record_url` names and with its usual key; without the option nothing
leaves this machine. `@pytest.mark.chatsdk_tape("name", url=..., pace=...)` names a file that tests share, another
server, and the speed (0 is at once, 1 as it was).

No client of this package reaches a real server in a test that uses one of these, but for
`@pytest.mark.chatsdk_network`; with the setting `chatsdk_network = block` in no test at all, with `allow` in every one.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ._guard import Guard

if TYPE_CHECKING:
    from chatsdk.client import AsyncChatClient

    from ._fault_server import FaultServer
    from ._recorder import ChatTape
    from ._server import ChatServer

_GUARD = pytest.StashKey[Guard]()
_FIXTURES = frozenset({"chat_server", "chat_client", "fault_server", "chat_tape"})
_MARKERS = (
    "chatsdk_network: clients of chatsdk may call real servers in this test",
    "chatsdk_tape(name, url=None, pace=0): the file that chat_tape plays, whom it is recorded from, and the speed",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option and the settings."""
    group = parser.getgroup("chatsdk")
    group.addoption("--chatsdk-record", action="store_true", help="make the tapes of chat_tape anew, from real servers")
    parser.addini(
        "chatsdk_network",
        "calls of chatsdk's clients to real servers in tests: block or allow, or auto: block where a fixture is used",
        default="auto",
    )
    parser.addini("chatsdk_record_url", "the base URL that tapes are recorded from", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings; put the guard up."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    network = config.getini("chatsdk_network")
    if network not in ("auto", "block", "allow"):
        raise pytest.UsageError(f"chatsdk_network is auto, block or allow, not {network!r}")
    guard = config.stash[_GUARD] = Guard(is_open=network != "block")
    guard.install()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the guard away."""
    guard = config.stash.get(_GUARD, None)
    if guard is not None:
        guard.remove()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Open the guard for a test that is marked, and close it for one that uses a fixture of ours."""
    guard = item.config.stash[_GUARD]
    was_open = guard.is_open
    if item.get_closest_marker("chatsdk_network") is not None:
        guard.is_open = True
    elif item.config.getini("chatsdk_network") == "auto":
        guard.is_open = not _FIXTURES.intersection(getattr(item, "fixturenames", ()))
    try:
        return (yield)
    finally:
        guard.is_open = was_open


def _async_fixture(function: Callable[..., Any]) -> Any:
    """A fixture that pytest-asyncio runs, in either of its modes; without it, one that says so."""
    try:
        import pytest_asyncio
    except ImportError:
        return pytest.fixture(name=function.__name__)(_missing(function.__name__))
    return pytest_asyncio.fixture(function)


def _missing(name: str) -> Callable[[], None]:
    def fail() -> None:
        pytest.fail(f"the fixture {name} needs pytest-asyncio: pip install pytest-asyncio", pytrace=False)

    return fail


@_async_fixture
async def chat_server() -> AsyncIterator[ChatServer]:
    """A running `ChatServer`."""
    from ._server import ChatServer

    async with ChatServer() as server:
        yield server


@_async_fixture
async def chat_client(chat_server: ChatServer) -> AsyncIterator[AsyncChatClient]:
    """A client of `chat_server` that tries once; `with_options(max_retries=2)` is one that tries again."""
    from chatsdk.client import AsyncChatClient

    from ._demo_model import DEMO_MODEL

    key, model = "sk-chat-client", DEMO_MODEL
    async with AsyncChatClient(base_url=chat_server.base_url, api_key=key, model=model, max_retries=0) as client:
        yield client


@_async_fixture
async def fault_server() -> AsyncIterator[FaultServer]:
    """A running `FaultServer`; it answers well until a fault is enqueued."""
    from ._fault_server import FaultServer

    async with FaultServer() as server:
        yield server


@_async_fixture
async def chat_tape(request: pytest.FixtureRequest) -> AsyncIterator[ChatTape]:
    """A `ChatTape` that plays the test's own file, or makes it with `--chatsdk-record`."""
    from ._recorder import ChatTape

    marker = request.node.get_closest_marker("chatsdk_tape")
    name, url, pace = _told(*marker.args, **marker.kwargs) if marker else _told()
    path = _tapes(request.path) / f"{name or _name_of(request)}.jsonl"
    record = request.config.getoption("--chatsdk-record")
    if not record and not path.exists():
        pytest.fail(f"there is no {path}: make it with pytest --chatsdk-record", pytrace=False)
    source = (url or _record_url(request.config)) if record else None
    async with ChatTape(path, record_from=source, pace=pace) as tape:
        yield tape


def _told(
    name: str | None = None, *, url: str | None = None, pace: float = 0.0
) -> tuple[str | None, str | None, float]:
    """What the marker says."""
    return name, url, pace


def _tapes(module: Path) -> Path:
    return module.parent / "tapes"


def _name_of(request: pytest.FixtureRequest) -> str:
    return re.sub(r"[^\w.-]+", "-", f"{request.path.stem}.{request.node.name}").strip("-")


def _record_url(config: pytest.Config) -> str:
    from chatsdk._options import DEFAULT_BASE_URL

    return config.getini("chatsdk_record_url") or os.environ.get("OPENAI_BASE_URL", "").strip() or DEFAULT_BASE_URL
