"""The sample answers of `tests/cases`; its README says what is in the files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsdk._protocol.accumulate import Accumulator
from chatsdk._protocol.chunks import as_chunk, read_completion
from chatsdk._protocol.events import EventReader
from chatsdk.errors import from_response
from chatsdk.types import (
    AudioDelta,
    ChatCompletion,
    Event,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    TextDone,
    ToolCallDelta,
    ToolCallDone,
)

from ..cases import BODIES, FILES, body_of, is_stream, is_told, sample, told, told_error, wanted
from .pieces import HEAD, cuttings, read

QUIRKS = Path(__file__).parents[3] / "shared" / "wire" / "quirks.md"

SECTIONS = ("1", "2", "3", "4", "5", "6", "7", "7b")
"""Those parts of the table that are about the bodies of good answers."""

CASES = [name for name in BODIES if sample(name).status == 200]
STREAMS = [name for name in CASES if is_stream(name)]
REFUSALS = sorted(BODIES.keys() - set(CASES))

LONG = 1 << 13
"""Bytes of a body of which only some places are tried."""

SOME = 40


def places(case: str) -> range:
    """Where to cut: at every place in samples of how bytes become events, which come first in the table."""
    size = len(body_of(case))
    is_framing = sample(case).row.partition(":")[0] in ("", "1", "2") and size <= LONG
    return range(0, size, 1 if is_framing else max(1, size // SOME))


def test_every_sample_has_both_its_files() -> None:
    assert BODIES
    assert set(FILES) == {path.with_suffix(suffix) for path in BODIES.values() for suffix in (path.suffix, ".json")}


@pytest.mark.skipif(not QUIRKS.exists(), reason="NOT TESTED: ../shared/wire/quirks.md is not beside this repository")
def test_every_quirk_of_the_table_has_a_sample() -> None:
    told_rows = {sample(name).row for name in BODIES} - {""}
    for section in SECTIONS:
        table = re.search(rf"^## {section}\. .*?(?=^## )", QUIRKS.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        assert table
        rows = [line for line in table[0].splitlines() if line.startswith("|")][2:]
        assert len([row for row in told_rows if row.startswith(f"{section}: ")]) == len(rows), section
    assert {row.partition(":")[0] for row in told_rows} <= {*SECTIONS}


@pytest.mark.parametrize("case", CASES)
def test_a_sample_comes_to_what_its_json_says_however_it_is_cut(case: str) -> None:
    body, expected = body_of(case), sample(case)
    whole = read([body])
    assert told(whole.completion) == wanted(expected, whole.completion)
    assert is_told(told(whole.completion), expected.completion)
    assert (len(whole.chunks), whole.done) == (expected.chunks, expected.done)
    assert told_error(whole.error, expected) == expected.error
    assert read(body[place : place + 1] for place in range(len(body))).facts == whole.facts
    for place in places(case):
        assert read([body[:place], body[place:]]).facts == whole.facts, place


@pytest.mark.parametrize("case", REFUSALS)
def test_a_sample_under_the_status_of_an_error_is_that_error(case: str) -> None:
    expected = sample(case)
    error = from_response(expected.status, expected.answer_headers, body_of(case))
    assert told_error(error, expected) == expected.error


@settings(max_examples=10)
@pytest.mark.parametrize("case", CASES)
@given(data=st.data())
def test_random_cuts_of_a_sample_change_nothing(case: str, data: st.DataObject) -> None:
    body = body_of(case)
    assert read(data.draw(cuttings(body))).facts == read([body]).facts


@pytest.mark.parametrize("case", STREAMS)
def test_a_sample_with_other_line_ends_is_the_same(case: str) -> None:
    body = body_of(case)
    for line_end in (b"\r\n", b"\r"):
        assert read([body.replace(b"\n", line_end)]).facts == read([body]).facts


@pytest.mark.parametrize("case", CASES)
def test_a_sample_in_answer_to_a_plain_call_is_its_completion(case: str) -> None:
    ending = read([body_of(case)])
    if ending.error is None:
        assert read_completion(body_of(case), HEAD) == ending.completion
    else:
        with pytest.raises(type(ending.error)) as caught:
            read_completion(body_of(case), HEAD)
        assert (caught.value.partial or ChatCompletion()) == ending.completion


@pytest.mark.parametrize("case", CASES)
def test_the_completion_of_a_sample_as_a_chunk_adds_up_to_itself(case: str) -> None:
    completion = read([body_of(case)]).completion
    accumulator = Accumulator()
    accumulator.add(as_chunk(completion))
    assert accumulator.completion() == completion


@pytest.mark.parametrize("case", CASES)
def test_every_beginning_of_a_sample_is_readable(case: str) -> None:
    body = body_of(case)
    whole = read([body])
    for end in places(case):
        beginning = read([body[:end]])
        assert beginning.chunks == whole.chunks[: len(beginning.chunks)]
        if beginning.error is None:
            assert beginning.completion.text == whole.completion.text


@pytest.mark.parametrize("case", CASES)
def test_the_events_of_a_sample_add_up_to_its_completion(case: str) -> None:
    accumulator = Accumulator()
    reader = EventReader(accumulator)
    events: list[Event] = []
    ending = read([body_of(case)])
    for chunk in ending.chunks:
        accumulator.add(chunk)
        events += reader.read(chunk)
    events += reader.finish()
    for choice in ending.completion.choices:
        mine = [event for event in events if getattr(event, "index", None) == choice.index]
        message = choice.message
        whole_texts = [message.content] if message.content else []
        assert [event.text for event in mine if isinstance(event, TextDone)] == whole_texts
        assert "".join(event.text for event in mine if isinstance(event, TextDelta)) == (message.content or "")
        assert "".join(event.text for event in mine if isinstance(event, ReasoningDelta)) == (message.reasoning or "")
        assert "".join(event.text for event in mine if isinstance(event, RefusalDelta)) == (message.refusal or "")
        spoken = "".join(event.transcript for event in mine if isinstance(event, AudioDelta))
        assert spoken == (message.audio.transcript if message.audio else "")
        done = {event.position: event for event in mine if isinstance(event, ToolCallDone)}
        legacy = [message.function_call] if message.function_call and not message.tool_calls else []
        assert sorted((call.name, call.arguments) for call in message.tool_calls or legacy) == sorted(
            (event.name, event.arguments) for event in done.values()
        )
        assert {call.id for call in message.tool_calls or ()} in ({event.id for event in done.values()}, set())
        for position, event in done.items():
            pieces = [e.arguments for e in mine if isinstance(e, ToolCallDelta) and e.position == position]
            assert "".join(pieces) == event.arguments
        assert mine[-1] == Finished(choice.index, choice.finish_reason)
    ended = [event.index for event in events if isinstance(event, TextDone | ToolCallDone | Finished)]
    assert ended == sorted(ended)
