"""How the API says no: an exception that holds the reply, and the sentences it is made of."""

from __future__ import annotations

from ._reply import Reply, Whole


class ApiError(Exception):
    """The request is turned away with this reply."""

    def __init__(self, reply: Whole) -> None:
        super().__init__(reply)
        self.reply = reply


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """A request that makes no sense to the API."""
    return ApiError(Reply.error(400, message, param=param, code=code))


def unauthorized() -> ApiError:
    """A key that is missing or wrong. The message does not repeat it."""
    message = "No valid API key came with the request: send it as 'Authorization: Bearer KEY'."
    return ApiError(Reply.error(401, message, code="invalid_api_key"))


def unknown_path(method: str, path: str) -> ApiError:
    """A URL that means nothing."""
    return ApiError(Reply.error(404, f"Invalid URL ({method} {path})", code="unknown_url"))


def wrong_method(method: str, path: str) -> ApiError:
    """A URL that means something, but not with this method."""
    return ApiError(Reply.error(405, f"Not allowed to {method} on {path}", code="method_not_supported"))


def unknown_completion(completion_id: str) -> ApiError:
    """A completion that was not stored, or was deleted."""
    message = f"No stored completion has the id {completion_id!r}."
    return ApiError(Reply.error(404, message, param="completion_id", code="not_found"))


def unknown_model(model: str) -> ApiError:
    """A model that is not on offer."""
    message = f"The model {model!r} does not exist."
    return ApiError(Reply.error(404, message, param="model", code="model_not_found"))
