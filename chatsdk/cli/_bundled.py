"""The server of `chatsdk.testing`, slowed down to what a person can follow."""

from __future__ import annotations

import asyncio
import re
from random import Random

from chatsdk.testing import ChatServer, RecordedRequest, Reply

SECONDS_PER_WORD = 0.04
SECONDS_PER_SUM = (0.1, 0.4)
SUM = re.compile(r"What is (\d+) \* (\d+)\?")


def bundled_server() -> ChatServer:
    """The demo model, word by word, and sums after a moment of thought."""
    dice = Random(7)

    def maybe_sum(request: RecordedRequest) -> Reply | None:
        found = SUM.match(str(request.json["messages"][-1]["content"]))
        if found is None:
            return None
        return Reply.text(str(int(found[1]) * int(found[2]))).after(Thought(dice.uniform(*SECONDS_PER_SUM)))

    server = ChatServer(pace=SECONDS_PER_WORD)
    server.respond(maybe_sum)
    return server


class Thought:
    """A gate that opens by itself."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def wait(self) -> None:
        await asyncio.sleep(self._seconds)
