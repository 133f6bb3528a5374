"""Log probabilities of tokens. Source: the `ChatCompletionTokenLogprob` schema of the API's OpenAPI document.

Thousands of them come with an answer, and none can hold itself: the garbage collector need not look at them.
"""

from __future__ import annotations

from ._base import Reply, always


class TopLogprob(Reply, frozen=True, gc=False):
    """A token that could have stood here; `bytes` are its UTF-8 bytes, as a token may be part of a character."""

    token: str = always("")
    logprob: float | None = always(None)
    bytes: list[int] | None = always(None)


class TokenLogprob(Reply, frozen=True, gc=False):
    """A token of the answer, how likely it was, and the likeliest alternatives."""

    token: str = always("")
    logprob: float | None = always(None)
    bytes: list[int] | None = always(None)
    top_logprobs: list[TopLogprob] = always([])


class Logprobs(Reply, frozen=True, gc=False):
    """The tokens of an answer's content and of its refusal."""

    content: list[TokenLogprob] | None = always(None)
    refusal: list[TokenLogprob] | None = always(None)
