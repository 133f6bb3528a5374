"""What a call cost in tokens. Source: the `CompletionUsage` schema of the API's OpenAPI document."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from ._base import Reply, always


def added(first: Any, second: Any) -> Any:
    """The sum of two counts, or of two Structs of them, member by member; what one side did not say the other does."""
    if first is None or second is None:
        return second if first is None else first
    if isinstance(first, Reply):
        pairs = zip(structs.astuple(first), structs.astuple(second), strict=True)
        return type(first)(*(added(*pair) for pair in pairs))
    return first + second


class CompletionTokensDetails(Reply, frozen=True):
    """`completion_tokens`, taken apart. `None`: the server did not say."""

    accepted_prediction_tokens: int | None = None
    audio_tokens: int | None = None
    reasoning_tokens: int | None = None
    rejected_prediction_tokens: int | None = None
    text_tokens: int | None = None


class PromptTokensDetails(Reply, frozen=True):
    """`prompt_tokens`, taken apart. `None`: the server did not say."""

    audio_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    image_tokens: int | None = None
    text_tokens: int | None = None


class CompletionUsage(Reply, frozen=True):
    """Tokens as the server counted them; servers differ in whether the total is the sum.

    Two of them add up, details too: what several calls have cost.
    """

    prompt_tokens: int = always(0)
    completion_tokens: int = always(0)
    total_tokens: int = always(0)
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None

    def __add__(self, other: object) -> CompletionUsage:
        if not isinstance(other, CompletionUsage):
            return NotImplemented
        total: CompletionUsage = added(self, other)
        return total
