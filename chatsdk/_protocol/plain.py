"""Events that are all as the API sends them, read together; one that is not is for whoever reads them one by one."""

from __future__ import annotations

from ..types.chunk import ChatCompletionChunk
from .shapes import is_odd_chunk, may_hold_odd
from .wire import UNREADABLE, decoder_of, may_hold_error

read_chunk = decoder_of(ChatCompletionChunk).decode


def read_plain(events: list[bytes]) -> list[ChatCompletionChunk] | None:
    """The chunks of events, all as the API sends them; `None` where one is not."""
    data = b"\n".join(events)
    if data.count(b"\n") >= max(len(events), 1) or may_hold_error(data):
        return None
    try:
        chunks = list(map(read_chunk, events))
    except UNREADABLE:
        return None
    if not all([chunk.choices for chunk in chunks]):  # noqa: C419 - a list is faster than a generator
        return None
    if may_hold_odd(data) and any(map(is_odd_chunk, chunks, events)):
        return None
    for chunk, event in zip(chunks, events, strict=True):
        chunk.__dict__["source"] = event
    return chunks
