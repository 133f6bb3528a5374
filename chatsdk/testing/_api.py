"""Which answer a request gets: the API as a function from requests to replies, with what it remembers. Pure.

Only the clock comes from outside, as an argument. A request is turned away at the door without a valid key.
Then the table of routes decides; a new completion is asked of the script first, then of the callback, and
last of the demo model.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from . import _demo_model, _errors
from ._render import Stamp, completion, render, request_id
from ._reply import Cut, Pieces, Reply, Said, Whole, check_reply
from ._request import RecordedRequest
from ._stored import Store
from ._validate import check_metadata, check_request

Callback = Callable[[RecordedRequest], Reply | None]
Sendable = Whole | Pieces | Cut

_CREATED = 1_767_225_600  # 2026-01-01, when every model on offer was made
_REQUESTS, _TOKENS = 10_000, 2_000_000
_CONTENT_TYPES = {Whole: "application/json", Pieces: "text/event-stream; charset=utf-8", Cut: None}


class Api:
    """The routes, and what lies behind them."""

    def __init__(self, *, prefix: str, api_key: str | None, models: Iterable[str], clock: Callable[[], float]) -> None:
        self.script: deque[Said | Sendable] = deque()
        self.callback: Callback | None = None
        self._prefix = prefix
        self._api_key = api_key
        self._models = dict.fromkeys(models)
        self._clock = clock
        self._serial = 0
        self._store = Store()

    def answer(self, request: RecordedRequest) -> Sendable:
        """The reply, with all of its headers."""
        started = self._clock()
        self._serial += 1
        try:
            reply = self._dispatch(request)
        except _errors.ApiError as error:
            reply = error.reply
        usual = usual_headers(self._serial, self._clock() - started)
        return replace(reply, headers={"content-type": _CONTENT_TYPES[type(reply)], **usual, **reply.headers})

    def _dispatch(self, request: RecordedRequest) -> Sendable:
        if self._api_key is not None and request.headers.get("authorization") != f"Bearer {self._api_key}":
            raise _errors.unauthorized()
        path_found = False
        for method, pattern, route in _ROUTES:
            found = re.fullmatch(re.escape(self._prefix) + pattern, request.path)
            path_found = path_found or found is not None
            if found and method == request.method:
                return route(self, request, *map(unquote, found.groups()))
        no = _errors.wrong_method if path_found else _errors.unknown_path
        raise no(request.method, request.path)

    def _create(self, request: RecordedRequest) -> Sendable:
        reply = self._scripted(request)
        if isinstance(reply, Sendable):
            return reply

        asked = check_request(request.body)
        said = _demo_model.answer(asked) if reply is None else reply
        if isinstance(said, Whole):
            return said
        stamp = Stamp(self._serial, int(self._clock()), said.model or asked["model"])
        if asked.get("store"):
            self._store.add(completion(said, asked, stamp), asked, stamp.request_id)
        return render(said, asked, stamp)

    def _scripted(self, request: RecordedRequest) -> Said | Sendable | None:
        if self.script:
            return self.script.popleft()
        reply = self.callback(request) if self.callback else None
        return None if reply is None else check_reply(reply)

    def _list_completions(self, request: RecordedRequest) -> Whole:
        return Reply.json(self._store.list(request.query))

    def _retrieve(self, request: RecordedRequest, completion_id: str) -> Whole:
        return Reply.json(self._store.retrieve(completion_id))

    def _update(self, request: RecordedRequest, completion_id: str) -> Whole:
        self._store.retrieve(completion_id)
        return Reply.json(self._store.update(completion_id, check_metadata(request.body)))

    def _delete(self, request: RecordedRequest, completion_id: str) -> Whole:
        return Reply.json(self._store.delete(completion_id))

    def _messages(self, request: RecordedRequest, completion_id: str) -> Whole:
        return Reply.json(self._store.messages(completion_id, request.query))

    def _list_models(self, request: RecordedRequest) -> Whole:
        return Reply.json({"object": "list", "data": [_model(name) for name in self._models]})

    def _retrieve_model(self, request: RecordedRequest, model: str) -> Whole:
        if model not in self._models:
            raise _errors.unknown_model(model)
        return Reply.json(_model(model))

    def _delete_model(self, request: RecordedRequest, model: str) -> Whole:
        if model not in self._models:
            raise _errors.unknown_model(model)
        del self._models[model]
        return Reply.json({"id": model, "object": "model", "deleted": True})


_ROUTES: list[tuple[str, str, Callable[..., Sendable]]] = [
    ("POST", "/chat/completions", Api._create),
    ("GET", "/chat/completions", Api._list_completions),
    ("GET", "/chat/completions/([^/]+)", Api._retrieve),
    ("POST", "/chat/completions/([^/]+)", Api._update),
    ("DELETE", "/chat/completions/([^/]+)", Api._delete),
    ("GET", "/chat/completions/([^/]+)/messages", Api._messages),
    ("GET", "/models", Api._list_models),
    ("GET", "/models/(.+)", Api._retrieve_model),
    ("DELETE", "/models/(.+)", Api._delete_model),
]


def usual_headers(serial: int, elapsed: float) -> dict[str, str]:
    """What the API says of every answer. Each request finds its rate limits as if it came alone."""
    return {
        "x-request-id": request_id(serial),
        "openai-processing-ms": str(round(elapsed * 1000)),
        "openai-version": "2020-10-01",
        "x-ratelimit-limit-requests": str(_REQUESTS),
        "x-ratelimit-remaining-requests": str(_REQUESTS - 1),
        "x-ratelimit-reset-requests": "6ms",
        "x-ratelimit-limit-tokens": str(_TOKENS),
        "x-ratelimit-remaining-tokens": str(_TOKENS - 100),
        "x-ratelimit-reset-tokens": "3ms",
    }


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "chatsdk", "shutdown_date": None}
