"""Kept completions, and pages of lists. Pure.

Source: `ChatCompletionList`, `ChatCompletionMessageList` and `ChatCompletionDeleted` of the API's OpenAPI
document, and its examples. What these leave open: an `after` that is not in the list is a 404, an empty page has
`null` for its ids, and the messages are those of the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._errors import ApiError, invalid, unknown_completion
from ._reply import Reply

_METADATA_KEY = re.compile(r"metadata\[(.*)\]", re.DOTALL)
_SETTINGS = {
    "tool_choice": None,
    "seed": None,
    "top_p": 1.0,
    "temperature": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "tools": None,
    "response_format": None,
}


class Store:
    """Completions in the order in which they were kept, each with its prompt."""

    def __init__(self) -> None:
        self._completions: dict[str, dict[str, Any]] = {}
        self._messages: dict[str, list[dict[str, Any]]] = {}

    def add(self, completion: Mapping[str, Any], request: Mapping[str, Any], request_id: str) -> None:
        """Keep a completion, with the settings and the metadata of its request."""
        completion_id = completion["id"]
        self._completions[completion_id] = {
            **completion,
            **{name: request.get(name, default) for name, default in _SETTINGS.items()},
            "request_id": request_id,
            "input_user": request.get("user"),
            "metadata": request.get("metadata") or {},
        }
        self._messages[completion_id] = [
            _stored_message(f"{completion_id}-{position}", message)
            for position, message in enumerate(request["messages"])
        ]

    def list(self, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of the completions that the query's `model` and `metadata[...]` let through."""
        paging = Paging.from_query(query)
        wanted = {match[1]: value for key, value in query.items() if (match := _METADATA_KEY.fullmatch(key))}
        found = [
            completion
            for completion in self._completions.values()
            if query.get("model", completion["model"]) == completion["model"]
            and wanted.items() <= completion["metadata"].items()
        ]
        return paging.page(found)

    def retrieve(self, completion_id: str) -> dict[str, Any]:
        """The completion; `ApiError` if there is none."""
        try:
            return self._completions[completion_id]
        except KeyError:
            raise unknown_completion(completion_id) from None

    def update(self, completion_id: str, metadata: dict[str, str]) -> dict[str, Any]:
        """The completion with its metadata replaced; `ApiError` if there is none."""
        self._completions[completion_id] = {**self.retrieve(completion_id), "metadata": metadata}
        return self._completions[completion_id]

    def delete(self, completion_id: str) -> dict[str, Any]:
        """The API's word that the completion is gone; `ApiError` if there is none."""
        self.retrieve(completion_id)
        del self._completions[completion_id], self._messages[completion_id]
        return {"object": "chat.completion.deleted", "id": completion_id, "deleted": True}

    def messages(self, completion_id: str, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of the messages a completion answered; `ApiError` if there is no such completion."""
        self.retrieve(completion_id)
        return Paging.from_query(query).page(self._messages[completion_id])


@dataclass(frozen=True)
class Paging:
    """Which part of a list is wanted."""

    after: str | None
    limit: int
    newest_first: bool

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Paging:
        """What `after`, `limit` and `order` say; raises `ApiError`."""
        limit = query.get("limit", "20")
        if not limit.isdecimal() or int(limit) < 1:
            raise invalid("'limit' has to be a number from 1.", param="limit", code="invalid_value")
        order = query.get("order", "asc")
        if order not in ("asc", "desc"):
            raise invalid("'order' has to be 'asc' or 'desc'.", param="order", code="invalid_value")
        return cls(query.get("after"), int(limit), order == "desc")

    def page(self, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The page object; raises `ApiError` if nothing has the id `after`."""
        ordered = list(reversed(items)) if self.newest_first else list(items)
        start = 0
        if self.after is not None:
            ids = [item["id"] for item in ordered]
            if self.after not in ids:
                raise ApiError(Reply.error(404, f"Nothing has the id {self.after!r}.", param="after", code="not_found"))
            start = ids.index(self.after) + 1

        data = ordered[start : start + self.limit]
        return {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": len(ordered) > start + self.limit,
        }


def _stored_message(message_id: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """A message of the prompt; one made of parts has them in `content_parts` and no `content`."""
    content = message.get("content")
    parts = content if isinstance(content, list) else None
    text = content if parts is None else None
    return {"name": None, "refusal": None, **message, "id": message_id, "content": text, "content_parts": parts}
