"""Chunks that differ in one piece of text and in nothing else, which is what most of a stream is made of.

They are told by their bytes: what stands before and after the text must be a sample's. The sample is read with two
texts of our own in its place, so that the place is sure to be the one that is meant; then a JSON string in it changes
nothing else, whatever the string is. So the texts of a read are decoded in one go, and the chunks are made only if
somebody wants chunks. Whatever does not fit is for the usual way.

Some servers end each chunk with a padding, a string of any length that says nothing: that is a second such place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import repeat
from operator import itemgetter

import msgspec

from ..types.chunk import ChatCompletionChunk, ChoiceDelta, ChunkChoice, FunctionCallChunk, ToolCallChunk
from .plain import read_chunk
from .shapes import is_odd_chunk
from .sse import PIECE, split_common
from .wire import UNREADABLE, may_hold_error

MANY = 8
"""Events of a read for which it is worth while to look for others at its ends."""

LONG = 32
"""Events of a stream after which it is worth while however few come in a read."""

EDGE = 4
"""Events at the beginning and at the end of a read that may be others: the first and the last of a stream."""

MISSES = 8
"""Reads in a row without repeats after which a stream is not looked at any more."""

STRING = rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
TEXT = re.compile(rb'"(content|reasoning_content|reasoning|arguments)": ?' + STRING)

PADDING_END = b'"}\n\n'
PADDING = re.compile(STRING + rb"\}\n\n\Z")
"""The last member of an event, where that is a string."""

DATA = b"data: "
EVENT = DATA + b"%b\n\n"

data_of = itemgetter(slice(len(DATA), -1))
"""What a line says."""

read_text = msgspec.json.Decoder(str).decode
read_texts = msgspec.json.Decoder(list[str]).decode
read_pairs = msgspec.json.Decoder(list[tuple[str, str]]).decode


class Run(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Chunks of one read, in order, that are `like` one but for the text in its `member`.

    `index` is that of their choice, `lines` are the events they are; `paddings` are what they have for `obfuscation`,
    where that is another for each.
    """

    like: ChatCompletionChunk
    member: str
    index: int
    texts: list[str]
    lines: list[bytes]
    paddings: Sequence[str] = ()

    def chunk(self, at: int) -> ChatCompletionChunk:
        """One of them."""
        event = self.lines[at][len(DATA) :].rstrip(b"\n")
        chunk: ChatCompletionChunk = read_chunk(event)
        chunk.__dict__["source"] = event
        return chunk

    def chunks(self) -> list[ChatCompletionChunk]:
        """All of them."""
        if len(self.texts) == 1:
            return [self.chunk(0)]
        return chunks_like(self.like, self.member, self.texts, self.lines, self.paddings)


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
"""The members that hold text, and deltas with other texts in them: one for each, or none at all."""


def chunks_like(
    like: ChatCompletionChunk, member: str, texts: list[str], lines: Sequence[bytes], paddings: Sequence[str] = ()
) -> list[ChatCompletionChunk]:
    """The chunk with each of the texts, and of the paddings if there are any and it has one."""
    choice = like.choices[0]
    index, reason, logprobs = choice.index, choice.finish_reason, choice.logprobs
    id_, created, model, kind = like.id, like.created, like.model, like.object
    moderation, usage = like.moderation, like.usage
    tier, fingerprint = like.service_tier, like.system_fingerprint
    hidden = paddings if paddings and like.obfuscation is not None else repeat(like.obfuscation)
    chunks = []
    for delta, line, padding in zip(MEMBERS[member](choice.delta, texts), lines, hidden):  # noqa: B905 - see `MEMBERS`
        said = [ChunkChoice(index, delta, reason, logprobs)]
        chunk = ChatCompletionChunk(id_, said, created, model, kind, moderation, padding, tier, fingerprint, usage)
        chunk.__dict__["line"] = line
        chunks.append(chunk)
    return chunks


def says_more(choice: ChunkChoice, member: str) -> bool:
    """Whether there is something beside the text that is to be added up or looked at."""
    logprobs = choice.logprobs
    tokens = logprobs is not None and (logprobs.content or logprobs.refusal)
    return bool(choice.finish_reason is not None or tokens or (member != "content" and choice.delta.content))


def read_between(between: list[bytes], middle: bytes) -> tuple[list[str], Sequence[str]] | None:
    """The texts, and the paddings that follow them after the `middle`; `None` where one is no JSON string.

    They are read as one list, with line breaks of ours around the texts. A string cannot hold one, so none has an open
    end: a backslash that hides the quote after it.
    """
    try:
        if not middle:
            texts = read_texts(b'["%b"]' % b'",\n"'.join(between))
            return (texts, ()) if len(texts) == len(between) else None
        pieces = b'"],\n["'.join(between).split(middle)
        pairs = read_pairs(b'[["%b"]]' % b'",\n"'.join(pieces))
    except UNREADABLE:
        return None
    if not len(pairs) == len(between) == len(pieces) - 1:
        return None
    return [text for text, _ in pairs], [padding for _, padding in pairs]


