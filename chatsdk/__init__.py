"""Async Python SDK for the Chat Completions API of OpenAI and of every server that speaks it.

The names below are loaded when they are first used: importing this package does not import aiohttp.

client        AsyncChatClient, what a program starts with
conversation  Conversation, for bots
messages      system() user() image() ...: messages and parts
tools         Tool, and what makes one of a function
providers     what differs from server to server
types         Structs of requests, replies, chunks and events
errors        everything that is raised
testing       ChatServer, a server for tests
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from . import errors as errors
    from . import types as types
    from ._batch import Batch as Batch
    from ._batch import BatchResult as BatchResult
    from ._limits import SizeLimits as SizeLimits
    from ._limits import Timeouts as Timeouts
    from ._pages import Pages as Pages
    from ._protocol.accumulate import Accumulator as Accumulator
    from ._protocol.retry import RetryBudget as RetryBudget
    from ._protocol.retry import RetryPolicy as RetryPolicy
    from ._protocol.schema import response_format as response_format
    from ._protocol.schema import strict_schema as strict_schema
    from ._protocol.wire import to_json as to_json
    from ._stream import ChatStream as ChatStream
    from ._tool_run import ToolRun as ToolRun
    from ._tool_stream import ToolStream as ToolStream
    from ._tool_terms import Pause as Pause
    from ._tool_terms import Refuse as Refuse
    from .client import AsyncChatClient as AsyncChatClient
    from .conversation import Conversation as Conversation
    from .errors import APIConnectionError as APIConnectionError
    from .errors import APIStatusError as APIStatusError
    from .errors import APITimeoutError as APITimeoutError
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BadRequestError as BadRequestError
    from .errors import ChatError as ChatError
    from .errors import ClientClosedError as ClientClosedError
    from .errors import ConflictError as ConflictError
    from .errors import ContentFilterError as ContentFilterError
    from .errors import InternalServerError as InternalServerError
    from .errors import LengthLimitError as LengthLimitError
    from .errors import NotFoundError as NotFoundError
    from .errors import OutputError as OutputError
    from .errors import PermissionDeniedError as PermissionDeniedError
    from .errors import QuotaExceededError as QuotaExceededError
    from .errors import RateLimitError as RateLimitError
    from .errors import RedirectError as RedirectError
    from .errors import RefusedError as RefusedError
    from .errors import ResponseDecodeError as ResponseDecodeError
    from .errors import ResponseTooLargeError as ResponseTooLargeError
    from .errors import StreamError as StreamError
    from .errors import StreamInterruptedError as StreamInterruptedError
    from .errors import ToolError as ToolError
    from .errors import TurnLimitError as TurnLimitError
    from .errors import UnprocessableEntityError as UnprocessableEntityError
    from .errors import UsageError as UsageError
    from .errors import ValidationError as ValidationError
    from .messages import assistant as assistant
    from .messages import audio as audio
    from .messages import developer as developer
    from .messages import file as file
    from .messages import image as image
    from .messages import system as system
    from .messages import text as text
    from .messages import tool as tool
    from .messages import user as user
    from .tools import Tool as Tool
    from .tools import ToolContext as ToolContext
    from .types import UNSET as UNSET
    from .types import Attempt as Attempt
    from .types import AudioDelta as AudioDelta
    from .types import ChatCompletion as ChatCompletion
    from .types import ChatCompletionChunk as ChatCompletionChunk
    from .types import ChatRequest as ChatRequest
    from .types import CompletionUsage as CompletionUsage
    from .types import Delta as Delta
    from .types import Event as Event
    from .types import Finished as Finished
    from .types import LogprobsDelta as LogprobsDelta
    from .types import Message as Message
    from .types import ParsedCompletion as ParsedCompletion
    from .types import RateLimitSnapshot as RateLimitSnapshot
    from .types import ReasoningDelta as ReasoningDelta
    from .types import RefusalDelta as RefusalDelta
    from .types import StreamStats as StreamStats
    from .types import TextDelta as TextDelta
    from .types import TextDone as TextDone
    from .types import ToolCall as ToolCall
    from .types import ToolCallDelta as ToolCallDelta
    from .types import ToolCallDone as ToolCallDone
    from .types import ToolEvent as ToolEvent
    from .types import ToolFinished as ToolFinished
    from .types import ToolStarted as ToolStarted
    from .types import UsageUpdate as UsageUpdate

_HOMES = {
    "._batch": "Batch BatchResult",
    "._limits": "SizeLimits Timeouts",
    "._pages": "Pages",
    "._protocol.accumulate": "Accumulator",
    "._protocol.retry": "RetryBudget RetryPolicy",
    "._protocol.schema": "response_format strict_schema",
    "._protocol.wire": "to_json",
    "._stream": "ChatStream",
    "._tool_run": "ToolRun",
    "._tool_stream": "ToolStream",
    "._tool_terms": "Pause Refuse",
    ".client": "AsyncChatClient",
    ".conversation": "Conversation",
    ".errors": (
        "APIConnectionError APIStatusError APITimeoutError AuthenticationError BadRequestError ChatError "
        "ClientClosedError ConflictError ContentFilterError InternalServerError LengthLimitError NotFoundError "
        "OutputError PermissionDeniedError QuotaExceededError RateLimitError RedirectError RefusedError "
        "ResponseDecodeError ResponseTooLargeError StreamError StreamInterruptedError ToolError TurnLimitError "
        "UnprocessableEntityError UsageError ValidationError"
    ),
    ".messages": "assistant audio developer file image system text tool user",
    ".tools": "Tool ToolContext",
    ".types": (
        "UNSET Attempt AudioDelta ChatCompletion ChatCompletionChunk ChatRequest CompletionUsage Delta Event Finished "
        "LogprobsDelta Message ParsedCompletion RateLimitSnapshot ReasoningDelta RefusalDelta StreamStats TextDelta "
        "TextDone ToolCall ToolCallDelta ToolCallDone ToolEvent ToolFinished ToolStarted UsageUpdate"
    ),
}

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = ["__version__", "errors", "types", *_HOME_OF]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is not None:
        value = getattr(import_module(home, __name__), name)
    elif name in ("errors", "types"):
        value = import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
