"""A request's body as its provider wants it. Pure: the body given is never changed, and is given back if it fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UsageError
from ._provider import Provider

NEUTRAL: Mapping[str, Any] = {
    "frequency_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "modalities": ["text"],
    "n": 1,
    "presence_penalty": 0,
    "response_format": {"type": "text"},
    "store": False,
    "tool_choice": "auto",
}
"""Values that ask for what a server does anyway, so that leaving them out changes nothing. `null` is one for all."""


def shape(body: dict[str, Any], provider: Provider) -> dict[str, Any]:
    """The body with parameters renamed, rewritten and left out, and messages too, as the fields of the provider say.

    Raises `UsageError` for a parameter that would get lost though it changes the answer.
    """
    if provider.refuses or provider.renames or provider.drops:
        body = _shape_parameters(body, provider)
    if provider.schema_member != "json_schema":
        body = _shape_format(body, provider)
    if provider.roles or provider.message_drops:
        body = _shape_messages(body, provider)
    return body


def _shape_parameters(body: dict[str, Any], provider: Provider) -> dict[str, Any]:
    refused = provider.refuses & body.keys()
    renamed = provider.renames.keys() & body.keys()
    dropped = provider.drops & body.keys()
    if not (refused or renamed or dropped):
        return body
    for name in sorted(refused):
        if body[name] is not None and body[name] != NEUTRAL.get(name):
            raise UsageError(
                f"{name}: {provider.name} refuses or ignores it, and the answer would not be what was asked for; "
                "leave it out, or put it into extra_body to send it all the same"
            )
    shaped = {name: value for name, value in body.items() if name not in refused and name not in dropped}
    for name in sorted(renamed & shaped.keys()):
        value = shaped.pop(name)
        new_name = provider.renames[name]
        rival = shaped.get(new_name)
        if None not in (value, rival) and value != rival:
            raise UsageError(f"{name}: {provider.name} calls it {new_name}, which is given too, with another value")
        shaped[new_name] = rival if value is None else value
    return shaped


def _shape_format(body: dict[str, Any], provider: Provider) -> dict[str, Any]:
    """The body, the very same if it asks for no schema."""
    given = body.get("response_format")
    if not isinstance(given, dict) or "json_schema" not in given:
        return body
    moved = {provider.schema_member if name == "json_schema" else name: value for name, value in given.items()}
    return {**body, "response_format": moved}


def _shape_messages(body: dict[str, Any], provider: Provider) -> dict[str, Any]:
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    shaped = [_shape_message(message, provider) for message in messages]
    is_same = all(new is old for new, old in zip(shaped, messages, strict=True))
    return body if is_same else {**body, "messages": shaped}


def _shape_message(message: Any, provider: Provider) -> Any:
    """The message, the very same if it fits; what is no message at all is for the server to refuse."""
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(role, str):
        return message
    lost = provider.message_drops & message.keys() if role == "assistant" else frozenset()
    new_role = provider.roles.get(role, role)
    if new_role == role and not lost:
        return message
    return {name: new_role if name == "role" else value for name, value in message.items() if name not in lost}
