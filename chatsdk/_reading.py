"""One attempt's streamed answer, from its head to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from ._options import Options
from ._protocol.accumulate import Accumulator
from ._protocol.chunks import ChunkDecoder, Part, verdict
from ._protocol.pace import Pace
from ._protocol.progress import is_progress
from ._protocol.repeats import Run
from ._timing import Deadline
from ._transport import HttpResponse
from ._watchdog import Watchdog
from .errors import (
    APIConnectionError,
    APITimeoutError,
    ChatError,
    ClientClosedError,
    ResponseDecodeError,
    StreamInterruptedError,
)


class Reading:
    """`wait` for bytes and `take` them until it `is_over`; then `verdict` says how it ended.

    Of the last read, `count` is the number of its chunks; `has_token`: it brought the answer on.
    """

    __slots__ = ("_broken", "_decoder", "_pace", "_response", "_watchdog", "count", "has_token", "head", "is_over")

    def __init__(self, response: HttpResponse, options: Options, deadline: Deadline, pace: Pace) -> None:
        sizes = options.size_limits
        self.head = response.head
        self.is_over = self.has_token = False
        self.count = 0
        self._pace = pace
        self._response: HttpResponse | None = response
        self._decoder = ChunkDecoder(response.head, options.error_words, event_limit=sizes.event, body_limit=sizes.body)
        self._watchdog = Watchdog(response, options.timeout, deadline, asyncio.get_running_loop())
        self._broken: ChatError | None = None

    def wait(self) -> Awaitable[bytes]:
        """The bytes of one read, to be taken; what awaiting it raises is for `broke`."""
        assert self._response is not None
        self._watchdog.start_waiting()
        return self._response.read_some()

    def take(self, data: bytes) -> list[Part]:
        """The chunks of one read, none if it was dropped meanwhile."""
        response, decoder = self._response, self._decoder
        if response is None:
            return []
        parts: list[Part] = decoder.feed_parts(data) if data else [decoder.finish()]
        count, has_token = 0, False
        for part in parts:
            if isinstance(part, Run):
                count += len(part.texts)
                has_token = has_token or any(part.texts)
            else:
                count += len(part)
                has_token = has_token or any(map(is_progress, part))
        self.count, self.has_token = count, has_token
        now = self._watchdog.stop_waiting(progress=has_token or (decoder.is_document and not data.isspace()))
        self._pace.note(now, len(data), count if has_token else 0)
        if not data or decoder.done or decoder.error is not None:
            if response.is_cut:
                self._broken = APIConnectionError("the answer is cut inside its packing")
            self._watchdog.close()
            response.release()
            self._response, self.is_over = None, True
        return parts

    def broke(self, error: ChatError, so_far: Accumulator) -> list[Part]:
        """The last chunks, for a read that failed: no harm is done once every choice has its end.

        Raises an error that is none of the connection's before that.
        """
        if isinstance(error, APITimeoutError | ResponseDecodeError) and not so_far.finished:
            raise error
        self._broken = error
        return self.take(b"")

    def verdict(self, whole: Accumulator) -> ChatError | None:
        """What is wrong with the answer, of which this is the whole; `None`: nothing."""
        error = verdict(self._decoder, whole)
        if error is not None and self._decoder.error is None and self._broken is not None:
            return StreamInterruptedError(f"the stream broke off: {self._broken}", whole.completion())
        return error

    def drop(self) -> None:
        """Free the connection at once."""
        response, self._response, self.is_over = self._response, None, True
        self._watchdog.close()
        if response is not None:
            response.abort(ClientClosedError("the stream was left"))
