"""Plays one script on a connection: each kind of step is a short wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from . import _faults, _http
from ._pipe import Pipe
from ._reply import Reply
from ._request import RecordedRequest

GoodAnswer = Callable[[RecordedRequest, Reply | None], _http.Wire]

_NOTHING_READ = RecordedRequest(
    "POST", "/v1/chat/completions", {}, {}, b'{"model":"unknown","messages":[{"role":"user","content":"unread"}]}'
)


class Exchange:
    """A script being played. What it reads of requests is put into the list `requests`."""

    def __init__(self, pipe: Pipe, good: GoodAnswer, requests: list[RecordedRequest]) -> None:
        self._pipe = pipe
        self._good_answer = good
        self._requests = requests
        self._place: int | None = None  # of the current request in the list
        self._length = 0  # of its body

    async def play(self, fault: _faults.Fault) -> None:
        """All steps. Then the connection is closed, or the next request may come."""
        for step in fault.steps:
            await self._do(step)
        await self._pass_request()

    async def _do(self, step: _faults.Step) -> None:
        if not self._pipe.closed:
            await _ACTS[type(step)](self, step)

    async def _read(self, step: _faults.Read) -> None:
        if self._place is not None and len(self._requests[self._place].body) == self._length:
            await self._pass_request()
        if self._place is None:
            await self._read_head()
        wanted = self._length if step.body is None else min(step.body, self._length)
        await self._pipe.heard(lambda inbox: len(inbox) >= wanted)
        assert self._place is not None
        body = bytes(self._pipe.inbox[: self._length])
        self._requests[self._place] = replace(self._requests[self._place], body=body)

    async def _read_head(self) -> None:
        inbox = self._pipe.inbox
        await self._pipe.heard(lambda inbox: _http.HEAD_END in inbox)
        end = inbox.index(_http.HEAD_END) + len(_http.HEAD_END)
        request, self._length = _http.request_of(bytes(inbox[:end]))
        del inbox[:end]
        self._place = len(self._requests)
        self._requests.append(request)

    async def _pass_request(self) -> None:
        """Let what is left of the request come: what comes then belongs to the next one."""
        if self._place is not None and not self._pipe.closed:
            await self._pipe.heard(lambda inbox: len(inbox) >= self._length)
            del self._pipe.inbox[: self._length]
            self._place, self._length = None, 0
            self._pipe.next_request()

    async def _send(self, step: _faults.Send) -> None:
        self._pipe.listen()
        await self._pipe.send(step.data)
        await asyncio.sleep(0)

    async def _drip(self, step: _faults.Drip) -> None:
        for start in range(0, len(step.data), step.size):
            await self._send(_faults.Send(step.data[start : start + step.size]))
            await asyncio.sleep(step.every)

    async def _repeat(self, step: _faults.Repeat) -> None:
        done = 0
        while done != step.times:
            await self._send(_faults.Send(step.data))
            await asyncio.sleep(step.every)
            done += 1

    async def _good(self, step: _faults.Good) -> None:
        request = _NOTHING_READ if self._place is None else self._requests[self._place]
        data = self._good_answer(request, step.reply).until(step.until)
        await self._drip(_faults.Drip(data, step.size or len(data) or 1, step.every))

    async def _respond(self, step: _faults.Respond) -> None:
        request = _NOTHING_READ if self._place is None else self._requests[self._place]
        steps = step.answer(request)
        if isinstance(steps, AsyncGenerator):
            async with aclosing(steps):
                async for inner in steps:
                    await self._do(inner)
        else:
            for inner in steps:
                await self._do(inner)

    async def _pause(self, step: _faults.Pause) -> None:
        self._pipe.listen()
        await asyncio.sleep(step.seconds)

    async def _deaf(self, step: _faults.Deaf) -> None:
        await self._pipe.deafen()
        await asyncio.sleep(step.seconds)

    async def _stall(self, step: _faults.Stall) -> None:
        await self._pipe.left()

    async def _reset(self, step: _faults.Reset) -> None:
        await self._pipe.reset()

    async def _close(self, step: _faults.Close) -> None:
        if step.abrupt:
            await self._pipe.close()
        else:
            await self._pipe.finish(notify=step.notify)


_ACTS: dict[type[_faults.Step], Callable[[Exchange, Any], Awaitable[None]]] = {
    _faults.Read: Exchange._read,
    _faults.Send: Exchange._send,
    _faults.Drip: Exchange._drip,
    _faults.Repeat: Exchange._repeat,
    _faults.Good: Exchange._good,
    _faults.Respond: Exchange._respond,
    _faults.Pause: Exchange._pause,
    _faults.Deaf: Exchange._deaf,
    _faults.Stall: Exchange._stall,
    _faults.Reset: Exchange._reset,
    _faults.Close: Exchange._close,
}
