"""A conversation that remembers: its messages, and turns that add to them once they have succeeded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from ._protocol.wire import encode_json
from ._stream import ChatStream
from .client import AsyncChatClient
from .errors import UsageError
from .messages import system as system_message
from .messages import user
from .types.message import RequestMessage
from .types.response import ChatCompletion

AnyMessage = RequestMessage | Mapping[str, Any]


class Conversation:
    """A list of messages and the client they are sent with; `parameters` go with every turn.

    A turn that fails, or is left before its end, changes nothing: the same may be asked again.
    """

    def __init__(
        self,
        client: AsyncChatClient,
        messages: Iterable[AnyMessage] = (),
        *,
        system: str | None = None,
        **parameters: Any,
    ) -> None:
        self.messages: list[AnyMessage] = [system_message(system)] if system else []
        self.messages += messages
        self._client = client
        self._parameters = parameters

    def add(self, *messages: str | AnyMessage) -> None:
        """Append messages, a `str` as one of the user's: the result of a tool, or what was said elsewhere."""
        self.messages += map(as_message, messages)

    async def create(self, *messages: str | AnyMessage, **parameters: Any) -> ChatCompletion:
        """Say this, or ask for an answer to what stands there; takes the parameters of `client.create`.

        What was said and choice 0 of the answer are appended. Raises what `client.create` raises.
        """
        said = [as_message(message) for message in messages]
        call: Any = self._client.create
        completion: ChatCompletion = await call([*self.messages, *said], **{**self._parameters, **parameters})
        self._take(said, completion)
        return completion

    def stream(self, *messages: str | AnyMessage, **parameters: Any) -> ChatStream:
        """The same as a stream. The turn is appended when the stream has come whole, and not if it is left."""
        said = [as_message(message) for message in messages]
        call: Any = self._client.stream
        stream: ChatStream = call([*self.messages, *said], **{**self._parameters, **parameters})
        stream.on_complete = lambda completion: self._take(said, completion)
        return stream

    def to_json(self) -> bytes:
        """The messages, as JSON that `from_json` reads."""
        return encode_json({"messages": self.messages})

    @classmethod
    def from_json(cls, client: AsyncChatClient, data: bytes | str, **parameters: Any) -> Self:
        """A conversation of saved messages. Raises `UsageError` for what is none."""
        try:
            saved = msgspec.json.decode(data, type=dict[str, list[dict[str, Any]]])
            return cls(client, saved["messages"], **parameters)
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
            raise UsageError(f"this is no saved conversation: {error}") from None

    def save(self, path: str | Path) -> None:
        """Write the messages to a file, replacing it. Raises `OSError`."""
        Path(path).write_bytes(self.to_json())

    @classmethod
    def load(cls, client: AsyncChatClient, path: str | Path, **parameters: Any) -> Self:
        """A conversation of a saved file. Raises `OSError`, and `UsageError` for a file that is none."""
        return cls.from_json(client, Path(path).read_bytes(), **parameters)

    def _take(self, said: list[AnyMessage], completion: ChatCompletion) -> None:
        self.messages += [*said, completion.message.to_request()]


def as_message(message: str | AnyMessage) -> AnyMessage:
    """A message; a plain `str` is one of the user's."""
    return user(message) if isinstance(message, str) else message
