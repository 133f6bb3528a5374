"""The pytest plugin as its users meet it: whole runs of pytest in a process of their own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from chatsdk.testing import ChatServer

pytest_plugins = ["pytester"]

INSTALLED = any(point.value == "chatsdk.testing.plugin" for point in entry_points(group="pytest11"))
"""Whether pytest finds the plugin by itself; not so where this package was installed before it had one."""

KEY = "sk-canary-0123456789abcdef"

STRICT = "import pytest\npytestmark = pytest.mark.asyncio\n"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return Run(pytester)


class Run:
    """Runs pytest on a module, with the plugin and with warnings as errors."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester

    def __call__(
        self, code: str, *options: str, mode: str = "auto", ini: str = "chatsdk_network = block"
    ) -> pytest.RunResult:
        self.pytester.makepyfile(test_it=code)
        self.pytester.makeini(
            f"[pytest]\nasyncio_mode = {mode}\nasyncio_default_fixture_loop_scope = function\n"
            f"filterwarnings = error\naddopts = --strict-markers\n{ini}\n"
        )
        plugin = () if INSTALLED else ("-p", "chatsdk.testing.plugin")
        return self.pytester.runpytest_subprocess(*plugin, *options)


FIXTURES = """
from chatsdk import APIConnectionError
from chatsdk.testing import Reply

async def test_client(chat_server, chat_client):
    chat_server.enqueue(Reply.text("Hello!"))
    assert (await chat_client.create("Hi")).text == "Hello!"
    assert chat_server.requests[0].headers["authorization"] == "Bearer sk-chat-client"

async def test_retries_are_off(chat_server, chat_client):
    chat_server.enqueue(Reply.error(500, "no"))
    with pytest.raises(Exception, match="no"):
        await chat_client.create("Hi")
    assert len(chat_server.requests) == 1

async def test_faults(fault_server, chat_client):
    from chatsdk import AsyncChatClient
    async with AsyncChatClient(base_url=fault_server.base_url, model="m", max_retries=0) as client:
        assert (await client.create("Hi")).text
        fault_server.enqueue("reset_in_body")
        with pytest.raises(APIConnectionError):
            await client.create("Hi")
"""


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_the_fixtures_work_in_both_modes_of_pytest_asyncio(run: Run, mode: str) -> None:
    head = "import pytest\n" if mode == "auto" else STRICT
    run(head + FIXTURES, mode=mode).assert_outcomes(passed=3)


def test_without_pytest_asyncio_a_fixture_says_what_is_missing(run: Run) -> None:
    run.pytester.makepyfile(pytest_asyncio="raise ImportError('not here')")
    run.pytester.makepyfile(test_it="def test_it(chat_server): pass")
    plugin = () if INSTALLED else ("-p", "chatsdk.testing.plugin")
    result = run.pytester.runpytest_subprocess(*plugin, "-p", "no:asyncio", "-p", "no:anyio")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the fixture chat_server needs pytest-asyncio: pip install pytest-asyncio*"])


def test_loading_the_plugin_imports_neither_aiohttp_nor_the_client() -> None:
    code = "import sys, chatsdk.testing.plugin; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "chatsdk.testing.plugin" in loaded
    assert not {"aiohttp", "anyio", "msgspec", "chatsdk.client", "chatsdk.errors"} & set(loaded)


# -- the guard


CALLS_A_REAL_SERVER = """
import pytest
from chatsdk import APIConnectionError, AsyncChatClient, UsageError

async def call(url):
    async with AsyncChatClient(base_url=url, api_key="sk-x", model="m", max_retries=0, timeout=5) as client:
        await client.create("Hi")
"""


def test_a_call_to_a_real_server_is_refused_with_a_cure(run: Run) -> None:
    result = run(
        CALLS_A_REAL_SERVER
        + """
async def test_refused():
    await call("https://user.invalid/v1?secret=abc")
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*UsageError: a test calls https://user.invalid, which is a real server.*"])
    result.stdout.fnmatch_lines(["*chat_server*@pytest.mark.chatsdk_network*chatsdk_network = allow*"])


def test_addresses_of_other_machines_are_refused_and_those_of_this_one_are_not(run: Run) -> None:
    run(
        CALLS_A_REAL_SERVER
        + """
@pytest.mark.parametrize("url", ["http://10.0.0.7:8000/v1", "http://[2001:db8::1]/v1", "https://api.openai.com/v1"])
async def test_others(url):
    with pytest.raises(UsageError, match="real server"):
        await call(url)

@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "http://[::1]:9/v1", "http://localhost:9/v1"])
async def test_this_one(url):
    with pytest.raises(APIConnectionError):
        await call(url)

async def test_streams():
    async with AsyncChatClient(base_url="https://a.invalid/v1", api_key="sk-x", model="m") as client:
        with pytest.raises(UsageError, match="real server"):
            await client.stream("Hi").completion()
"""
    ).assert_outcomes(passed=7)


def test_a_client_that_is_imported_inside_a_test_is_guarded_too(run: Run) -> None:
    run(
        """
