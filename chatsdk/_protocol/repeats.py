"""Chunks that differ in one piece of text and in nothing else, which is what most of a stream is made of.

They are told by their bytes: what stands before and after the text must be a sample's. The sample is read with two
texts of our own in its place, so that the place is sure to be the one that is meant; then a JSON string in it changes
nothing else, whatever the string is. So the texts of a read are decoded in one go, and the chunks are made only if
somebody wants chunks. Whatever does not fit is for the usual way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from ..types.chunk import ChatCompletionChunk, ChoiceDelta, ChunkChoice, FunctionCallChunk, ToolCallChunk
from .shapes import is_odd_chunk
from .wire import UNREADABLE, decoder_of, may_hold_error

MANY = 8
"""Events of a read for which it is worth while."""

EDGE = 4
"""Events at the beginning and at the end of a read that may be others: the first and the last of a stream."""

MISSES = 8
"""Reads in a row without repeats after which a stream is not looked at any more."""

TEXT = re.compile(rb'"(content|reasoning_content|reasoning|arguments)": ?"((?:[^"\\]|\\.)*+)"')

NEXT = b"\n\ndata: "

read_chunk = decoder_of(ChatCompletionChunk).decode
read_texts = msgspec.json.Decoder(list[str]).decode


class Run:
    """Chunks of one read, in order, that are `like` one but for the text in its `member`."""

    __slots__ = ("_events", "index", "like", "member", "texts")

    def __init__(self, like: ChatCompletionChunk, member: str, texts: list[str], events: list[bytes]) -> None:
        self.like = like
        self.member = member
        self.texts = texts
        self.index = like.choices[0].index
        self._events = events

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def has_token(self) -> bool:
        """Whether one of them has some text."""
        return any(self.texts)

    def chunk(self, at: int) -> ChatCompletionChunk:
        """One of them."""
        return Run(self.like, self.member, self.texts[at : at + 1], self._events[at : at + 1]).chunks()[0]

    def chunks(self) -> list[ChatCompletionChunk]:
        """All of them."""
        chunks = chunks_like(self.like, self.member, self.texts)
        for chunk, event in zip(chunks, self._events, strict=True):
            chunk.__dict__["source"] = event
        return chunks


def _contents(like: ChoiceDelta, texts: list[str]) -> list[ChoiceDelta]:
    role = like.role
    return [ChoiceDelta(role, text) for text in texts]


def _thoughts(like: ChoiceDelta, texts: list[str]) -> list[ChoiceDelta]:
    role = like.role
    return [ChoiceDelta(role, like.content, reasoning_content=text) for text in texts]


def _other_thoughts(like: ChoiceDelta, texts: list[str]) -> list[ChoiceDelta]:
    role = like.role
    return [ChoiceDelta(role, like.content, reasoning_text=text) for text in texts]


def _arguments(like: ChoiceDelta, texts: list[str]) -> list[ChoiceDelta]:
    """A piece with a name may begin another call, so only those without one are repeats."""
    if not like.tool_calls or like.tool_calls[0].name:
        return []
    piece, role = like.tool_calls[0], like.role
    functions = [FunctionCallChunk(None, text) for text in texts]
    return [
        ChoiceDelta(role, like.content, tool_calls=[ToolCallChunk(piece.index, piece.id, piece.type, function)])
        for function in functions
    ]


MEMBERS: Mapping[str, Callable[[ChoiceDelta, list[str]], list[ChoiceDelta]]] = {
    "content": _contents,
    "reasoning_content": _thoughts,
    "reasoning": _other_thoughts,
    "arguments": _arguments,
}
"""The members that hold text, and deltas with other texts in them."""


def chunks_like(like: ChatCompletionChunk, member: str, texts: list[str]) -> list[ChatCompletionChunk]:
    """The chunk with each of the texts."""
    choice = like.choices[0]
    index, reason, logprobs = choice.index, choice.finish_reason, choice.logprobs
    id_, created, model, kind = like.id, like.created, like.model, like.object
    moderation, padding, usage = like.moderation, like.obfuscation, like.usage
    tier, fingerprint = like.service_tier, like.system_fingerprint
    choices = [ChunkChoice(index, delta, reason, logprobs) for delta in MEMBERS[member](choice.delta, texts)]
    return [
        ChatCompletionChunk(id_, [choice], created, model, kind, moderation, padding, tier, fingerprint, usage)
        for choice in choices
    ]


def has_open_end(lines: bytes) -> bool:
    """Whether a line ends in the first half of an escape: a backslash that is not half of a pair."""
    return b"\\\n" in lines and b"\\\n" in lines.replace(rb"\\", b"")


class Repeats:
    """`find` the run in a read. What a sample has taught is kept for the next one."""

    __slots__ = ("_after", "_before", "_like", "_member", "_misses")

    def __init__(self) -> None:
        self._before = self._after = b""
        self._like: ChatCompletionChunk | None = None
        self._member = ""
        self._misses = 0

    def find(self, events: list[bytes]) -> tuple[int, Run] | None:
        """Where the run begins, and the run; `None` where there is none that is worth while."""
        if len(events) < MANY or self._misses > MISSES:
            return None
        middle = len(events) // 2
        found = None
        if self._is_repeat(events[middle]) or self._learn(events[middle]):
            start, stop = 0, len(events)
            while start < EDGE and not self._is_repeat(events[start]):
                start += 1
            while len(events) - stop < EDGE and not self._is_repeat(events[stop - 1]):
                stop -= 1
            found = self._run(events[start:stop])
        if found is None:
            self._misses += 1
            return None
        self._misses = 0
        return start, found

    def _is_repeat(self, event: bytes) -> bool:
        return self._like is not None and event.startswith(self._before) and event.endswith(self._after)

    def _learn(self, event: bytes) -> bool:
        """Take the event for a sample, if it is one. One that has a line break, an error or an oddity is none."""
        self._like = None
        found = TEXT.search(event)
        if found is None or b"\n" in event:
            return False
        member, before, after = found[1].decode(), event[: found.start(2)], event[found.end(2) :]
        try:
            chunks = [read_chunk(before + text + after) for text in (b"?", b"!")]
        except UNREADABLE:
            return False
        like, sample = chunks[0], before + after
        if len(like.choices) != 1 or like.choices[0].finish_reason is not None:
            return False
        if may_hold_error(sample) or is_odd_chunk(like, sample) or chunks_like(like, member, ["?", "!"]) != chunks:
            return False
        self._like, self._member, self._before, self._after = like, member, before, after
        return True

    def _run(self, events: list[bytes]) -> Run | None:
        """The events as a run if all are repeats. A text with an open end would hide the quote after it."""
        before, after = self._before, self._after
        start, stop = len(before), -len(after)
        texts = [event[start:stop] for event in events]
        if before + (after + NEXT + before).join(texts) + after != NEXT.join(events):
            return None
        if has_open_end(b"\n".join([*texts, b""])):
            return None
        try:
            read = read_texts(b'["' + b'","'.join(texts) + b'"]')
        except UNREADABLE:
            return None
        if self._like is None or len(read) != len(events):
            return None
        return Run(self._like, self._member, read, events)
