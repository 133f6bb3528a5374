"""Moderation results that come with an answer.

Source: the `ChatCompletionModeration*` and `ModerationResultBody` schemas of the API's OpenAPI document.
"""

from __future__ import annotations

from ._base import Reply, always


class ModerationResult(Reply, frozen=True):
    """What one text or image was found to be."""

    type: str = always("moderation_result")
    model: str = always("")
    flagged: bool = always(False)
    categories: dict[str, bool] = always({})
    category_scores: dict[str, float] = always({})
    category_applied_input_types: dict[str, list[str]] = always({})


class ModerationOutcome(Reply, frozen=True):
    """Results (`type` is `moderation_results`) or the reason why there are none (`type` is `error`)."""

    type: str = always("")
    model: str | None = None
    results: list[ModerationResult] | None = None
    code: str | None = None
    message: str | None = None


class Moderation(Reply, frozen=True):
    """The outcome for what went in and for what came out."""

    input: ModerationOutcome | None = always(None)
    output: ModerationOutcome | None = always(None)