async def test_late():
    import sys
    assert "chatsdk.client" not in sys.modules
    from chatsdk import AsyncChatClient, UsageError
    try:
        async with AsyncChatClient(base_url="https://a.invalid/v1", api_key="sk-x", model="m") as client:
            await client.create("Hi")
    except UsageError as error:
        assert "real server" in str(error)
    else:
        raise AssertionError
"""
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("marker", "ini"),
    [
        ("@pytest.mark.chatsdk_network", "chatsdk_network = block"),
        ("", "chatsdk_network = allow"),
        ("", ""),
    ],
    ids=["marker", "setting", "default"],
)
def test_real_calls_can_be_allowed(run: Run, marker: str, ini: str) -> None:
    run(
        CALLS_A_REAL_SERVER
        + f"""
{marker}
async def test_allowed():
    with pytest.raises(APIConnectionError):
        await call("https://nowhere.invalid/v1")
""",
        ini=ini,
    ).assert_outcomes(passed=1)


def test_a_test_that_uses_a_fixture_is_guarded_unless_told_otherwise(run: Run) -> None:
    run(
        CALLS_A_REAL_SERVER
        + """
async def test_a(chat_server):
    with pytest.raises(UsageError, match="real server"):
        await call("https://nowhere.invalid/v1")

@pytest.mark.chatsdk_network
async def test_b(chat_server):
    with pytest.raises(APIConnectionError):
        await call("https://nowhere.invalid/v1")
""",
        ini="",
    ).assert_outcomes(passed=2)


def test_the_marker_is_for_its_test_only(run: Run) -> None:
    run(
        CALLS_A_REAL_SERVER
        + """
@pytest.mark.chatsdk_network
async def test_a():
    with pytest.raises(APIConnectionError):
        await call("https://nowhere.invalid/v1")

async def test_b():
    with pytest.raises(UsageError):
        await call("https://nowhere.invalid/v1")
"""
    ).assert_outcomes(passed=2)


def test_a_wrong_setting_is_told(run: Run) -> None:
    result = run("def test_it(): pass", ini="chatsdk_network = perhaps")
    result.stderr.fnmatch_lines(["*chatsdk_network is auto, block or allow, not 'perhaps'*"])


def test_other_users_of_aiohttp_and_its_mocks_are_left_alone(run: Run) -> None:
    run(
        """
import aiohttp, pytest
from aioresponses import aioresponses
from chatsdk import AsyncChatClient
from chatsdk.testing import MockedResponse, completion_payload

async def test_other():
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.post("http://nowhere.invalid/")

async def test_mocked():
    with aioresponses() as mocked:
        url = "https://api.example.com/v1/chat/completions"
        mocked.post(url, payload=completion_payload("Hello!"), response_class=MockedResponse)
        async with AsyncChatClient(base_url="https://api.example.com/v1", model="m") as client:
            assert (await client.create("Hi")).text == "Hello!"
"""
    ).assert_outcomes(passed=2)


# -- tapes


TAPED = """
import pytest
from chatsdk import AsyncChatClient

async def test_says_hello(chat_tape):
    async with chat_tape.client.stream("Count from 1 to 5.", model="m") as stream:
        pieces = [text async for text in stream.text()]
    assert "".join(pieces) == "1, 2, 3, 4, 5."
    assert len(pieces) > 3
    assert (await chat_tape.client.create("Hello", model="m")).text.startswith("Hello!")

@pytest.mark.parametrize("name", ["a/b", "c"])
async def test_each(chat_tape, name):
    assert name in (await chat_tape.client.create(f"Say {name}", model="m")).text

@pytest.mark.chatsdk_tape("shared", pace=0)
async def test_named(chat_tape):
    async with AsyncChatClient(base_url=chat_tape.base_url, model="m") as client:
        assert (await client.create("Hello")).text
"""


async def test_tapes_are_recorded_and_played_without_the_server(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with ChatServer(api_key=KEY, prefix="/openai/v1") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        code = TAPED.replace("base_url=chat_tape.base_url", "base_url=chat_tape.base_url, api_key=KEY")
        code = f"import os\nKEY = os.environ.get('OPENAI_API_KEY', 'sk-another')\n{code}"
        recorded = await asyncio.to_thread(run, code, "--chatsdk-record")
        asked = len(server.requests)
    recorded.assert_outcomes(passed=4)
    assert asked == 5
    assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in server.requests)

    tapes = sorted((run.pytester.path / "tapes").iterdir())
    assert [tape.name for tape in tapes] == [
        "shared.jsonl",
        "test_it.test_each-a-b.jsonl",
        "test_it.test_each-c.jsonl",
        "test_it.test_says_hello.jsonl",
    ]
    assert not [tape.name for tape in tapes if KEY in tape.read_text() or "uthorization" in tape.read_text()]

    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    (await asyncio.to_thread(run, code)).assert_outcomes(passed=4)


def test_a_test_without_its_tape_says_how_to_make_it(run: Run) -> None:
    result = run("async def test_it(chat_tape): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*there is no *tapes*test_it.test_it.jsonl: make it with pytest --chatsdk-record*"])
