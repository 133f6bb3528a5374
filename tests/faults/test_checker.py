"""The checker itself: each thing that it promises to notice is noticed."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from chatsdk import APIConnectionError, AsyncChatClient, ChatError, InternalServerError
from chatsdk.testing import FAULTS

from . import checker
from .checker import KEY, Outcome, check_words, hold
from .rows import HALF, Row

BROKEN = Row(name="x", fault=FAULTS["reset_in_body"], call="stream", error=APIConnectionError, text=HALF)
STALLED = Row(
    name="x",
    fault=FAULTS["stall_in_body"],
    call="stream",
    error=ChatError,
    phase="idle",
    limits={"idle": 0.05},
    text=HALF,
)

WRONG: dict[str, Row] = {
    "no error was expected": replace(BROKEN, error=None),
    "another class": replace(BROKEN, error=InternalServerError),
    "no timeout": replace(BROKEN, phase="idle", limits={"idle": 1}),
    "another phase": replace(STALLED, phase="first_token"),
    "a timeout too many": replace(STALLED, phase=None),
    "another text": replace(BROKEN, text=""),
    "another status": replace(BROKEN, fault=FAULTS["status_500_empty"], error=InternalServerError, text="", status=501),
}


async def test_right_rows_are_held(caplog: pytest.LogCaptureFixture) -> None:
    await hold(BROKEN, caplog)
    await hold(STALLED, caplog)


@pytest.mark.parametrize("row", WRONG.values(), ids=WRONG)
async def test_a_wrong_outcome_is_noticed(row: Row, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(AssertionError):
        await hold(row, caplog)


async def test_a_call_that_takes_too_long_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(TimeoutError):
        await hold(replace(STALLED, limits={"idle": 60}, within=0.1), caplog)


async def test_a_limit_that_strikes_too_early_is_noticed() -> None:
    outcome = Outcome()
    outcome.error, outcome.text, outcome.seconds = await timeout_of(STALLED), HALF, 0.01
    with pytest.raises(AssertionError, match="before its time"):
        checker.check_outcome(STALLED, outcome)


async def timeout_of(row: Row) -> ChatError:
    async with checker.server_and_client(row) as (_, client):
        error = (await checker.call(client, row)).error
    assert error is not None
    return error


Ask = Callable[[AsyncChatClient, Row, Outcome], Awaitable[None]]


def asks_and(more: Callable[[AsyncChatClient], Awaitable[None]]) -> Ask:
    """The usual call, after something that it should not do."""
    usual = checker.ask

    async def ask(client: AsyncChatClient, row: Row, outcome: Outcome) -> None:
        await more(client)
        await usual(client, row, outcome)

    return ask


async def leave_a_task(client: AsyncChatClient) -> None:
    LEFT.append(asyncio.create_task(asyncio.sleep(60)))


async def leave_a_socket(client: AsyncChatClient) -> None:
    address = urlsplit(repr(client).split("'")[1])
    LEFT.append((await asyncio.open_connection(address.hostname, address.port))[1])


async def log_a_warning(client: AsyncChatClient) -> None:
    logging.getLogger("chatsdk").warning("something odd")


async def log_the_key(client: AsyncChatClient) -> None:
    logging.getLogger("chatsdk").debug("sent %s", {"authorization": KEY})


async def make_noise(client: AsyncChatClient) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": "something odd"})


LEFT: list[Any] = []


@pytest.mark.parametrize("deed", [leave_a_task, leave_a_socket, log_a_warning, log_the_key, make_noise])
async def test_what_a_call_leaves_or_says_is_noticed(
    deed: Callable[[AsyncChatClient], Awaitable[None]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checker, "ask", asks_and(deed))
    monkeypatch.setattr(checker, "LEAVES", 0.1)
    row = replace(BROKEN, fault=FAULTS["none"], error=None, text=None, kept=1)
    with pytest.raises((AssertionError, TimeoutError)):
        await hold(row, caplog)
    for left in LEFT:
        if isinstance(left, asyncio.Task):
            left.cancel()
        else:
            left.close()
    LEFT.clear()


class TellsAllError(ChatError):
    """An error with a secret somewhere."""


@pytest.mark.parametrize("place", ["args", "attribute", "length", "local"])
def test_an_error_that_tells_the_key_or_too_much_is_noticed(place: str) -> None:
    error = TellsAllError({"args": f"bad {KEY}", "length": "x" * 10_000}.get(place, "bad"))
    if place == "attribute":
        error.request_headers = {"authorization": KEY}
    try:
        fail(error, KEY if place == "local" else "")
    except TellsAllError as caught:
        with pytest.raises(AssertionError):
            check_words(caught)


def fail(error: ChatError, secret: str) -> None:
    assert sys.getsizeof(secret)
    raise error
