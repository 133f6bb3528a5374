"""Runs the LiteLLM proxy on a free local port, in a process of its own, with models that need no network.

It sees nothing of the tests' environment: no keys, no databases, no settings, no home directory. It stops when its
standard input ends, so it cannot outlive the tests, however they end. What it has to say goes to `proxy.log`.
By hand, with the files in DIRECTORY:

    python -m tests.proxy.server DIRECTORY
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MASTER_KEY = "sk-master"
UPSTREAM_KEY = "sk-upstream"

START_SECONDS = 120
STOP_SECONDS = 20
"""Limits, not waits: it takes about six seconds to start, most of it importing, and two to stop."""

TEXT = "Hello from the proxy: äöü, 海 and 😀."
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Rome"}'}}

MODELS: dict[str, dict[str, Any]] = {
    "mock": {"mock_response": TEXT},
    "caller": {"mock_response": "Let me look.", "mock_tool_calls": [CALL]},
    "limited": {"mock_response": "litellm.RateLimitError"},
    "failing": {"mock_response": "litellm.InternalServerError"},
    "too-long": {"mock_response": "litellm.ContextWindowExceededError"},
    "filtered": {"mock_response": "Exception: content_filter_policy"},
    "overloaded": {"mock_response": "Exception: mock_streaming_error"},
    "timed-out": {"mock_response": "late", "mock_timeout": True, "timeout": 0.01},
    "slow": {"mock_response": "late", "mock_delay": 5},
    "behind": {"configurable_clientside_auth_params": ["api_base"]},
}
"""What the proxy offers. All but `behind` are mocks of LiteLLM's own; `behind` asks the server at the `api_base` that
stands in the request, so that each test can have a server of its own."""

NOWHERE = "http://127.0.0.1:9/v1"
"""The upstream of all models, for the day on which a mock is not mocked."""


def config() -> dict[str, Any]:
    """The proxy's settings: the models, and no retries, cooldowns or telemetry. As JSON it is YAML too."""
    upstream = {"model": "openai/anything", "api_key": UPSTREAM_KEY, "api_base": NOWHERE}
    return {
        "model_list": [{"model_name": name, "litellm_params": upstream | params} for name, params in MODELS.items()],
        "general_settings": {"master_key": MASTER_KEY},
        "litellm_settings": {"telemetry": False, "num_retries": 0},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
    }


def environment(directory: Path) -> dict[str, str]:
    """All the proxy knows of the world."""
    needed_to_run = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return needed_to_run | {
        "HOME": str(directory),
        "CONFIG_FILE_PATH": str(directory / "config.yaml"),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it downloads one
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
        "LITELLM_LOG": "ERROR",
    }


@contextmanager
def run_proxy(directory: Path) -> Iterator[str]:
    """The root URL of a proxy that serves `MODELS` until the block is left; config and log are in `directory`.

    RuntimeError if it does not start, CalledProcessError if it died before the end of the block.
    """
    (directory / "config.yaml").write_text(json.dumps(config(), ensure_ascii=False), encoding="utf-8")
    command = [sys.executable, "-P", str(Path(__file__).resolve())]
    with (
        (directory / "proxy.log").open("wb") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=directory,  # it would read an `.env` of the working directory
            env=environment(directory),
            start_new_session=True,  # Ctrl+C is for the tests; the proxy follows through its stdin
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None

        with killed_after(START_SECONDS, process):
            address = process.stdout.readline().strip()
        if not address:
            code = process.wait()
            raise RuntimeError(f"the proxy did not start, exit code {code}:\n{tail(directory / 'proxy.log')}")

        try:
            yield address
        finally:
            process.stdin.close()
            with killed_after(STOP_SECONDS, process):
                code = process.wait()

        if code != 0:
            raise subprocess.CalledProcessError(code, command, stderr=tail(directory / "proxy.log"))


@contextmanager
def killed_after(seconds: float, process: subprocess.Popen[str]) -> Iterator[None]:
    """End the process, and with it any wait for it, if the block is not left in time."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def tail(path: Path) -> str:
    """The last lines of a log."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-20:])


def serve() -> None:
    """Print the proxy's address once it answers, then serve until stdin ends. Whatever else is printed is the log's."""
    address_out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    import uvicorn
    from litellm.proxy.proxy_server import app

    class Server(uvicorn.Server):
        async def startup(self, *args: Any, **kwargs: Any) -> None:
            await super().startup(*args, **kwargs)
            if self.started:
                host, port = self.servers[0].sockets[0].getsockname()
                print(f"http://{host}:{port}", file=address_out, flush=True)

    settings = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = Server(settings)

    def stop_when_stdin_ends() -> None:
        while os.read(sys.stdin.fileno(), 1):  # `sys.stdin.read` holds a lock that an exit in the meantime needs
            pass
        server.should_exit = True

    threading.Thread(target=stop_when_stdin_ends, daemon=True).start()
    server.run()


if __name__ == "__main__":
    if len(sys.argv) == 1:
        serve()
    else:
        with run_proxy(Path(sys.argv[1])) as url:
            print(url, flush=True)
            sys.stdin.read()
