"""JSON cut anywhere is read token by token, what is none is refused, and nobody looks at anything twice."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsdk._protocol.output import InvalidOutput
from chatsdk._protocol.partial_json import PartialReader
from chatsdk._protocol.partial_places import ListTarget, ObjectTarget, RootTarget, Target
from chatsdk._protocol.partial_types import PLAIN, shape_of

from .pieces import work_of

START = re.compile(r"[{\[]")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


class Read:
    """A reader of plain JSON, and what it has read."""

    def __init__(self, max_depth: int = 128) -> None:
        self.root = RootTarget(PLAIN, False)
        self.reader = PartialReader(self.root, START, max_depth)

    def feed(self, *pieces: str) -> Any:
        for piece in pieces:
            self.reader.feed(piece)
        return self.root.view


def outcome(*pieces: str) -> tuple[Any, bool]:
    """What came of it, and whether it was refused."""
    read = Read()
    try:
        return read.feed(*pieces), False
    except InvalidOutput:
        return read.root.view, True


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        ' {"a" : [ 1 , -2.5e+3 , {} , [ ] ] , "" : { "b" : null } , "c":true,"d":false}\n',
        r'["\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00\uD83D\uDE00x\ud7ff\ue000","é😀"]',
        '{"a":"","b":" ","a\\nb":"\\u0000"}',
        "[0,-0,1e5,12345678901234567890123]",
        '[[[["a"]],"b"]]',
    ],
)
def test_a_document_is_the_same_however_it_is_cut(text: str) -> None:
    whole = json.loads(text)

    assert Read().feed(text) == whole
    assert Read().feed(*text) == whole
    for place in range(len(text) + 1):
        assert Read().feed(text[:place], text[place:]) == whole


@given(JSON, st.booleans(), st.sampled_from([None, 1]), st.data())
def test_any_document_in_any_pieces_is_read_as_a_whole_one(
    value: Any, is_ascii: bool, indent: int | None, data: st.DataObject
) -> None:
    text = json.dumps([value], ensure_ascii=is_ascii, indent=indent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    assert Read().feed(*pieces) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "{a",
        "{,",
        "{]",
        "[}",
        "[,",
        "[1,]",
        '{"a",',
        '{"a"}',
        '{"a":}',
        '{"a":1,}',
        '{"a":1]',
        "[1}",
        "[1 2",
        '["a" "b"',
        "[tru,",
        "[trux",
        "[nul]",
        "[NaN",
        "[Infinity",
        "[-Infinity",
        "[+1",
        "[.5",
        "[01,",
        "[1.,",
        "[-]",
        "[1e]",
        "[1.2.3]",
        "[0x1",
        '["\n',
        '["\x00',
        r'["\x',
        r'["\u12g',
        r'["\ud83d"',
        r'["\ud83dx',
        r'["\ud83d\n',
        r'["\ud83d\u0041',
        r'["\udc00',
        '["\ud83d',
        "['",
        "[/",
        "[\xa01",
        '{"\\q',
    ],
)
def test_what_is_no_json_is_refused_and_refused_again(text: str) -> None:
    for pieces in ([text], text):
        read = Read()
        with pytest.raises(InvalidOutput):
            read.feed(*pieces)
        with pytest.raises(InvalidOutput):
            read.reader.feed("]")


@given(st.text(alphabet='{}[]",:\\ude08tfn1-. a'))
def test_of_any_text_nothing_escapes_but_invalid_output_and_pieces_make_no_difference(text: str) -> None:
    assert outcome("[" + text) == outcome("[", *text)
    assert outcome('["' + text) == outcome('["', *text)


def test_what_is_before_and_after_the_document_is_passed_over() -> None:
    assert Read().feed("Here you are:\n```js", 'on\n{"a":', "1}", "\n``` [] } Good?") == {"a": 1}


def test_a_number_is_there_with_what_follows_it_and_a_literal_with_its_last_letter() -> None:
    read = Read()

    assert read.feed("[1") == []
    assert read.feed("2") == []
    assert read.feed(",") == [12]
    assert read.feed("tru") == [12]
    assert read.feed("e") == [12, True]


def test_a_number_that_nothing_can_hold_is_left_out() -> None:
    assert Read().feed("[1,1e999,2]") == [1, 2]
    assert Read().feed("[" + "1" * 5000 + ",2]") == [2]


@pytest.mark.parametrize("text", ['[[["a"]]]', '{"a":{"b":{"c":1}}}', '[{"a":[1]}]'])
def test_depth_is_bounded(text: str) -> None:
    assert Read(max_depth=3).feed(text) == json.loads(text)
    with pytest.raises(InvalidOutput, match="more than 2 levels"):
        Read(max_depth=2).feed(text)


def test_a_hundred_thousand_brackets_are_refused() -> None:
    for bracket in ("[", '{"a":'):
        with pytest.raises(InvalidOutput, match="too deep"):
            Read().feed(bracket * 100_000)


def test_it_tells_whether_anything_has_changed() -> None:
    reader = Read().reader
    pieces = ["x", " ", "{", '"a', '"', ":", '"', "b", "\\", "n", '"', ",", '"c":1', "2", "}", " "]

    changed = [piece for piece in pieces if reader.feed(piece)]

    assert changed == ["{", '"', "b", "n", "}"]


# -- cost


def feed_all(text: str, size: int) -> None:
    Read().feed(*(text[place : place + size] for place in range(0, len(text), size)))


@pytest.mark.parametrize(
    ("begin", "repeated", "end"),
    [
        ('["', "abcd", '"]'),
        ('["', r"\u00e9", '"]'),
        ("[", "1", ",1]"),
        ('{"', "name", '":1}'),
        ("[", '{"id":1,"name":"x"},', "0]"),
        ("[", "    ", "]"),
        ("", "prose ", "[]"),
        ("[]", "prose ", ""),
    ],
)
def test_the_work_is_linear_in_what_comes(begin: str, repeated: str, end: str) -> None:
    def work(count: int) -> int:
        return work_of(lambda: feed_all(begin + repeated * count + end, 4))

    feed_all(begin + repeated + end, 4)
    less, more = work(400), work(800)
    assert less * 1.5 < more < less * 2.5


class Named(msgspec.Struct):
    text: str


@pytest.mark.parametrize("kind", ["a list", "a dict", "a Struct", "the root"])
def test_a_text_that_grows_is_held_by_nothing_else_so_that_it_grows_in_place(kind: str) -> None:
    record = shape_of(Named).record
    assert record
    assert PLAIN.record
    targets: dict[str, Target] = {
        "a list": ListTarget([], PLAIN, True),
        "a dict": ObjectTarget(PLAIN.record, {}, True),
        "a Struct": ObjectTarget(record, record.make(), True),
        "the root": RootTarget(PLAIN, False),
    }
    target = targets[kind]
    if isinstance(target, ObjectTarget):
        target.name("text")
    target.put("".join(["ab", "cd"]))

    assert sys.getrefcount(target.take()) == sys.getrefcount("".join(["ab", "cd"]))