class Sample:
    """What stands `before` and `after` the text of an event, from `data: ` to the blank line, and what it is `like`.

    Where there is a padding, `middle` stands between the text and that, and `after` behind both.
    """

    __slots__ = ("_between", "_index", "_least", "_longest", "_strings", "after", "before", "like", "member", "middle")

    def __init__(self, like: ChatCompletionChunk, member: str, before: bytes, middle: bytes, after: bytes) -> None:
        self.like = like
        self.member = member
        self.before = before
        self.middle = middle
        self.after = after
        self._index = like.choices[0].index
        self._least = len(before) + len(middle) + len(after)
        self._longest = self._least + len(before)  # what is longer may be more than one event
        self._strings = slice(len(before) - 1, 1 - len(after))
        self._between = itemgetter(slice(len(before), 1 - len(after)))  # of a line, whose end is not its own

    def frames(self, events: bytes) -> bool:
        """Whether they begin and end as it does."""
        return events.startswith(self.before) and events.endswith(self.after)

    def run(self, events: bytes) -> Run | None:
        """The events as a run, if all are repeats."""
        if len(events) < self._least or not self.frames(events):
            return None
        return self._one(events) if len(events) < self._longest else self._several(events)

    def _one(self, event: bytes) -> Run | None:
        said = event[self._strings]
        try:
            if self.middle:
                said, _, padding = said.partition(self.middle)
                said += b'"'
                read_text(b'"' + padding)
            text = read_text(said)
        except UNREADABLE:
            return None
        return Run(self.like, self.member, self._index, [text], [event])

    def _several(self, events: bytes) -> Run | None:
        before, middle, after = self.before, self.middle, self.after
        lines = BytesIO(events).readlines()[::2]
        between = list(map(self._between, lines))
        if events != before + (after + before).join(between) + after:
            return None
        read = read_between(between, middle)
        return None if read is None else Run(self.like, self.member, self._index, read[0], lines, read[1])


def cuts_of(event: bytes) -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """The member that may hold the text, and the bytes before, between and after that and a padding.

    First with a padding, if there may be one, then without.
    """
    found = TEXT.search(event)
    if found is None:
        return
    member, before, after = found[1].decode(), event[: found.start(2)], event[found.end(2) :]
    if after.endswith(PADDING_END) and (padding := PADDING.search(after, 1)):
        yield member, before, after[: padding.start(1)], after[padding.end(1) :]
    yield member, before, b"", after


def sample_of(event: bytes) -> Sample | None:
    """The event as a sample, if it is one. One that has a line break, an error or an oddity is none."""
    if b"\n" in event[:-2] or may_hold_error(event):
        return None
    return next(filter(None, (checked(*cut) for cut in cuts_of(event))), None)


def checked(member: str, before: bytes, middle: bytes, after: bytes) -> Sample | None:
    """A sample of these bytes, if what stands between them is a text and a padding and makes no other difference."""
    between, others = (b"?" + middle + b"a", b"!" + middle + b"b") if middle else (b"?", b"!")
    line = before + others + after
    try:
        like, other = read_chunk(data_of(before + between + after)), read_chunk(data_of(line))
    except UNREADABLE:
        return None
    if len(like.choices) != 1 or says_more(like.choices[0], member) or is_odd_chunk(like, before + middle + after):
        return None
    if chunks_like(like, member, ["!"], [line], ["b"] if middle else ()) != [other]:
        return None
    return Sample(like, member, before, middle, after)


class Repeats:
    """`read` what is a run as a whole, or `find` the run in it. What a sample has taught is kept for the next read."""

    __slots__ = ("_count", "_misses", "_sample", "_seen")

    def __init__(self) -> None:
        self._sample: Sample | None = None
        self._seen = b"", b""  # what stood before and after the text of the last event that came alone
        self._misses = 0
        self._count = 0  # events that came without being known for repeats

    def read(self, body: bytes) -> Run | None:
        """The run that all of it is, and not too long for a look at once; `None` if it may be something else."""
        run = None if self._sample is None or len(body) > PIECE else self._sample.run(body)
        if run is not None:
            self._misses = 0
        return run

    def look(self, data: bytes) -> None:
        """Learn from an event that came alone, once another has been like it."""
        if self._misses > MISSES:
            return
        self._misses += 1
        event = EVENT % data
        before, after = self._seen
        if before and event.startswith(before) and event.endswith(after):
            self._sample = sample_of(event)
        elif cut := next(cuts_of(event), None):
            self._sample, self._seen = None, (cut[1], cut[3])

    def find(self, body: bytes) -> tuple[list[bytes], Run | None, list[bytes]]:
        """The run in these events, and those before and after it; all are before where none is worth while."""
        is_looked_at = self._misses <= MISSES
        run = self._sample.run(body) if is_looked_at and self._sample is not None else None
        if run is not None:
            self._misses = 0
            return [], run, []
        events = split_common(body)
        self._count += len(events)
        is_worth_it = is_looked_at and (len(events) >= MANY or (len(events) > 1 and self._count > LONG))
        return (self._find_among(events, body) if is_worth_it else None) or (events, None, [])

    def _find_among(self, events: list[bytes], body: bytes) -> tuple[list[bytes], Run, list[bytes]] | None:
        """The run in these events, of which the first and the last may be others."""
        middle = EVENT % events[len(events) // 2]
        if self._sample is None or not self._sample.frames(middle):
            self._sample = sample_of(middle)
        found, sample = None, self._sample
        if sample is not None:
            start, stop = 0, len(events)
            while start < EDGE and not sample.frames(EVENT % events[start]):
                start += 1
            while len(events) - stop < EDGE and not sample.frames(EVENT % events[stop - 1]):
                stop -= 1
            found = sample.run(body[size_of(events[:start]) : len(body) - size_of(events[stop:])])
        if found is None:
            self._misses += 1
            return None
        self._misses = 0
        return events[:start], found, events[stop:]


def size_of(events: list[bytes]) -> int:
    """What events of this data take."""
    return sum(map(len, events)) + len(EVENT % b"") * len(events)
