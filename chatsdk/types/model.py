"""A model on offer. Source: the `Model` schema of the API's OpenAPI document."""

from __future__ import annotations

from ._base import Answer, always


class Model(Answer, frozen=True):
    """A model's id, when it was made (Unix seconds), whose it is and the day it ends (`YYYY-MM-DD`)."""

    id: str = always("")
    object: str = always("model")
    created: int = always(0)
    owned_by: str = always("")
    shutdown_date: str | None = None
