"""Servers to test against, good and bad, help for those who mock, and a pytest plugin.

    from chatsdk.testing import ChatServer, FaultServer, Reply

    async with ChatServer() as server:
        server.enqueue(Reply.text("Hello"), Reply.error(429, "slow down"))
        ...                                         # point a client at server.base_url
        assert server.requests[0].json["stream"] is True

    async with FaultServer("reset_in_body") as server:
        ...                                         # the next answer breaks off, those after it are good

_server          ChatServer: a socket and a thin loop          _reply         Reply: what a test wants answered
_api             which answer a request gets                   _render        a reply as JSON or as a stream
_validate        what the API turns away                       _errors        its words when it does
_stored          kept completions, pages of lists              _request       what a client sent
_demo_model      what is said where nothing is scripted: by rules (_demo_rules), with tools (_demo_tools),
                 after a schema (_instance)                    _tokens        how text is cut and counted
_aioresponses    a response class that aioresponses needs      _payloads      bodies for mocks

_fault_server    FaultServer: accepts and counts               _faults        Fault, Step: scripts as values
_exchange        plays a script                                _fault_table   FAULTS: scripts by name
_pipe            one connection's bytes and ends               _http          HTTP/1.1 as bytes, right or wrong
_certificates    TLS, good and bad

plugin           the pytest plugin                             _guard         refuses calls to real servers
_recorder        ChatTape: plays an answer, or records it      _tape          answers as lines of a file

Of these, only `_server`, `_aioresponses` and `_recorder` know aiohttp; only those with a socket wait. A name below is
loaded when it is first used: importing this package, and so the plugin, imports no aiohttp.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._aioresponses import MockedResponse as MockedResponse
    from ._demo_model import DEMO_MODEL as DEMO_MODEL
    from ._fault_server import FaultServer as FaultServer
    from ._fault_table import FAULTS as FAULTS
    from ._faults import Fault as Fault
    from ._faults import Step as Step
    from ._payloads import completion_payload as completion_payload
    from ._payloads import sse_body as sse_body
    from ._recorder import ChatTape as ChatTape
    from ._reply import Gate as Gate
    from ._reply import Reply as Reply
    from ._request import RecordedRequest as RecordedRequest
    from ._server import ChatServer as ChatServer

_HOME_OF = {
    "DEMO_MODEL": "._demo_model",
    "FAULTS": "._fault_table",
    "ChatServer": "._server",
    "ChatTape": "._recorder",
    "Fault": "._faults",
    "FaultServer": "._fault_server",
    "Gate": "._reply",
    "MockedResponse": "._aioresponses",
    "RecordedRequest": "._request",
    "Reply": "._reply",
    "Step": "._faults",
    "completion_payload": "._payloads",
    "sse_body": "._payloads",
}

__all__ = list(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME_OF[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
