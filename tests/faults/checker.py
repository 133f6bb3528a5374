"""What every fault is held to, whatever it is: see `hold`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import pickle
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import chatsdk
from chatsdk import APITimeoutError, AsyncChatClient, ChatError, Timeouts
from chatsdk.testing import FaultServer
from chatsdk.testing._pipe import TASK_NAME

from .rows import GOOD, Row

KEY = "sk-canary-4f1d9c2b7a"

LEAVES = 3.0
"""Seconds within which a socket has to be gone; a server that is deaf hears of it later."""


LONGEST = 1_000
"""Characters of an error's text, however much the server had to say."""


class Outcome:
    """What came of a call."""

    def __init__(self) -> None:
        self.error: ChatError | None = None
        self.text = ""
        self.seconds = 0.0


async def hold(row: Row, caplog: pytest.LogCaptureFixture) -> None:
    """A typed error of the right phase, within its bound; what had come is kept; no socket and no task is left, nothing
    is said, nothing secret is shown, and the client is as good as before.
    """
    caplog.set_level(logging.DEBUG)
    noise: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: noise.append(context))
    sockets = open_sockets()
    async with server_and_client(row) as (server, client):
        tasks = tasks_of_clients()
        outcome = await call(client, row)
        check_outcome(row, outcome)
        if outcome.error is not None:
            check_words(outcome.error)

        async with asyncio.timeout(LEAVES):
            await server.wait_until(lambda: server.connections_live <= row.kept)
        await asyncio.sleep(0)  # one turn, in which a task that was cancelled ends
        assert tasks_of_clients() == tasks
        again = await client.with_options(timeout=Timeouts(total=5)).create("Hi", model="test")
        assert again.text == GOOD

    assert server.connections_live == 0
    assert open_sockets() == sockets
    gc.collect(1)
    await asyncio.sleep(0)
    assert not noise
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert not [record for record in caplog.records if KEY in f"{record.getMessage()} {record.args!r}"]


@contextlib.asynccontextmanager
async def server_and_client(row: Row) -> AsyncIterator[tuple[FaultServer, AsyncChatClient]]:
    """The server with the row's fault, and a client of it that tries once."""
    settings: dict[str, Any] = {"timeout": Timeouts(**row.limits), "max_retries": 0}
    if row.sizes:
        settings["size_limits"] = chatsdk.SizeLimits(**row.sizes)
    async with FaultServer(row.fault, tls=row.tls) as server:
        if row.tls:
            settings["ssl_context"] = server.client_context
        async with AsyncChatClient(base_url=server.base_url, api_key=KEY, model="test", **settings) as client:
            yield server, client


async def call(client: AsyncChatClient, row: Row) -> Outcome:
    """The row's call, and how it ended; TimeoutError if that takes longer than it may."""
    outcome = Outcome()
    clock = asyncio.get_running_loop().time
    start = clock()
    try:
        async with asyncio.timeout(row.within):
            await ask(client, row, outcome)
    except ChatError as error:
        outcome.error = error
        if row.call == "create" and error.partial is not None:
            outcome.text = error.partial.text or ""
    outcome.seconds = clock() - start
    return outcome


async def ask(client: AsyncChatClient, row: Row, outcome: Outcome) -> None:
    if row.call == "create":
        outcome.text = (await client.create(row.prompt)).text or ""
        return
    stream = client.stream(row.prompt)
    try:
        async for text in stream.text():
            outcome.text += text
    finally:
        assert stream.outcome != "open"
        assert (stream.so_far.text or "") == outcome.text


def check_outcome(row: Row, outcome: Outcome) -> None:
    error = outcome.error
    if row.error is None:
        assert error is None, f"{error!r}"
    else:
        assert isinstance(error, row.error), f"{type(error).__name__}: {error}"
        assert getattr(error, "phase", None) == row.phase
        assert isinstance(error, APITimeoutError) == (row.phase is not None)
        if row.status is not None:
            assert getattr(error, "status", None) == row.status
        assert (error.partial.text or "" if error.partial else "") == outcome.text
    if row.text is not None:
        assert outcome.text == row.text
    if row.phase is not None:
        limit = min(row.limits.values())
        assert outcome.seconds >= limit * 0.9, "it gave up before its time"


def check_words(error: ChatError) -> None:
    """It is short, survives a pickle, and neither it nor what a crash reporter makes of it holds the key."""
    assert 0 < len(str(error)) <= LONGEST
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    shown = [str(error), repr(error), repr(error.args), repr(vars(error)), "".join(trace.format())]
    assert not [text for text in shown if KEY in text]
    pickled = pickle.dumps(error)
    assert KEY.encode() not in pickled
    copy = pickle.loads(pickled)
    assert (type(copy), str(copy)) == (type(error), str(error))


def tasks_of_clients() -> set[asyncio.Task[Any]]:
    """All tasks but those of the server."""
    return {task for task in asyncio.all_tasks() if task.get_name() != TASK_NAME}


def open_sockets() -> int:
    """How many sockets this process has, where the system tells."""
    found = 0
    for entry in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):
            found += str(entry.readlink()).startswith("socket:")
    return found
