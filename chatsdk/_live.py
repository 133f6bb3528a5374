"""A streamed answer on its way: opened, tried again until its first token, read part by part, judged at its end.

Nothing here starts a task or keeps a cancel scope open between two steps: an answer that is left, lost or cancelled
has only a socket to drop, which takes no waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from ._caller import EVENT_STREAM, Call, Caller
from ._head import Head
from ._protocol.accumulate import Accumulator
from ._protocol.chunks import Part, in_chunks
from ._protocol.handout import Handout
from ._protocol.pace import Pace
from ._reading import Reading
from ._retrying import Attempts
from ._secret import Secret
from ._transport import HttpResponse
from .errors import (
    APIConnectionError,
    ChatError,
    ClientClosedError,
    ResponseDecodeError,
    StreamInterruptedError,
    UsageError,
)
from .types.chunk import ChatCompletionChunk
from .types.rate_limit import RateLimitSnapshot
from .types.response import ChatCompletion
from .types.stats import StreamStats

MAX_HELD = 1000
"""Chunks before the first token that are kept back; servers send one or two."""

Outcome = Literal["open", "complete", "stopped", "truncated", "error"]

LOOSE = 1000
"""Chunks after which the accumulator is told to settle, so that a text takes no more than its letters."""


class LiveAnswer:
    """Wait until it is `ready`, then take a chunk, or whatever else the `handout` makes of what has come.

    It has one reader at a time, which alone waits; what interrupts it ends the answer.
    """

    def __init__(self, caller: Caller, url: str, body: bytes) -> None:
        self.on_complete: Callable[[ChatCompletion], None] | None = None  # called once, when it has come whole
        self.accumulator = Accumulator()
        self.handout = Handout(self.accumulator)
        self._caller = caller
        self._call = Call("POST", url, body, EVENT_STREAM)
        self._key: Secret | None = None
        self._attempts: Attempts | None = None
        self._held: tuple[Part, ...] = ()  # what came before the first token, and with it
        self._unsettled = 0  # chunks that came since the accumulator was told to settle
        self._has_begun = False  # the first token has come
        self._pace = Pace()
        self._reading: Reading | None = None
        self._is_busy = False
        self._outcome: Outcome = "open"
        self._error: ChatError | None = None

    @property
    def outcome(self) -> Outcome:
        """How it ended: `complete`, `stopped` (by this side), `truncated` (by the other), `error`; or `open`."""
        return self._outcome

    @property
    def so_far(self) -> ChatCompletion:
        """The completion of the chunks handed out so far; an empty one at first. For any task, at any time."""
        self.handout.settle()
        completion = self.accumulator.completion()
        if self._attempts is not None:
            completion.__dict__["attempts"] = self._attempts.made
        return completion

    @property
    def stats(self) -> StreamStats:
        """How it came so far: the time to the first token, the gaps after it, tokens per second, bytes, attempts."""
        usage = self.accumulator.usage
        made = 0 if self._attempts is None else len(self._attempts.made)
        start = 0.0 if self._attempts is None else self._attempts.timer.deadline.start
        return self._pace.stats(start, made, usage.completion_tokens if usage else None)

    @property
    def headers(self) -> Mapping[str, str]:
        """The response's headers, names in any case; empty before it is opened."""
        return self._head.headers if self._head else {}

    @property
    def request_id(self) -> str | None:
        """The server's id of the request."""
        return self._head.request_id if self._head else None

    @property
    def rate_limit(self) -> RateLimitSnapshot | None:
        """What the server said of its rate limits."""
        return self._head.rate_limit if self._head else None

    async def open(self) -> None:
        """Send the request and wait for the answer's head; does nothing if that is done.

        Raises `APIStatusError`, `APIConnectionError`, and `UsageError` where a key is missing; and the error that the
        stream ended in.
        """
        if self._reading is None or self._error is not None:
            await self.ready(self._is_opened)

    async def next_chunk(self) -> ChatCompletionChunk | None:
        """The next chunk, `None` after the last one. Raises the error that the stream ended in."""
        return self.take_chunk() if self.handout.has_next() or await self.ready() else None

    async def ready(self, is_there: Callable[[], bool] | None = None) -> bool:
        """Wait until there is a chunk to take, or `is_there` says so; false if the answer ends before.

        For when the handout has none. What interrupts a wait ends the answer; what fails is kept until all that came is
        handed out. Raises the error that the answer ended in.
        """
        is_there = is_there or self.handout.has_next
        if self._is_busy:
            raise UsageError("the stream is being read already: it has one consumer at a time")
        self._is_busy = True
        try:
            while self._outcome == "open":
                try:
                    if (reading := self._reading) is None:
                        await self._open()
                    elif reading.is_over:
                        self._conclude(reading)
                    else:
                        try:  # without names: a traceback may be shown with its locals
                            self._take(reading.take(await reading.wait()), reading)
                        except (APIConnectionError, ResponseDecodeError) as error:
                            self._take(reading.broke(error, self.accumulator), reading)
                except ChatError as error:
                    await self._try_again(self._as_ours(error))
                if is_there():
                    return True
        except BaseException:
            self.stop()
            raise
        finally:
            self._is_busy = False
        if self._error is not None:
            raise self._failure(self._error)
        self._tell_complete()
        return False

    def take_chunk(self) -> ChatCompletionChunk:
        """The chunk that is ready, taken in by the accumulator. Raises `ResponseDecodeError` for one that cannot be."""
        try:
            return self.handout.take_chunk()
        except ResponseDecodeError as error:
            self.handout.clear()
            self._fail(self._as_ours(error))
            raise self._failure(error) from None

    def stop(self) -> None:
        """End it now: the socket is freed, the iteration ends normally, `outcome` is `stopped`.

        From any task of the stream's event loop. Does nothing once the stream has ended.
        """
        if self._outcome == "open":
            self._outcome = "stopped"
            if self._attempts is not None:
                self._attempts.timer.end(ClientClosedError("the stream was stopped"))
            self.handout.clear()
            self._drop()

    def __del__(self) -> None:
        self._drop()

    @property
    def _head(self) -> Head | None:
        return self.accumulator.head

    def _is_opened(self) -> bool:
        return self._reading is not None

    async def _try_again(self, error: ChatError) -> None:
        """Forget the attempt that failed, and wait until there may be another; if there is none, the answer failed."""
        self._drop()
        try:
            if self._has_begun or self._attempts is None or self._outcome != "open":
                raise error
            await self._attempts.failed(error)
        except ChatError as end:
            if self._outcome == "open":
                self._fail(end)
        else:
            self._held = ()
            self._unsettled = 0
            self._reading = self.accumulator.head = None

    async def _open(self) -> None:
        if self._attempts is None:
            self._attempts = self._caller.attempts()
        timer = self._attempts.timer
        response = await timer.guard(self._send)
        self._reading = Reading(response, self._caller.options, timer.deadline, self._pace)
        self.accumulator.head = response.head
        if self._outcome != "open":  # stopped in the very turn in which the head came
            self._drop()

    async def _send(self) -> HttpResponse:
        assert self._attempts is not None
        self._key = await self._caller.key()
        return await self._caller.open(self._call, self._key, self._attempts.timer)

    def _take(self, parts: list[Part], reading: Reading) -> None:
        self._unsettled += reading.count
        if self._has_begun:
            self.handout.extend(parts)
            if self._unsettled > LOOSE:
                self._unsettled = 0
                self.accumulator.settle()
        else:
            self._held += tuple(parts)
            if reading.has_token or self._unsettled > MAX_HELD:
                self._begin()

    def _begin(self) -> None:
        self._has_begun = True
        self.handout.extend(self._held)
        self._held = ()
        if self._attempts is not None and self._head is not None:
            self._attempts.succeeded(self._head)

    def _conclude(self, reading: Reading) -> None:
        """The verdict on an answer that is over, as an error or as the outcome `complete`."""
        whole = self.accumulator
        if not self._has_begun:
            whole = Accumulator(reading.head)
            for chunk in in_chunks(self._held):
                whole.add(chunk)
        error = reading.verdict(whole)
        if error is not None:
            raise error
        if self._has_begun:
            self._outcome = "complete"
        else:
            self._begin()

    def _tell_complete(self) -> None:
        tell, self.on_complete = self.on_complete, None
        if tell is not None and self._outcome == "complete":
            tell(self.so_far)

    def _fail(self, error: ChatError) -> None:
        """Keep the error until what has come is handed out."""
        self._outcome = "truncated" if isinstance(error, StreamInterruptedError) else "error"
        self._error = error
        if self._attempts is not None:
            if self._has_begun:
                self._attempts.undo(error)
            error.attempts = self._attempts.made
        self.handout.extend(self._held)
        self._held = ()
        self._drop()

    def _failure(self, error: ChatError) -> ChatError:
        self.handout.settle()
        if not self.accumulator.is_empty:
            error.partial = self.so_far
        return error

    def _as_ours(self, error: ChatError) -> ChatError:
        error.head = error.head or self._head
        return self._caller.scrubbed(error, self._key)

    def _drop(self) -> None:
        if self._reading is not None:
            self._reading.drop()
