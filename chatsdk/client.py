"""The client: wiring of settings, transport and calls. What happens is decided on the floors below."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from msgspec import structs

from ._batch import Batch, BatchItem, Run
from ._caller import Caller
from ._limits import SizeLimits, Timeouts
from ._options import APIKey, changed, checked_count, checked_ssl_context, resolve
from ._protocol.chunks import read_completion
from ._protocol.retry import RetryAccount, RetryPolicy
from ._protocol.wire import build_request, encode_call
from ._resources import Models, Stored
from ._signature import (
    ParseCall,
    RunCall,
    StreamCall,
    takes_parameters_of_create,
    takes_parameters_of_parse,
    takes_parameters_of_run_tools,
    takes_parameters_of_stream,
    takes_parameters_of_stream_tools,
)
from ._stream import ChatStream
from ._transport._aiohttp import AiohttpTransport
from ._transport._proxies import checked_proxy
from .errors import UsageError
from .providers import Provider
from .types._base import UNSET
from .types.request import ChatRequest
from .types.response import ChatCompletion

if TYPE_CHECKING:
    import aiohttp

    from ._protocol.expected import Expected
    from ._tool_run import ToolRun
    from ._tool_terms import ToolTerms

TYPED = frozenset({"response_type", "output_mode", "tools"})
"""Keywords for which the modules about types are loaded, which take long; most calls have none of them."""

TERMS = ("tools", *(name for name in RunCall.__struct_fields__ if name not in ChatRequest.__struct_fields__))
"""Keywords of a run of tools that are no parameters of its requests."""


class AsyncChatClient:
    """A client of the Chat Completions API, for any number of tasks at once.

    `api_key` is a str, or a function or coroutine function that is asked before each attempt; else
    `OPENAI_API_KEY`. No key is needed where the server wants none. `base_url` is everything before
    `/chat/completions`, else `OPENAI_BASE_URL`, else OpenAI's. `organization` and `project`: else `OPENAI_ORG_ID` and
    `OPENAI_PROJECT_ID`. `provider` is a name or a `Provider` (see `chatsdk.providers`), else found from `base_url`.
    `model` is used where a call names none. `timeout` is a `Timeouts`, or the seconds a call may take in all.
    `max_retries` is the short form of `retry=RetryPolicy(...)`. `size_limits` is a `SizeLimits`. `headers` and `query`
    go with each request. `max_connections`: no cap of ours unless given. `session` is an `aiohttp.ClientSession` of the
    caller's, which is never closed here. `proxy` is a URL; proxies of the environment are used only with `trust_env`.
    `idempotency_header` carries one key for all attempts of a call, `None` sends none.

    Creating a client does no I/O and needs no running event loop. Raises `UsageError` for settings that cannot work.
    """

    def __init__(
        self,
        *,
        api_key: APIKey | None = None,
        base_url: str | None = None,
        model: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        provider: str | Provider | None = None,
        timeout: Timeouts | float | None = None,
        max_retries: int | None = None,
        retry: RetryPolicy | None = None,
        size_limits: SizeLimits | None = None,
        max_connections: int | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        ssl_context: ssl.SSLContext | None = None,
        session: aiohttp.ClientSession | None = None,
        idempotency_header: str | None = "Idempotency-Key",
    ) -> None:
        try:
            options = resolve(
                api_key=api_key,
                base_url=base_url,
                model=model,
                organization=organization,
                project=project,
                provider=provider,
                timeout=timeout,
                max_retries=max_retries,
                retry=retry,
                size_limits=size_limits,
                headers=headers,
                query=query,
                idempotency_header=idempotency_header,
            )
            transport = AiohttpTransport(
                max_connections=None if max_connections is None else checked_count("max_connections", max_connections),
                proxy=checked_proxy(proxy),
                trust_env=trust_env,
                ssl_context=checked_ssl_context(ssl_context),
                session=session,
            )
        except UsageError as error:
            del api_key, base_url, headers, query, proxy  # a traceback may be shown with its locals
            raise error.with_traceback(None) from None
        self._wire(Caller(transport, RetryAccount(options.retry.budget), options))

    def _wire(self, caller: Caller) -> None:
        self._caller = caller
        self.stored = Stored(caller)
        self.models = Models(caller)

    @takes_parameters_of_create
    async def create(self, *args: Any, **kwargs: Any) -> ChatCompletion | ChatStream:
        """The model's answer, or with `stream=True` an opened `ChatStream`.

        Takes every parameter of `ChatRequest`; `tools` may be functions and `Tool`s too. Raises `UsageError` before
        anything is sent, `APIStatusError`, `APIConnectionError`, `ResponseDecodeError`.
        """
        expected = self._expected(kwargs)
        if expected is not None and expected.output is not None:
            raise UsageError("client.create() gives text: call client.parse() for an answer of a type")
        request = self._request(args, kwargs)
        if request.stream is not True:
            completion = await self._complete(request)
            return completion if expected is None else expected.read(completion)
        stream: ChatStream = self._open_later(request, expected)
        await stream.open()
        return stream

    @takes_parameters_of_parse(ParseCall)
    async def parse(self, *args: Any, **kwargs: Any) -> Any:
        """The model's answer as a value of `response_type`: a `ParsedCompletion`, whose `parsed` it is.

        A type is a `msgspec.Struct`, dataclass, TypedDict, NamedTuple, pydantic model, list, union, or anything else
        that `strict_schema` can say. If an answer does not fit, the model is told why and asked again, up to `reask`
        times. `output_mode` is how the model is told of the type; else it is what the provider does best.

        Takes every parameter of `ChatRequest`. Raises what `create` raises, and `LengthLimitError`,
        `ContentFilterError`, `RefusedError`, `ValidationError`, whose `completion` is the answer.
        """
        reask = checked_count("reask", kwargs.pop("reask", 0), least=0)
        expected = self._expected(kwargs)
        request = self._request(args, kwargs, (*TYPED, "reask"))
        if expected is None or expected.output is None:
            raise UsageError("response_type is missing: pass the type that the answer shall have")
        if request.stream not in (False, None, UNSET):
            raise UsageError("client.parse() does not stream: call client.stream() with response_type=")
        if reask and request.n not in (1, None, UNSET):
            raise UsageError("reask asks again for one answer: leave out n=, or reask=")
        from ._parsing import parse

        return await parse(self._complete, request, expected, reask)

    @takes_parameters_of_stream(StreamCall)
    def stream(self, *args: Any, **kwargs: Any) -> ChatStream[Any]:
        """The model's answer as it is made; see `ChatStream`. Nothing is sent yet.

        Takes every parameter of `ChatRequest`, and `response_type` and `output_mode` as `parse` does. Raises
        `UsageError`.
        """
        expected = self._expected(kwargs)
        request = self._request(args, kwargs, TYPED)
        if request.stream not in (True, UNSET):
            raise UsageError("client.stream() streams: leave out stream=, or call client.create()")
        if expected is not None:
            request = expected.tell(request)
        return self._open_later(structs.replace(request, stream=True), expected)

    @takes_parameters_of_run_tools(RunCall)
    async def run_tools(self, *args: Any, **kwargs: Any) -> Any:
        """What comes of messages, or of a `ToolRun` that goes on, when the tools that the model calls are run.

        `tools` are functions and `Tool`s. `max_turns` is how many answers the model may give, a resumed run's
        included. `context` is the `value` of the `ToolContext` that tools may ask for.

        `concurrency` is how many tools of the run may run at a time; `None` is any number of async ones, and 40
        of others, each of which takes a thread. `tool_timeout` is in seconds, for each call of a tool that has
        no `timeout` of its own. A thread cannot be ended: it is no longer waited for, and goes on. What an
        async tool awaits while it is being cancelled is cancelled too, unless it shields it
        (`anyio.CancelScope(shield=True)`).

        `before_tool(call)` is asked before each call that can be run, for several calls at a time: `None` lets
        it be, a `ToolCall` is run in its place, `Refuse` and `Pause` keep it from being run.
        `after_tool(finished)` sees what each call is answered with, refusals and mistakes too, and may give a
        `str` that the model is told instead. `stop_when(run)` is asked after the tools of each turn; true ends
        the run. All three may be async; those that are not run in the event loop and must not block. What they
        raise comes through as it is; a `ChatError` has the run.

        With `raise_tool_errors` an exception of a tool ends the run as a `ToolError`; without it the model is
        told.

        A `tool_choice` that forces a call holds for the first turn. Takes every parameter of `ChatRequest`. Gives a
        `ToolRun`. Raises what `create` raises, `ToolError`, `TurnLimitError`, and `LengthLimitError` or
        `ContentFilterError` for a call that was cut; each has in `run` how far it came.
        """
        from ._tools import run_tools

        return await run_tools(self._complete, *self._run(args, kwargs))

    @takes_parameters_of_stream_tools(RunCall)
    def stream_tools(self, *args: Any, **kwargs: Any) -> Any:
        """The same as it happens, as a `ToolStream` of events. Nothing is sent yet. Raises `UsageError`."""
        from ._tool_stream import ToolStream

        return ToolStream(self._open_later, *self._run(args, kwargs))

    def batch(
        self,
        requests: Iterable[BatchItem] | AsyncIterable[BatchItem],
        *,
        concurrency: int = 100,
        ordered: bool = False,
    ) -> Batch:
        """The results of many requests, at most `concurrency` at a time, as they come or in order.

        A request is a prompt, messages, a dict of parameters, a line of a batch file (`custom_id` and `body`) or a
        `ChatRequest`. A failed one gives a result with an `error`; nothing but a failure of `requests` itself raises.
        At most twice `concurrency` requests are taken ahead of what has been handed out.
        """
        return Batch(Run(self._complete, requests, concurrency, ordered))

    def with_options(
        self,
        *,
        timeout: Timeouts | float | None = None,
        max_retries: int | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        model: str | None = None,
    ) -> AsyncChatClient:
        """A copy with other settings that shares the connections, and is closed with the original."""
        try:
            options = changed(
                self._caller.options,
                timeout=timeout,
                max_retries=max_retries,
                headers=headers,
                query=query,
                model=model,
            )
        except UsageError as error:
            del headers, query
            raise error.with_traceback(None) from None
        copy = object.__new__(type(self))
        copy._wire(replace(self._caller, options=options))
        return copy

    async def aclose(self) -> None:
        """Close the connections, and end what is still going on with a `ClientClosedError`.

        From any event loop. Calling it again does nothing.
        """
        self._caller.calls.close()
        await self._caller.transport.aclose()

    async def __aenter__(self) -> AsyncChatClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        if "_caller" not in self.__dict__:
            return "AsyncChatClient()"  # as a traceback of its own construction shows it
        options = self._caller.options
        return f"AsyncChatClient(base_url={options.shown_base_url!r}, model={options.model!r})"

    def __reduce__(self) -> NoReturn:
        raise UsageError("a client holds a key and connections, and is not pickled: make one where it is needed")

    def _expected(self, kwargs: dict[str, Any]) -> Expected[Any] | None:
        """What the keywords say of types, which are taken out of them."""
        if TYPED.isdisjoint(kwargs):
            return None
        from ._parsing import expected_of

        return expected_of(kwargs, self._caller.options.provider)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[ChatRequest, ToolTerms, ToolRun | None]:
        """What a run of tools starts from and its terms."""
        from ._tool_run import ToolRun
        from ._tool_terms import ToolTerms

        terms = {name: kwargs.pop(name) for name in TERMS if name in kwargs}
        if "tools" not in terms:
            raise UsageError("tools are missing: pass functions or Tools")
        request = self._request(args, kwargs, TERMS)
        start: Any = request.messages
        if not isinstance(start, ToolRun):
            return request, ToolTerms(**terms), None
        return structs.replace(request, messages=start.messages), ToolTerms(**terms), start

    async def _complete(self, request: ChatRequest) -> ChatCompletion:
        return await self._caller.fetch(read_completion, "POST", *self._encode(request))

    def _open_later(self, request: ChatRequest, expected: Expected[Any] | None = None) -> ChatStream[Any]:
        return ChatStream(self._caller, *self._encode(request), expected)

    def _encode(self, request: ChatRequest) -> tuple[str, bytes]:
        """Where the request goes, and its body."""
        options = self._caller.options
        model, body = encode_call(request, options.provider, options.model)
        return options.completions_url(model), body

    def _request(self, args: tuple[Any, ...], kwargs: dict[str, Any], others: Iterable[str] = ()) -> ChatRequest:
        if len(args) > 1 or (args and "messages" in kwargs):
            raise UsageError("messages is the only positional parameter, and given once; name the others")
        return build_request({"messages": args[0], **kwargs} if args else kwargs, others)
