"""`ChatTape`: a server on loopback that gives recorded answers, or passes on a real server's and records them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from chatsdk.client import AsyncChatClient
from chatsdk.providers import find
from chatsdk.providers._address import key_from

from . import _http, _tape
from ._fault_server import FaultServer
from ._faults import Close, Fault, Read, Respond, Send, Step
from ._reply import Reply, Whole
from ._request import RecordedRequest

_OF_THE_CONNECTION = frozenset(
    ["host", "connection", "keep-alive", "transfer-encoding", "content-length", "te", "upgrade", "accept-encoding"]
)


class ChatTape:
    """A file of recorded answers behind a base URL: `async with ChatTape("hello.jsonl") as tape: tape.client...`.

    It plays the answer to the first request that is alike and was not answered yet, in the same pieces and, with a
    `pace` of 1, at the same speed; 0 is at once. A request that it does not know gets status 400, which says what is
    different. With `record_from`, the base URL of a real server, it asks that server instead and writes a new file
    when it is closed. No key, no cookie and no header of a request gets into the file.
    """

    def __init__(self, path: str | os.PathLike[str], *, record_from: str | None = None, pace: float = 0.0) -> None:
        self.path = Path(path)
        self.pace = pace
        self._source = record_from
        self._tape = _tape.Tape(_tape.TapeLine(_shown(record_from or "")))
        self._left: list[_tape.Answered] = []
        self._made: dict[int, _tape.Answered] = {}
        self._asked = 0
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncChatClient | None = None
        answer = self._play if record_from is None else self._record
        self._server = FaultServer(default=Fault.script(Read(None), Respond(answer)))

    async def __aenter__(self) -> Self:
        """FileNotFoundError and ValueError where there is no tape to play."""
        if self._source is None:
            self._tape = _tape.load(self.path.read_bytes())
            self._left = list(self._tape.answers)
        await self._server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.aclose()
        await self._server.aclose()
        if self._session is not None:
            await self._session.close()
        if self._source is not None and self._made:
            self._save()

    @property
    def recording(self) -> bool:
        """Whether a real server is asked."""
        return self._source is not None

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL; its path is that of the real server's."""
        address = urlsplit(self._server.base_url)
        return address._replace(path=urlsplit(self._tape.source.url).path).geturl()

    @property
    def client(self) -> AsyncChatClient:
        """A client of the tape that tries once. Recording, it has the key that the environment has for the server."""
        if self._client is None:
            provider = find(self._source or self._tape.source.url)
            key = key_from(os.environ, provider, openai_base_url=True) if self.recording else "replayed"
            self._client = AsyncChatClient(base_url=self.base_url, provider=provider, api_key=key, max_retries=0)
        return self._client

    def _play(self, request: RecordedRequest) -> Iterator[Step]:
        found = _tape.asked(request, _tape.Hider(_tape.secrets_of(request)))
        for answer in self._left:
            if _tape.difference(answer.request, found) is None:
                self._left.remove(answer)
                return _tape.steps(answer, self.pace)
        return iter([Send(_whole(Reply.error(400, self._why_not(found), code="not_on_tape")))])

    def _why_not(self, found: _tape.RequestLine) -> str:
        advice = "record it again: pytest --chatsdk-record"
        if not self._left:
            return f"the tape {self.path.name} has no more answers; {advice}"
        how = _tape.difference(self._left[0].request, found)
        return f"the tape {self.path.name} answers another request than this one: {how}; {advice}"

    async def _record(self, request: RecordedRequest) -> AsyncGenerator[Step, None]:
        number, self._asked = self._asked, self._asked + 1
        clock = asyncio.get_running_loop().time
        asked = clock()
        try:
            response = await self._ask(request)
        except aiohttp.ClientError as error:
            yield Send(_whole(Reply.error(502, f"no answer from {self._tape.source.url}: {type(error).__name__}")))
            return

        begun = clock()
        status, headers = response.status, _kept_headers(response)
        is_chunked = _tape.framing(status, headers) == "chunked"
        pieces: list[tuple[float, bytes]] = []
        whole = False
        try:
            yield Send(_http.head(status, _tape.framed(status, headers)))
            async for data, _ in response.content.iter_chunks():
                if data:
                    pieces.append((clock() - begun, data))
                    yield Send(_http.chunk(data) if is_chunked else data)
            whole = True
            yield Send(_http.LAST_CHUNK if is_chunked else b"")
        except aiohttp.ClientError:
            yield Close()
        finally:
            response.close()
            end = (clock() - begun, whole)
            self._made[number] = _tape.answered(request, begun - asked, status, headers, pieces, end)

    async def _ask(self, request: RecordedRequest) -> aiohttp.ClientResponse:
        """The real server's answer. Its key and all else goes along, but for what belongs to the connection."""
        if self._session is None:
            unlimited = aiohttp.ClientTimeout(total=None)
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), trust_env=True, timeout=unlimited
            )
        real = urlsplit(self._source or "")
        query = urlencode({**dict(parse_qsl(real.query, keep_blank_values=True)), **request.query})
        headers = [pair for pair in request.headers.items() if pair[0].lower() not in _OF_THE_CONNECTION]
        return await self._session.request(
            request.method,
            URL(real._replace(path=request.path, query=query).geturl(), encoded=True),
            headers=CIMultiDict([*headers, ("accept-encoding", "identity")]),
            data=request.body or None,
            allow_redirects=False,
            skip_auto_headers=["user-agent", "content-type", "accept"],
        )

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        made = [self._made[number] for number in sorted(self._made)]
        unfinished = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        unfinished.write_bytes(_tape.dump(_tape.Tape(self._tape.source, made)))
        unfinished.replace(self.path)


def _kept_headers(response: aiohttp.ClientResponse) -> list[tuple[str, str]]:
    """All but those of the connection, and of a coding that is not there any more."""
    gone = _OF_THE_CONNECTION - {"content-length"}
    if response.headers.get("content-encoding", "identity") != "identity":
        gone |= {"content-encoding", "content-length"}
    return [(name, value) for name, value in response.headers.items() if name.lower() not in gone]


def _whole(reply: Whole) -> bytes:
    return _http.wire(replace(reply, headers={"content-type": "application/json"})).data


def _shown(url: str) -> str:
    """A base URL without user, password and query, which may be secret."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], path=parts.path.rstrip("/"), query="").geturl()
