"""What chunks add up to. One accumulator serves every view of a stream, and is of use alone."""

from __future__ import annotations

from collections.abc import Sequence

from .._head import Head
from ..types.chunk import ChatCompletionChunk
from ..types.moderation import Moderation
from ..types.response import ChatCompletion
from ..types.usage import CompletionUsage
from .choice import ChoiceState
from .repeats import Run
from .text import Text
from .tool_calls import CallState, checked_index


class Accumulator:
    """`add` chunks; `completion` is what they add up to so far, at any time and as often as wanted."""

    __slots__ = (
        "_created",
        "_like",
        "_model",
        "_moderation",
        "_service_tier",
        "_system_fingerprint",
        "_text",
        "choices",
        "head",
        "id",
        "is_empty",
        "latest_calls",
        "usage",
    )

    def __init__(self, head: Head | None = None) -> None:
        self.choices: dict[int, ChoiceState] = {}
        self.usage: CompletionUsage | None = None
        self.is_empty = True
        self.latest_calls: Sequence[Sequence[CallState]] = ()  # of the last chunk's choices, those its pieces went to
        self.head = head
        self.id = ""
        self._model = ""
        self._created = 0
        self._like: ChatCompletionChunk | None = None  # what the last run's chunks are like, if nothing else came since
        self._text: Text | None = None  # ... and the text that such runs go on with
        self._moderation: Moderation | None = None
        self._service_tier: str | None = None
        self._system_fingerprint: str | None = None

    @property
    def finished(self) -> bool:
        """Whether every choice seen has its finish reason, and one was seen."""
        return bool(self.choices) and all(choice.finish_reason for choice in self.choices.values())

    def add(self, chunk: ChatCompletionChunk) -> None:
        """Take in a chunk. Raises `ResponseDecodeError` for an index no answer can have."""
        self.is_empty = False
        self._like = None
        choices, states = chunk.choices, self.choices
        if len(choices) == 1 and choices[0].index in states:
            self.latest_calls = (states[choices[0].index].add(choices[0]),)
        else:
            self.latest_calls = [self._state(choice.index).add(choice) for choice in choices]
        if not self.id or not self._model:
            self.id = self.id or chunk.id
            self._model = self._model or chunk.model
            self._created = self._created or chunk.created
        if chunk.usage is not None:
            self.usage = chunk.usage
        if chunk.moderation is not None:
            self._moderation = chunk.moderation
        if chunk.service_tier:
            self._service_tier = chunk.service_tier
        if chunk.system_fingerprint:
            self._system_fingerprint = chunk.system_fingerprint

    def add_run(self, run: Run, start: int, stop: int) -> None:
        """Take in a part of a run, which costs little more than its first chunk does, and that only once."""
        if self._text is None or self._like is not run.like:
            self.add(run.chunk(start))
            self._like = run.like
            is_call = run.member == "arguments"
            self._text = self.latest_calls[0][0].arguments if is_call else self.choices[run.index].texts[run.member]
            start += 1
        self._text.extend(run.texts[start:stop])

    def _state(self, index: int) -> ChoiceState:
        state = self.choices.get(index)
        if state is None:
            state = self.choices[index] = ChoiceState(checked_index(index))
        return state

    def settle(self) -> None:
        """Take less memory for the same: for a long stream, now and then."""
        for choice in self.choices.values():
            choice.settle()

    def completion(self) -> ChatCompletion:
        """The completion so far; an empty one before the first chunk. Choices stand in order of index."""
        completion = ChatCompletion(
            id=self.id,
            choices=[self.choices[index].value(self.id) for index in sorted(self.choices)],
            created=self._created,
            model=self._model,
            moderation=self._moderation,
            service_tier=self._service_tier,
            system_fingerprint=self._system_fingerprint,
            usage=self.usage,
        )
        if self.head is not None:
            completion.__dict__["head"] = self.head
        return completion
