"""What the API turns away: `check_request` gives the decoded body of a request that makes sense, or raises.

Parameters are checked by the types and bounds of `ChatRequest`. Members that it does not have pass: servers
differ in what more they know. The rest are rules between parameters and between messages, one function each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from chatsdk.types import ChatRequest

from ._errors import ApiError, invalid

_PLACE = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<param>[^`]*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<field>.*)`")


def check_request(body: bytes) -> dict[str, Any]:
    """The body of a `POST /chat/completions`. `ApiError` with the API's error object if it is not one."""
    request = decode_object(body)
    for param in "model", "messages":
        if param not in request:
            raise _missing(param)
    if not isinstance(request["messages"], list):
        raise invalid("'messages' has to be an array.", param="messages", code="invalid_type")

    known = {name: value for name, value in request.items() if name in ChatRequest.__struct_fields__}
    try:
        msgspec.convert(known, ChatRequest)
    except msgspec.ValidationError as error:
        raise _wrong_value(str(error)) from None

    for check in _check_limits, _check_companions, _check_tool_messages:
        check(request)
    return request


def check_metadata(body: bytes) -> dict[str, str]:
    """The metadata in the body of a `POST /chat/completions/{completion_id}`; raises `ApiError`."""
    request = decode_object(body)
    if "metadata" not in request:
        raise _missing("metadata")
    try:
        return msgspec.convert(request["metadata"], dict[str, str] | None) or {}
    except msgspec.ValidationError as error:
        raise invalid(f"'metadata': {error}.", param="metadata", code="invalid_type") from None


def decode_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body is; raises `ApiError`."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid(f"The body of the request could not be read as a JSON object: {error}.") from None


def _missing(param: str) -> ApiError:
    message = f"Missing required parameter: '{param}'."
    return invalid(message, param=param, code="missing_required_parameter")


def _wrong_value(message: str) -> ApiError:
    """Tells the API's three complaints apart by the words in which msgspec complains."""
    place = _PLACE.fullmatch(message)
    what, param = (place["what"], place["param"]) if place else (message, None)

    if missing := _MISSING.fullmatch(what):
        return _missing(f"{param}.{missing['field']}" if param else missing["field"])
    code = "invalid_value" if what.startswith("Invalid") or ">=" in what or "<=" in what else "invalid_type"
    return invalid(f"'{param}': {what}.", param=param, code=code)


def _check_limits(request: Mapping[str, Any]) -> None:
    for param in "max_completion_tokens", "max_tokens":
        limit = request.get(param)
        if limit is not None and limit < 1:
            raise invalid(f"'{param}' has to be 1 or more.", param=param, code="invalid_value")


_COMPANIONS = {"stream_options": "stream", "tool_choice": "tools", "top_logprobs": "logprobs"}


def _check_companions(request: Mapping[str, Any]) -> None:
    for param, companion in _COMPANIONS.items():
        if request.get(param) is not None and not request.get(companion):
            raise invalid(f"'{param}' is only allowed with '{companion}'.", param=param)


def _check_tool_messages(request: Mapping[str, Any]) -> None:
    """Each call of an assistant message is answered by a tool message right after it, and nothing else is."""
    messages = request["messages"]
    waiting: set[str] = set()
    for position, message in enumerate(messages):
        param = f"messages[{position}]"
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                raise invalid("A 'tool' message has to answer one of the 'tool_calls' before it.", param=param)
            waiting.remove(message["tool_call_id"])
        else:
            if waiting:
                raise _unanswered(waiting, param)
            waiting = {call["id"] for call in message.get("tool_calls") or ()}

    if waiting:
        raise _unanswered(waiting, f"messages[{len(messages) - 1}]")


def _unanswered(call_ids: set[str], param: str) -> ApiError:
    ids = ", ".join(sorted(call_ids))
    return invalid(f"Each of the 'tool_calls' needs a 'tool' message; these have none: {ids}.", param=param)
