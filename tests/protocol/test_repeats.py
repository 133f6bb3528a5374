"""Runs of chunks that differ in a text only: the same comes out as if each had come alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsdk._head import Head
from chatsdk._protocol.accumulate import Accumulator
from chatsdk._protocol.chunks import ChunkDecoder, in_chunks
from chatsdk._protocol.events import EventReader
from chatsdk._protocol.handout import Handout
from chatsdk._protocol.repeats import LONG, MANY, MISSES, Repeats, Run, read_between
from chatsdk.errors import ResponseTooLargeError
from chatsdk.types import ChatCompletionChunk

HEAD = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "system_fingerprint": "f"}


def delta_of(member: str, text: str) -> dict[str, Any]:
    if member == "arguments":
        return {"tool_calls": [{"index": 0, "id": "call_1", "function": {"arguments": text}}]}
    return {"role": "assistant", member: text}


def event(delta: dict[str, Any], *, index: int = 0, reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
    return b"data: " + json.dumps({**HEAD, "choices": [choice], **more}).encode() + b"\n\n"


def read_together(events: list[bytes]) -> tuple[list[ChatCompletionChunk], int]:
    """The chunks, and how many of them came in runs."""
    decoder = ChunkDecoder(Head(200))
    parts = decoder.feed_parts(b"".join(events))
    assert decoder.error is None
    return in_chunks(parts), sum(len(part.texts) for part in parts if isinstance(part, Run))


def read_alone(events: list[bytes]) -> list[ChatCompletionChunk]:
    """The chunks as they are read one by one; with a comment before each, none is of the commonest form."""
    decoder = ChunkDecoder(Head(200))
    return [chunk for single in events for chunk in decoder.feed(b":\n" + single)]


def added_up(chunks: list[ChatCompletionChunk]) -> Any:
    whole = Accumulator()
    for chunk in chunks:
        whole.add(chunk)
    return whole.completion()


TEXTS = st.text(st.one_of(st.sampled_from('a\\"\n,/ é😀\u2028'), st.characters(codec="utf-8")), max_size=6)


@pytest.mark.parametrize("member", ["content", "reasoning_content", "reasoning", "arguments"])
@pytest.mark.parametrize("padding", [None, "obfuscation", "p"])
@given(texts=st.lists(TEXTS, min_size=MANY, max_size=30), ascii_only=st.booleans())
def test_a_run_is_the_chunks_that_came(member: str, padding: str | None, texts: list[str], ascii_only: bool) -> None:
    first = event({"role": "assistant", "content": ""})
    padded = [{padding: other} if padding else {} for other in reversed(texts)]
    middle = [event(delta_of(member, text), **more) for text, more in zip(texts, padded, strict=True)]
    events = [first, *middle, event({}, reason="stop")]
    if not ascii_only:
        events = [json_of(one) for one in events]
    together, in_runs = read_together(events)
    alone = read_alone(events)

    assert together == alone
    assert [chunk.raw for chunk in together] == [chunk.raw for chunk in alone]
    assert in_runs >= len(texts)


def json_of(one: bytes) -> bytes:
    return b"data: " + json.dumps(json.loads(one[6:]), ensure_ascii=False).encode() + b"\n\n"


@given(texts=st.lists(TEXTS, min_size=MANY, max_size=30), data=st.data())
def test_what_is_handed_out_is_what_is_added_up(texts: list[str], data: st.DataObject) -> None:
    member = data.draw(st.sampled_from(["content", "reasoning", "arguments"]))
    events = [event(delta_of(member, text)) for text in texts]
    whole = Accumulator()
    handout = Handout(whole)
    handout.extend(ChunkDecoder(Head(200)).feed_parts(b"".join(events)))
    alone = read_alone(events)
    taken = 0
    while handout.has_next():
        step = data.draw(st.sampled_from(["chunk", "items", "other items", "pass over", "settle"]))
        if step == "chunk":
            assert handout.take_chunk() == alone[taken]
            taken += 1
        elif step == "pass over":
            assert handout.run is not None
            handout.pass_over()
            taken = len(texts)
        elif step != "settle":
            item = taken_by(handout, step, lambda run: run.texts)
            assert item == texts[taken]
            taken += 1
        handout.settle()
        assert whole.completion() == added_up(alone[:taken])
    assert taken == len(texts)


def taken_by(handout: Handout, view: str, of_run: Callable[[Run], list[str] | None]) -> str | None:
    """What a view makes of the next chunk, `None` where it needs the chunk."""
    return next(handout.items) if handout.show(view, of_run) else None


def plain(count: int = MANY * 2) -> list[bytes]:
    return [event({"content": f" word{number}"}) for number in range(count)]


def test_the_first_and_the_last_of_a_read_may_be_others() -> None:
    events = [event({"role": "assistant"}), *plain(), event({}, reason="stop"), event({}, usage={"total_tokens": 3})]

    together, in_runs = read_together(events)

    assert (together, in_runs) == (read_alone(events), MANY * 2)


@pytest.mark.parametrize(
    "odd",
    [
        event({"content": "x"}, index=1),
        event({"content": "x", "refusal": "no"}),
        event({"content": "x"}, usage={"total_tokens": 1}),
        event({"content": "x"}, reason="stop"),
        event({"content": 1}),
        event({"content": "x"}).replace(b'"x"', b'"\\ud83d"'),
    ],
)
def test_one_that_differs_in_more_is_read_the_usual_way(odd: bytes) -> None:
    events = [*plain(), odd, *plain()]

    together, in_runs = read_together(events)

    assert (together, in_runs) == (read_alone(events), 0)


@pytest.mark.parametrize(
    "text", [b'a","b', b"a\\", b"a\nb", b'x"},"finish_reason":null}]}\n\ndata: {"choices":[{"delta":{"content":"y']
)
def test_bytes_that_are_no_json_string_are_never_one(text: bytes) -> None:
    events = plain()
    events[5] = events[5].replace(b" word5", text)

    together, alone = ChunkDecoder(Head(200)), ChunkDecoder(Head(200))
    chunks = together.feed(b"".join(events))

    assert chunks == [chunk for single in events for chunk in alone.feed(single)]
    assert type(together.error) is type(alone.error)


def test_a_sample_with_a_finish_reason_an_error_or_more_than_one_choice_teaches_nothing() -> None:
    two = {**HEAD, "choices": [{"index": 0, "delta": {"content": "x"}}, {"index": 1, "delta": {"content": "y"}}]}
    for sample in (
        event({"content": "x"}, reason="stop"),
        event({"content": "x"}, error={"message": "no"}),
        event({"role": "assistant"}),
        event({"content": "x", "tool_calls": [{"function": {"name": "f", "arguments": ""}}]}),
        event({"tool_calls": [{"function": {"name": "f", "arguments": "x"}}]}),
        b"data: " + json.dumps(two).encode() + b"\n\n",
        b'data: {"choices":[{"delta":{"content":"x"}}]\n\n',
        b'data: {"choices":[{"delta":{}}],"content":"?"}\n\n',
    ):
        assert Repeats().find(sample * MANY)[1] is None


def test_a_stream_without_repeats_is_soon_not_looked_at_any_more() -> None:
    repeats = Repeats()
    mixed = b"".join(event({"content": "x"}, index=number % 2) for number in range(MANY))
    for _ in range(MISSES + 1):
        assert repeats.find(mixed)[1] is None

    assert repeats.find(b"".join(plain()))[1] is None


@pytest.mark.parametrize("few", [2, 3, MANY - 1])
def test_a_long_stream_has_runs_though_few_events_come_in_a_read(few: int) -> None:
    events = plain(LONG * 3)
    decoder, parts, in_runs = ChunkDecoder(Head(200)), [], []
    for at in range(0, len(events), few):
        found = decoder.feed_parts(b"".join(events[at : at + few]))
        in_runs += [isinstance(part, Run) for part in found]
        parts += found

    chunks = in_chunks(parts)
    assert not any(in_runs[: LONG // few])
    assert all(in_runs[LONG // few + 1 :])
    assert (chunks, [chunk.raw for chunk in chunks]) == (read_alone(events), [one.raw for one in read_alone(events)])


def test_a_repeat_that_comes_after_the_end_is_not_read() -> None:
    decoder = ChunkDecoder(Head(200))
    decoder.feed_parts(b"".join(plain()) + b"data: [DONE]\n\n")

    assert decoder.done
    assert in_chunks(decoder.feed_parts(plain()[0])) == []


def test_a_repeat_over_the_limit_is_refused_as_any_event_is() -> None:
    decoder = ChunkDecoder(Head(200), event_limit=len(plain()[0]) + 10)
    chunks = [chunk for one in [*plain(3), event({"content": "x" * 60})] for chunk in decoder.feed(one)]

    assert len(chunks) == 3
    assert isinstance(decoder.error, ResponseTooLargeError)


def read_one_by_one(events: list[bytes]) -> tuple[list[ChatCompletionChunk], int]:
    """The chunks, and how many of them came as repeats, where each event is a read."""
    decoder = ChunkDecoder(Head(200))
    parts = [part for one in events for part in decoder.feed_parts(one)]
    assert decoder.error is None
    return in_chunks(parts), sum(isinstance(part, Run) for part in parts)


@pytest.mark.parametrize("member", ["content", "reasoning_content", "reasoning", "arguments"])
@pytest.mark.parametrize("padding", [None, "obfuscation", "p"])
@given(texts=st.lists(TEXTS, min_size=3, max_size=9))
def test_events_that_come_alone_are_repeats_once_two_are_alike(
    member: str, padding: str | None, texts: list[str]
) -> None:
    first = event({"role": "assistant", "refusal": None})
    padded = [{padding: other} if padding else {} for other in reversed(texts)]
    middle = [event(delta_of(member, text), **more) for text, more in zip(texts, padded, strict=True)]
    events = [first, *middle, event({}, reason="stop")]

    chunks, repeats = read_one_by_one(events)

    alone = read_alone(events)
    assert [(chunk, chunk.raw) for chunk in chunks] == [(chunk, chunk.raw) for chunk in alone]
    assert repeats == len(texts) - 2


@pytest.mark.parametrize(
    "text",
    [b'a","b', b"a\\", b"a\nb", b"\xff", b'x"},"finish_reason":null}]}\n\ndata: {"choices":[{"delta":{"content":"y'],
)
def test_bytes_that_are_no_json_string_are_none_in_an_event_that_comes_alone_either(text: bytes) -> None:
    events = plain()
    events[5] = events[5].replace(b" word5", text)

    alone, together = ChunkDecoder(Head(200)), ChunkDecoder(Head(200))
    parts = [part for one in events for part in alone.feed_parts(one)]

    assert in_chunks(parts) == together.feed(b":\n" + b"".join(events))
    assert str(alone.error) == str(together.error)


def test_a_sample_is_learned_again_when_the_stream_goes_on_with_something_else() -> None:
    thoughts = [event({"reasoning": f"hm{number}"}) for number in range(5)]

    chunks, repeats = read_one_by_one([*thoughts, *plain(5)])

    assert chunks == read_alone([*thoughts, *plain(5)])
    assert repeats == 6


def test_a_stream_of_events_that_all_differ_is_soon_not_looked_at_any_more() -> None:
    mixed = [event({"content": "x"}, index=number % 2) for number in range(MISSES + 1)]

    assert read_one_by_one([*mixed, *plain()])[1] == 0


OTHERS = (
    event({"tool_calls": [{"index": 1, "id": "call_2", "function": {"name": "g", "arguments": ""}}]}),
    event({"tool_calls": [{"index": 1, "function": {"arguments": "}"}}]}),
    event({"role": "assistant", "content": "x"}, index=1),
    event({"reasoning": "hm", "content": "x"}),
    event({}, usage={"total_tokens": 3}),
    b": ping\n\n",
    b"",
)


@given(data=st.data())
def test_what_comes_one_by_one_is_added_up_whatever_comes_in_between(data: st.DataObject) -> None:
    members = data.draw(st.lists(st.sampled_from(["content", "reasoning", "arguments", *OTHERS]), max_size=30))
    events = [one if isinstance(one, bytes) else event(delta_of(one, f"w{at}")) for at, one in enumerate(members)]
    whole = Accumulator()
    handout, decoder = Handout(whole), ChunkDecoder(Head(200))
    for one in events:
        handout.extend(decoder.feed_parts(one))
        while handout.has_next():
            if handout.run is None:
                handout.take_chunk()
            else:
                taken_by(handout, "texts", lambda run: run.texts)
    handout.settle()

    assert whole.completion() == added_up(read_alone(events))


def with_logprobs(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "logprobs": {"content": [{"token": "?"}]}}
    return b"data: " + json.dumps({**HEAD, "choices": [choice]}).encode() + b"\n\n"


@pytest.mark.parametrize(
    "events",
    [
        [event({"reasoning": f"hm{number}", "content": "x"}) for number in range(MANY)],
        [with_logprobs(f"word{number}") for number in range(MANY)],
    ],
)
def test_chunks_that_all_add_something_beside_the_text_are_no_run(events: list[bytes]) -> None:
    assert read_together(events) == (read_alone(events), 0)


@pytest.mark.parametrize(
    "sample", [event({"content": "x"}, usage={"total_tokens": 0}), event({"content": "x", "reasoning": "y"})]
)
def test_an_event_that_says_more_than_a_text_is_no_sample_when_it_comes_alone(sample: bytes) -> None:
    chunks, repeats = read_one_by_one([sample] * 4)

    assert (chunks, repeats) == (read_alone([sample] * 4), 0)


@pytest.mark.parametrize("middle", [b"", b'"},"p":"'])
@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([b"a", b"b"], ["a", "b"]),
        ([b"a\\\\", b"b"], ["a\\", "b"]),
        ([b'a\\",', b",b"], ['a",', ",b"]),
        ([b"a\\", b","], None),
        ([b"a\\\\\\", b"b"], None),
        ([b"a", b"b\\"], None),
        ([b"a\\", b',"b'], None),
        ([b'a","b', b"c"], None),
    ],
)
def test_a_text_with_an_open_end_is_no_string(texts: list[bytes], middle: bytes, expected: list[str] | None) -> None:
    between = [text + middle + b"pad" if middle else text for text in texts]

    read = read_between(between, middle)

    paddings = ["pad"] * len(texts) if middle else ()
    assert read == (None if expected is None else (expected, paddings))


@pytest.mark.parametrize(
    "between",
    [
        [b'a"},"p":"b', b'a"},"p":"b"},"p":"c'],
        [b'a"},"p":"b', b'a","b'],
        [b'a","b', b'a"},"p":"b"},"p":"c'],
        [b'a"},"p":"b"],["a","b', b'a"},"p":"b'],
        [b'a"},"p":"b\\', b'a"},"p":"b'],
        [b"a", b"b"],
    ],
)
def test_a_text_and_its_padding_have_the_middle_between_them_once(between: list[bytes]) -> None:
    assert read_between(between, b'"},"p":"') is None


def test_pieces_of_json_are_repeats_wherever_they_are_cut() -> None:
    text = json.dumps([{"name": 'a "b" \\ c', "id": number} for number in range(40)])
    for size in range(1, 8):
        lines = [event({"content": text[at : at + size]}) for at in range(0, len(text), size)]

        together, in_runs = read_together(lines)

        assert "".join(chunk.choices[0].delta.content or "" for chunk in together) == text
        assert in_runs == len(lines)


def test_what_a_view_makes_of_a_run_is_made_once_however_views_take_turns() -> None:
    handout = Handout(Accumulator())
    handout.extend(ChunkDecoder(Head(200)).feed_parts(b"".join(plain())))
    asked: list[str] = []

    def texts(run: Run) -> list[str]:
        asked.append("texts")
        return run.texts

    def nothing(run: Run) -> None:
        asked.append("nothing")

    taken = []
    while handout.has_next():
        assert taken_by(handout, "nothing", nothing) is None
        taken.append(handout.take_chunk().choices[0].delta.content)
        if handout.has_next():
            taken.append(taken_by(handout, "texts", texts))

    assert taken == [f" word{number}" for number in range(MANY * 2)]
    assert sorted(asked) == ["nothing", "texts"]


def test_one_chunk_of_a_run_is_the_chunk_that_came() -> None:
    run = next(part for part in ChunkDecoder(Head(200)).feed_parts(b"".join(plain())) if isinstance(part, Run))

    chunk = run.chunk(2)

    assert (chunk, chunk.raw) == (read_alone(plain())[2], read_alone(plain())[2].raw)


def test_a_chunk_that_is_none_beside_a_run_fails_as_it_does_alone() -> None:
    bad = b'data: {"choices": 7}\n\n'
    decoder = ChunkDecoder(Head(200))

    chunks = in_chunks(decoder.feed_parts(b"".join([*plain(), bad])))

    alone = ChunkDecoder(Head(200))
    assert chunks == [chunk for one in [*plain(), bad] for chunk in alone.feed(one)]
    assert str(decoder.error) == str(alone.error) != "None"


def test_chunks_that_are_no_run_are_handed_out_too_and_a_view_gets_none_of_them() -> None:
    whole = Accumulator()
    handout = Handout(whole)
    chunks = read_alone([event({"content": "a"}), event({"content": "b"}, reason="stop")])
    handout.extend([chunks])

    assert handout.has_next()
    assert taken_by(handout, "texts", lambda run: run.texts) is None
    assert [handout.take_chunk(), handout.take_chunk()] == chunks
    assert not handout.has_next()
    assert whole.completion() == added_up(chunks)


def test_what_is_cleared_is_not_handed_out_and_what_was_handed_out_counts() -> None:
    whole = Accumulator()
    handout = Handout(whole)
    handout.extend(ChunkDecoder(Head(200)).feed_parts(b"".join(plain())))
    assert handout.has_next()
    assert taken_by(handout, "texts", lambda run: run.texts) == " word0"

    handout.clear()

    assert not handout.has_next()
    assert whole.completion() == added_up(read_alone(plain())[:1])


@pytest.mark.parametrize("member", ["content", "reasoning"])
def test_the_events_of_a_run_are_those_of_its_chunks(member: str) -> None:
    lines = [event({member: f"word{number}"}) for number in range(MANY * 2)]
    (run,) = [part for part in ChunkDecoder(Head(200)).feed_parts(b"".join(lines)) if isinstance(part, Run)]

    together = EventReader(Accumulator()).read_run(run)

    assert (together is None) == (member != "content")
    if together is not None:
        whole = Accumulator()
        reader = EventReader(whole)
        alone = []
        for chunk in read_alone(lines):
            whole.add(chunk)
            alone += reader.read(chunk)
        assert together == alone


@pytest.mark.parametrize("more", [{"usage": {"total_tokens": 1}}, {"logprobs": {"content": []}}])
def test_a_run_with_more_than_texts_has_its_events_read_chunk_by_chunk(more: dict[str, Any]) -> None:
    texts = [f"word{number}" for number in range(MANY * 2)]
    choices = [{"index": 0, "delta": {"content": text}, "logprobs": more.get("logprobs")} for text in texts]
    bodies = [{**HEAD, "choices": [choice], "usage": more.get("usage")} for choice in choices]
    lines = b"".join(b"data: " + json.dumps(body).encode() + b"\n\n" for body in bodies)
    (run,) = [part for part in ChunkDecoder(Head(200)).feed_parts(lines) if isinstance(part, Run)]

    assert EventReader(Accumulator()).read_run(run) is None
