"""A request's body as its provider wants it. Pure: the body given is never changed, and is given back if it fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import UsageError
from ._provider import NEUTRAL, Provider


def shape(body: dict[str, Any], provider: Provider) -> dict[str, Any]:
    """The body with parameters renamed and left out, and messages rewritten, as the fields of the provider say.

    Raises `UsageError` for a parameter that would get lost though it changes the answer.
    """
    if provider.refuses or provider.renames or provider.drops:
        body = _shape_parameters(body, provider)
    if provider.roles or provider.message_drops or provider.sends_back_in == "tool_turns":
        messages = body.get("messages")
        shaped = _shape_messages(messages, provider) if isinstance(messages, list) else messages
        if shaped is not messages:
            body = {**body, "messages": shaped}
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


def _shape_messages(messages: list[Any], provider: Provider) -> list[Any]:
    """The messages; the very list where none has to change."""
    refused = provider.message_drops
    is_choosy = provider.sends_back_in == "tool_turns"
    needless = refused.union(provider.sends_back) if is_choosy else refused
    roles = tuple(provider.roles)
    looked_at = [
        at
        for at, message in enumerate(messages)
        if isinstance(message, dict) and (message.get("role") in roles or not needless.isdisjoint(message))
    ]
    if not looked_at:
        return messages
    outside = set(_outside_tool_turns(messages)) if is_choosy else ()
    shaped = messages.copy()
    for at in looked_at:
        shaped[at] = _shape_message(messages[at], provider.roles, needless if at in outside else refused)
    return shaped if any(shaped[at] is not messages[at] for at in looked_at) else messages


def _shape_message(message: dict[str, Any], roles: Mapping[str, str], unwanted: frozenset[str]) -> dict[str, Any]:
    role = message.get("role")
    lost = unwanted & message.keys() if role == "assistant" else ()
    new_role = next((new for old, new in roles.items() if old == role), role)
    if new_role == role and not lost:
        return message
    return {name: new_role if name == "role" else value for name, value in message.items() if name not in lost}


def _outside_tool_turns(messages: list[Any]) -> Iterator[int]:
    """Where the assistant's messages are that belong to no tool turn.

    Not the last message: an assistant's there is the beginning of the answer, and wanted as it is.
    """
    turn: list[int] = []
    has_call = False
    for at, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role == "user":
            yield from () if has_call else turn
            turn, has_call = [], False
        elif role == "assistant":
            turn.append(at)
            has_call = has_call or bool(message.get("tool_calls"))
    yield from () if has_call else (at for at in turn if at < len(messages) - 1)
