"""A Chat Completions server to test against, and help for those who mock.

    from chatsdk.testing import ChatServer, Reply

    async with ChatServer() as server:
        server.enqueue(Reply.text("Hello"), Reply.error(429, "slow down"))
        ...                                         # point a client at server.base_url
        assert server.requests[0].json["stream"] is True

_server          ChatServer: a socket and a thin loop          _reply         Reply: what a test wants answered
_api             which answer a request gets                   _render        a reply as JSON or as a stream
_validate        what the API turns away                       _errors        its words when it does
_stored          kept completions, pages of lists              _request       what a client sent
_demo_model      what is said where nothing is scripted: by rules (_demo_rules), with tools (_demo_tools),
                 after a schema (_instance)                    _tokens        how text is cut and counted
_aioresponses    a response class that aioresponses needs      _payloads      bodies for mocks

Of these, only `_server` and `_aioresponses` know aiohttp, and only `_server` waits.
"""

from __future__ import annotations

from ._aioresponses import MockedResponse
from ._demo_model import DEMO_MODEL
from ._payloads import completion_payload, sse_body
from ._reply import Gate, Reply
from ._request import RecordedRequest
from ._server import ChatServer

__all__ = [
    "DEMO_MODEL",
    "ChatServer",
    "Gate",
    "MockedResponse",
    "RecordedRequest",
    "Reply",
    "completion_payload",
    "sse_body",
]
