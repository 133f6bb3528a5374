"""The sample streams of `tests/cases`; its README says what is in the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsdk import errors
from chatsdk._protocol.accumulate import Accumulator
from chatsdk._protocol.chunks import as_chunk, read_completion
from chatsdk._protocol.events import EventReader
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

from .pieces import HEAD, cuttings, read, ways_to_cut

FOLDER = Path(__file__).parents[1] / "cases"

CASES = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.sse"))


class Expected(msgspec.Struct, forbid_unknown_fields=True):
    """What a `.json` says."""

    chunks: int
    done: bool
    completion: dict[str, Any]
    error: dict[str, Any] = {}


def body_of(case: str) -> bytes:
    return (FOLDER / f"{case}.sse").read_bytes()


def expected_of(case: str) -> Expected:
    return msgspec.json.decode((FOLDER / f"{case}.json").read_bytes(), type=Expected)


def holds(found: Any, wanted: Any) -> bool:
    """Whether a document has all that is wanted of it, so that a misspelt member does not go unseen."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(holds(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(holds, found, wanted))
    return bool(found == wanted)


def test_every_sample_has_both_its_files() -> None:
    assert CASES
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*")}
    assert files == {case + suffix for case in CASES for suffix in (".sse", ".json")}


@pytest.mark.parametrize("case", CASES)
def test_a_sample_comes_to_what_its_json_says_however_it_is_cut(case: str) -> None:
    body, expected = body_of(case), expected_of(case)
    whole = read([body])
    assert (len(whole.chunks), whole.done) == (expected.chunks, expected.done)
    assert whole.completion == msgspec.convert(expected.completion, ChatCompletion)
    assert holds(msgspec.to_builtins(whole.completion), expected.completion)
    facts = dict(expected.error)
    assert type(whole.error) is (getattr(errors, facts.pop("class")) if facts else type(None))
    assert {name: getattr(whole.error, name) for name in facts} == facts
    for pieces in ways_to_cut(body):
        assert read(pieces).facts == whole.facts, pieces


@settings(max_examples=20)
@pytest.mark.parametrize("case", CASES)
@given(data=st.data())
def test_random_cuts_of_a_sample_change_nothing(case: str, data: st.DataObject) -> None:
    body = body_of(case)
    assert read(data.draw(cuttings(body))).facts == read([body]).facts


@pytest.mark.parametrize("case", CASES)
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
        assert caught.value.partial == ending.completion


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
    for end in range(len(body)):
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
        assert {(call.id, call.name, call.arguments) for call in message.tool_calls or ()} == {
            (event.id, event.name, event.arguments) for event in done.values()
        }
        for position, event in done.items():
            pieces = [e.arguments for e in mine if isinstance(e, ToolCallDelta) and e.position == position]
            assert "".join(pieces) == event.arguments
        assert mine[-1] == Finished(choice.index, choice.finish_reason)
