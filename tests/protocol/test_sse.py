"""Bytes to events. Every row runs whole, byte by byte and in two at every place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsdk._protocol.sse import BOM, PIECE, ServerEvent, SSEDecoder, encode_event, split_common

from .pieces import cuttings, ways_to_cut, work_of

E = ServerEvent

CASES: dict[str, tuple[bytes, list[ServerEvent]]] = {
    "nothing": (b"", []),
    "one event": (b"data: a\n\n", [E(b"a")]),
    "two events": (b"data: a\n\ndata: b\n\n", [E(b"a"), E(b"b")]),
    "no space after the colon": (b"data:a\n\n", [E(b"a")]),
    "only one space is dropped": (b"data:   a \n\n", [E(b"  a ")]),
    "a colon in the data": (b"data: a: b\n\n", [E(b"a: b")]),
    "CR": (b"data: a\r\rdata: b\r\r", [E(b"a"), E(b"b")]),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [E(b"a"), E(b"b")]),
    "line ends mixed": (b"data: a\r\n\ndata: b\r\r\ndata: c\n\rdata: d\n\r\n", [E(b"a"), E(b"b"), E(b"c"), E(b"d")]),
    "an LF after a CR ends no second line": (b"data: a\r\ndata: b\r\n\r\n", [E(b"a\nb")]),
    "CR at the very end": (b"data: a\n\r", [E(b"a")]),
    "several lines of data": (b"data: a\ndata:\ndata: b\n\n", [E(b"a\n\nb")]),
    "data without a colon is an empty line": (b"data\n\n", [E(b"")]),
    "empty data": (b"data:\n\n", [E(b"")]),
    "a byte order mark": (BOM + b"data: a\n\n", [E(b"a")]),
    "a byte order mark and nothing else": (BOM, []),
    "a second byte order mark belongs to the field": (BOM + BOM + b"data: a\n\n", []),
    "a byte order mark later on belongs to the field": (b"data: a\n\n" + BOM + b"data: b\n\n", [E(b"a")]),
    "comments": (b": PROCESSING\n\n:\n\ndata: a\n: ping\ndata: b\n\n: bye\n\n", [E(b"a\nb")]),
    "blank lines": (b"\n\n\r\n\rdata: a\n\n\n\n\n", [E(b"a")]),
    "a named event": (b"event: error\ndata: a\n\ndata: b\n\n", [E(b"a", "error"), E(b"b")]),
    "a name after the data": (b"data: a\nevent: ping\n\n", [E(b"a", "ping")]),
    "the last name holds": (b"event: a\nevent: b\ndata: c\n\n", [E(b"c", "b")]),
    "an empty name is the usual one": (b"event: a\nevent\ndata: c\n\n", [E(b"c")]),
    "a name that is no UTF-8": (b"event: \xff\ndata: c\n\n", [E(b"c", "\ufffd")]),
    "a name without data is forgotten": (b"event: ping\n\ndata: a\n\n", [E(b"a")]),
    "id without data": (b"id: 1\n\ndata: a\n\nid: 2\n\n: ping\n\n", [E(b"a")]),
    "id and retry around data": (b"id: 1\nretry: 3000\ndata: a\nid\n\nretry: 1\n\n", [E(b"a")]),
    "unknown fields": (b"foo: bar\ndatax: no\n data: no\nDATA: no\ndata: a\n\n", [E(b"a")]),
    "the field error": (b'error: {"code":400}\n\n', [E(b'{"code":400}', "error")]),
    "the field error without a blank line": (b"error:no\n", [E(b"no", "error")]),
    "line separators of Unicode stay data": (
        "data: a\u2028b\u2029c\u0085d\n\n".encode(),
        [E("a\u2028b\u2029c\u0085d".encode())],
    ),
    "other white space stays data": (b"data: a\x0bb\x0cc\x1cd\x00\n\n", [E(b"a\x0bb\x0cc\x1cd\x00")]),
    "bad UTF-8 stays as it is": (b"data: a\xf0\x9fb\xff\n\n", [E(b"a\xf0\x9fb\xff")]),
    "the last event without its blank line": (b"data: a\n\ndata: b\n", [E(b"a"), E(b"b")]),
    "the last event without a line end": (b"data: a\n\ndata: b", [E(b"a"), E(b"b")]),
    "the last event of several lines": (b"event: x\ndata: a\ndata: b", [E(b"a\nb", "x")]),
    "a comment at the end": (b"data: a\n\n: bye", [E(b"a")]),
    "half a field at the end": (b"data: a\n\ndat", [E(b"a")]),
}


def events_of(pieces: list[bytes]) -> list[ServerEvent]:
    decoder = SSEDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.finish()


@pytest.mark.parametrize("name", CASES)
def test_bytes_give_these_events_however_they_are_cut(name: str) -> None:
    body, events = CASES[name]
    for pieces in ways_to_cut(body):
        assert events_of(pieces) == events, pieces


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=15)
@given(data=st.data())
def test_random_cuts_and_empty_pieces_change_nothing(name: str, data: st.DataObject) -> None:
    body, events = CASES[name]
    assert events_of(data.draw(cuttings(body))) == events


@given(data=st.data(), body=st.binary() | st.text("data:event \r\n\ufeff").map(str.encode))
def test_cuts_of_any_bytes_change_nothing(data: st.DataObject, body: bytes) -> None:
    assert events_of(data.draw(cuttings(body))) == events_of([body])


NO_LINE_ENDS = st.binary(max_size=20).map(lambda text: text.replace(b"\r", b"").replace(b"\n", b""))
NAMES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=8).map(str.lstrip)


@given(
    events=st.lists(st.builds(E, st.lists(NO_LINE_ENDS, min_size=1).map(b"\n".join), NAMES)),
    line_end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    start=st.sampled_from([b"", BOM]),
)
def test_what_is_written_as_events_reads_as_those_events(
    events: list[ServerEvent], line_end: bytes, start: bytes
) -> None:
    lines: list[bytes] = []
    for event in events:
        lines += [b"event: " + event.name.encode(), b": a comment", b"id: 1"]
        lines += [b"data: " + line for line in event.data.split(b"\n")]
        lines.append(b"")
    body = start + b"".join(line + line_end for line in lines)
    for pieces in ([body], [body[place : place + 1] for place in range(len(body))]):
        assert events_of(pieces) == events


def test_an_event_comes_with_the_very_bytes_that_complete_it() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"\ndata: b\r") == [E(b"a")]
    assert decoder.feed(b"\r") == [E(b"b")]
    assert decoder.feed(b"\n") == []
    assert decoder.finish() == []


def test_finish_gives_an_event_once() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a")
    assert decoder.finish() == [E(b"a")]
    assert decoder.finish() == []


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_a_long_line_in_many_pieces_is_not_looked_at_anew_with_each(line_end: bytes) -> None:
    size = 200_000
    body = b"data: " + b"x" * size + line_end * 2

    def work(piece: int) -> int:
        pieces = [body[start : start + piece] for start in range(0, len(body), piece)]
        return work_of(lambda: events_of(pieces))

    assert work(100) < 2 * work(len(body)) + 20 * len(body) / 100


def test_many_events_cost_the_same_each() -> None:
    body = b"event: x\r\ndata: abcdefgh\r\n\r\n"
    few, many = (work_of(lambda times=times: events_of([body] * times)) for times in (100, 1000))
    assert many < 10.5 * few


@pytest.mark.parametrize("data", [b"{}", b"", b"a\nb", b"a\r\nb\rc", b"\n", b" a "])
@pytest.mark.parametrize("name", ["", "error"])
def test_an_event_that_is_written_is_read_again(data: bytes, name: str) -> None:
    written = encode_event(data, name)

    unified = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert SSEDecoder().feed(written) == [ServerEvent(unified, name)]


PREFIXES = [b"data: ", b"error: ", b"event: x\ndata:", b"\xef\xbb\xbfdata: "]


@pytest.mark.parametrize("piece", [1, 7, 100_000])
@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("limit", [1, 10, 1024, 1025, 5000])
def test_an_event_may_have_its_limit_and_not_a_byte_more(prefix: bytes, limit: int, piece: int) -> None:
    def decoder_after(size: int) -> tuple[SSEDecoder, list[ServerEvent]]:
        decoder = SSEDecoder(limit)
        body = prefix + b"x" * size + b"\n\n"
        events = [event for start in range(0, len(body), piece) for event in decoder.feed(body[start : start + piece])]
        return decoder, events

    decoder, events = decoder_after(limit)
    assert ([len(event.data) for event in events], decoder.is_too_large) == ([limit], False)
    decoder, events = decoder_after(limit + 1)
    assert (events, decoder.is_too_large) == ([], True)
    assert decoder.feed(b"data: a\n\n") == []
    assert decoder.finish() == []


def test_an_event_that_grows_for_ever_is_refused_before_it_ends() -> None:
    for piece in (b"x" * 1000, b"data: " + b"x" * 1000 + b"\n", b"data\n" * 1000):
        decoder = SSEDecoder(100_000)
        decoder.feed(b"data: ")
        fed = 0
        while not decoder.is_too_large:
            assert decoder.feed(piece) == []
            fed += len(piece)
        assert fed < 250_000


@pytest.mark.parametrize("line", [b": ", b"foo: ", b"id: ", b"datax: ", b"x"])
def test_a_line_that_nobody_reads_may_be_of_any_length(line: bytes) -> None:
    decoder = SSEDecoder(2000)
    decoder.feed(line)
    for _ in range(100):
        decoder.feed(b"x" * 1000)

    assert decoder.feed(b"\n\ndata: a\n\n") == [E(b"a")]


def test_an_event_of_very_many_lines_weighs_more_than_its_bytes_however_it_is_cut() -> None:
    body = b"data: x\n" * 3000 + b"\n"
    for pieces in ([body], [body[:9000], body[9000:]]):
        decoder = SSEDecoder(20_000)
        assert [event for piece in pieces for event in decoder.feed(piece)] == []
        assert decoder.is_too_large


COMMON = b"data: a\n\ndata: b\n\n"


def test_events_of_the_commonest_form_are_found_in_one_look() -> None:
    decoder = SSEDecoder()
    common = decoder.common(COMMON + b"data: c")
    assert common is not None
    assert common == ([COMMON], b"data: c")
    assert decoder.feed(COMMON) == [E(b"a"), E(b"b")]  # nothing was taken

    decoder.take(common[1])
    assert decoder.common(b"d\n\n") == ([b"data: cd\n\n"], b"")
    assert decoder.feed(b"e\n\n") == [E(b"ce")]


def test_what_is_left_behind_the_last_event_comes_at_the_end() -> None:
    decoder = SSEDecoder()
    common = decoder.common(COMMON + b"data: c")
    assert common is not None
    decoder.take(common[1])
    assert decoder.finish() == [E(b"c")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"data: a\n",
        b"data:a\n\n",
        b": x\n\ndata: a\n\n",
        b"data: a\r\n\r\ndata: b\n\n",
        b"\xef\xbb\xbfdata: a\n\n",
    ],
)
def test_what_is_of_another_form_is_not(data: bytes) -> None:
    assert SSEDecoder().common(data) is None


@pytest.mark.parametrize(
    "data",
    [b"data: a\ndata: b\n\n", b"data: a\n\n\n", b"data: a\n\nevent: x\ndata: b\n\n", b"data: a\n\n: x\n\n"],
)
def test_an_event_of_another_form_has_a_line_break(data: bytes) -> None:
    common = SSEDecoder().common(data)

    assert common is not None
    assert any(b"\n" in event for event in split_common(common[0][0]))


def test_a_long_read_comes_in_pieces_of_whole_events_each_of_the_commonest_form() -> None:
    events = [b"data: %d\n\n" % number for number in range(20_000)]
    decoder = SSEDecoder()
    decoder.take(b"data: ")

    common = decoder.common(b"x\n\n" + b"".join(events) + b"data: y")

    assert common is not None
    pieces, rest = common
    assert (b"".join(pieces), rest) == (b"data: x\n\n" + b"".join(events), b"data: y")
    assert len(pieces) > 5
    assert all(len(piece) <= PIECE + 6 for piece in pieces)
    assert [event for piece in pieces for event in split_common(piece)][1:] == [event[6:-2] for event in events]
    assert decoder.common(b"x\n\n" + b"".join(event[5:] for event in events)) is None


@pytest.mark.parametrize("before", [b"data: a", b"data: a\n", b"event: x\n", b"data: a\r"])
def test_nothing_is_common_within_an_event(before: bytes) -> None:
    decoder = SSEDecoder()
    decoder.feed(before)
    assert decoder.common(COMMON) is None


def test_what_is_over_the_limit_is_not_common() -> None:
    assert SSEDecoder(5).common(COMMON) is None
