"""Chunks that differ in one piece of text and in nothing else, which is what most of a stream is made of.

They are told by their bytes: what stands before and after the text must be a sample's. The sample is read with two
texts of our own in its place, so that the place is sure to be the one that is meant; then a JSON string in it changes
nothing else, whatever the string is. So the texts of a read are decoded in one go, and the chunks are made only if
somebody wants chunks. Whatever does not fit is for the usual way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from io import BytesIO
from operator import itemgetter

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

DATA = b"data: "

data_of = itemgetter(slice(len(DATA), -1))
"""What a line says."""

read_chunk = decoder_of(ChatCompletionChunk).decode
read_text = msgspec.json.Decoder(str).decode
read_texts = msgspec.json.Decoder(list[str]).decode


class Run:
    """Chunks of one read, in order, that are `like` one but for the text in its `member`. `lines` are their bytes."""

    __slots__ = ("_lines", "index", "like", "member", "texts")

    def __init__(self, like: ChatCompletionChunk, member: str, texts: list[str], lines: list[bytes]) -> None:
        self.like = like
        self.member = member
        self.texts = texts
        self.index = like.choices[0].index
        self._lines = lines

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def has_token(self) -> bool:
        """Whether one of them has some text."""
        return any(self.texts)

    def chunk(self, at: int) -> ChatCompletionChunk:
        """One of them."""
        event = self._lines[at][len(DATA) :].rstrip(b"\n")
        chunk: ChatCompletionChunk = read_chunk(event)
        chunk.__dict__["source"] = event
        return chunk

    def chunks(self) -> list[ChatCompletionChunk]:
        """All of them."""
        if len(self.texts) == 1:
            return [self.chunk(0)]
        chunks = chunks_like(self.like, self.member, self.texts)
        for chunk, event in zip(chunks, map(data_of, self._lines), strict=True):
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


def says_more(choice: ChunkChoice, member: str) -> bool:
    """Whether there is something beside the text that is to be added up or looked at."""
    logprobs = choice.logprobs
    tokens = logprobs is not None and (logprobs.content or logprobs.refusal)
    return bool(choice.finish_reason is not None or tokens or (member != "content" and choice.delta.content))


def has_open_end(texts: list[bytes]) -> bool:
    """Whether one ends in the first half of an escape: a backslash that is not half of a pair."""
    return any(text.endswith(b"\\") and (len(text) - len(text.rstrip(b"\\"))) % 2 for text in texts)


class Repeats:
    """`read_one` event or `find` the run of a read. What a sample has taught is kept for the next one."""

    __slots__ = ("_after", "_before", "_like", "_member", "_misses")

    def __init__(self) -> None:
        self._before = self._after = b""  # what stands before and after the text, from `data: ` to the blank line
        self._like: ChatCompletionChunk | None = None  # the sample, where it may be one
        self._member = ""
        self._misses = 0

    def read_one(self, body: bytes) -> Run | None:
        """The one event that this is; `None` if it is more, or no repeat."""
        like, before, after = self._like, self._before, self._after
        start, stop = len(before), len(body) - len(after)
        if like is None or not 0 <= stop - start < start:  # what is longer may be more than one
            return None
        if body[:start] != before or body[stop:] != after:
            return None
        try:
            text = read_text(body[start - 1 : stop + 1])
        except UNREADABLE:
            return None
        self._misses = 0
        return Run(like, self._member, [text], [body])

    def look(self, data: bytes) -> None:
        """Learn from an event that came alone, once another has been like it."""
        if self._misses > MISSES:
            return
        self._misses += 1
        event = b"%b%b\n\n" % (DATA, data)
        found = TEXT.search(event)
        before, after = self._before, self._after
        if before and event.startswith(before) and event.endswith(after):
            self._learn(event, found)
        elif found is not None:
            self._like, self._before, self._after = None, event[: found.start(2)], event[found.end(2) :]

    def find(self, body: bytes) -> tuple[list[bytes], Run, list[bytes]] | None:
        """The run in these events, and those before and after it; `None` where there is none that is worth while."""
        if self._misses > MISSES:
            return None
        lines = BytesIO(body).readlines()
        events = lines[::2]
        if len(events) < MANY or lines[1::2].count(b"\n") < len(events):
            return None
        middle = events[len(events) // 2] + b"\n"
        found = None
        if self._is_repeat(middle) or self._learn(middle, TEXT.search(middle)):
            start, stop = 0, len(events)
            while start < EDGE and not self._is_repeat(events[start] + b"\n"):
                start += 1
            while len(events) - stop < EDGE and not self._is_repeat(events[stop - 1] + b"\n"):
                stop -= 1
            found = self._run(events[start:stop], body, sum(map(len, lines[: 2 * start])))
            others = events[:start] + events[stop:]
        if found is None or not all(event.startswith(DATA) for event in others):
            self._misses += 1
            return None
        self._misses = 0
        return list(map(data_of, events[:start])), found, list(map(data_of, events[stop:]))

    def _is_repeat(self, event: bytes) -> bool:
        return self._like is not None and event.startswith(self._before) and event.endswith(self._after)

    def _learn(self, event: bytes, found: re.Match[bytes] | None) -> bool:
        """Take the event for a sample, if it is one. One that has a line break, an error or an oddity is none."""
        self._like = None
        if found is None or b"\n" in event[:-2]:
            return False
        member, before, after = found[1].decode(), event[: found.start(2)], event[found.end(2) :]
        try:
            chunks = [read_chunk(before[len(DATA) :] + text + after) for text in (b"?", b"!")]
        except UNREADABLE:
            return False
        like, sample = chunks[0], before + after
        if len(like.choices) != 1 or says_more(like.choices[0], member):
            return False
        if may_hold_error(sample) or is_odd_chunk(like, sample) or chunks_like(like, member, ["?", "!"]) != chunks:
            return False
        self._like, self._member, self._before, self._after = like, member, before, after
        return True

    def _run(self, lines: list[bytes], body: bytes, start: int) -> Run | None:
        """The lines as a run if all are repeats. A text with an open end would hide the quote after it."""
        before, after = self._before, self._after
        texts = list(map(itemgetter(slice(len(before), 1 - len(after))), lines))
        if not body.startswith(before + (after + before).join(texts) + after, start):
            return None
        listed = b'["%b"]' % b'","'.join(texts)
        if b'\\","' in listed and has_open_end(texts):
            return None
        try:
            read = read_texts(listed)
        except UNREADABLE:
            return None
        if self._like is None or len(read) != len(lines):
            return None
        return Run(self._like, self._member, read, lines)
