"""Tapes: what is kept of an answer, what is not, and how it is given again."""

from __future__ import annotations

import asyncio
import base64
import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chatsdk import AsyncChatClient, BadRequestError, InternalServerError, RateLimitError, StreamInterruptedError
from chatsdk.testing import ChatServer, ChatTape, Fault, FaultServer, RecordedRequest, Reply, Step, _tape

KEY = "sk-canary/0123456789+abc"

ASKED = RecordedRequest(
    "POST",
    "/v1/chat/completions",
    {"api-version": "2024-10-21", "api-key": KEY},
    {"Authorization": f"Bearer {KEY}", "Cookie": "session=abcdef123", "X-Trace": "seen"},
    msgspec.json.encode({"model": "m", "user": KEY}),
)


def taped(*pieces: tuple[float, bytes], request: RecordedRequest = ASKED, **changes: Any) -> _tape.Answered:
    facts: dict[str, Any] = {
        "head_after": 0.5,
        "status": 200,
        "headers": [("Content-Type", "text/event-stream")],
        "end": (2.0, True),
        **changes,
    }
    return _tape.answered(request, pieces=pieces, **facts)


def lines_of(answer: _tape.Answered) -> bytes:
    return _tape.dump(_tape.Tape(_tape.TapeLine("https://api.example.com/v1"), [answer]))


# -- the file


def test_a_tape_is_lines_of_json_that_give_the_tape_again() -> None:
    tape = _tape.Tape(
        _tape.TapeLine("https://api.example.com/v1"),
        [taped((0.0, b"data: 1\n\n"), (1.25, b"\xff")), taped(), taped((0.1, "\u00e9".encode()), end=(0.2, False))],
    )
    lines = [msgspec.json.decode(line) for line in _tape.dump(tape).splitlines()]
    assert [line["line"] for line in lines][:6] == ["tape", "request", "head", "piece", "piece", "end"]
    assert lines[3] == {"line": "piece", "after": 0.0, "text": "data: 1\n\n"}
    assert lines[4] == {"line": "piece", "after": 1.25, "base64": base64.b64encode(b"\xff").decode()}
    assert lines[5] == {"line": "end", "after": 2.0, "whole": True}
    assert _tape.load(_tape.dump(tape)) == tape


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"no json",
        b'{"line":"end","after":1,"whole":true}',
        b'{"line":"tape","url":"u"}\n{"line":"end","after":1,"whole":true}',
        b'{"line":"tape","url":"u"}\n{"line":"unknown"}',
        b'{"line":"tape","url":"u"}\n{"line":"request","method":"GET","path":"/"}',
    ],
)
def test_what_is_no_tape_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        _tape.load(data)


# -- secrets


def test_no_header_of_a_request_is_kept() -> None:
    kept = lines_of(taped((0.0, b"hello")))
    assert b"seen" not in kept
    assert b"session" not in kept


@pytest.mark.parametrize("form", [KEY, KEY.replace("/", "\\/"), "sk-canary%2F0123456789%2Babc"])
def test_the_key_is_starred_out_wherever_it_stands_and_lengths_stay(form: str) -> None:
    body = b'{"error":{"message":"bad key %b!"}}' % form.encode()
    answer = taped((0.0, body), headers=[("X-Key", form), ("Location", f"/?key={form}"), ("content-length", "9")])
    assert form.encode() not in lines_of(answer)
    assert len(answer.pieces[0].data) == len(body)
    assert dict(answer.head.headers)["x-key"] == "*" * len(form)


def test_the_key_is_starred_out_of_the_request_too() -> None:
    request = taped().request
    assert request.query == {"api-version": "2024-10-21", "api-key": "*"}
    assert request.body == {"model": "m", "user": "*" * len(KEY)}


@pytest.mark.parametrize("cut", range(1, len(KEY)))
def test_a_key_that_is_cut_in_two_is_found(cut: int) -> None:
    key = KEY.encode()
    answer = taped((0.0, b"a" + key[:cut]), (0.1, key[cut:] + b"b"))
    assert b"".join(piece.data for piece in answer.pieces) == b"a" + b"*" * len(key) + b"b"
    assert [len(piece.data) for piece in answer.pieces] == [1 + cut, len(key) - cut + 1]


def test_cookies_and_accounts_are_dropped_from_answers() -> None:
    dropped = ["set-cookie", "openai-organization", "OpenAI-Project", "transfer-encoding", "connection"]
    answer = taped(headers=[*((name, "value") for name in dropped), ("x-request-id", "req_1")])
    assert answer.head.headers == [("x-request-id", "req_1")]


def test_a_short_word_in_a_header_is_no_secret() -> None:
    request = RecordedRequest("POST", "/", {}, {"api-key": "test"}, b"this is a test")
    assert taped((0.0, b"a test"), request=request).pieces[0].data == b"a test"


# -- which answer a request gets


def request_line(**changes: Any) -> _tape.RequestLine:
    return msgspec.structs.replace(_tape.RequestLine("POST", "/v1", {}, {"model": "m", "messages": []}), **changes)


def test_requests_are_alike_whatever_the_order_of_their_members() -> None:
    assert _tape.difference(request_line(), request_line(body={"messages": [], "model": "m"})) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "GET"}, "its method is 'POST'"),
        ({"path": "/v2"}, "its path is '/v1'"),
        ({"query": {"a": "b"}}, "its query is {}"),
        ({"body": {"model": "n", "messages": []}}, "'model' of its body differs"),
        ({"body": {"model": "n", "seed": 1}}, "'model', 'messages', 'seed' of its body differ"),
        ({"body": "text"}, "its body is another"),
    ],
)
def test_what_differs_between_two_requests_is_named(changes: dict[str, Any], words: str) -> None:
    assert _tape.difference(request_line(), request_line(**changes)) == words


# -- how it is given again


def told(answer: _tape.Answered, pace: float) -> list[Any]:
    steps = [step for step in _tape.steps(answer, pace) if step != Step.pause(0)]
    return [round(getattr(step, "seconds", 0), 3) or getattr(step, "data", "close") for step in steps]


def test_an_answer_is_given_in_its_pieces_and_at_its_pace() -> None:
    answer = taped((0.0, b"one"), (1.0, b"three"))
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    assert told(answer, 0.0) == [head, b"3\r\none\r\n", b"5\r\nthree\r\n", b"0\r\n\r\n"]
    assert told(answer, 0.5) == [0.25, head, b"3\r\none\r\n", 0.5, b"5\r\nthree\r\n", 0.5, b"0\r\n\r\n"]


def test_an_answer_that_broke_off_breaks_off_again() -> None:
    assert told(taped((0.0, b"one"), end=(0.1, False)), 0)[1:] == [b"3\r\none\r\n", "close"]


def test_an_answer_with_a_length_keeps_it_and_one_without_body_has_none() -> None:
    assert told(taped((0.0, b"{}"), headers=[("content-length", "2")]), 0)[1:] == [b"{}"]
    assert told(taped(status=204, headers=[]), 0) == [b"HTTP/1.1 204 No Content\r\n\r\n"]


# -- recording and playing


async def record(path: Path, server: ChatServer | FaultServer, *calls: str, stream: bool = True) -> list[Any]:
    """What a client gets of a server through a tape that records."""
    async with ChatTape(path, record_from=server.base_url) as tape:
        assert tape.recording
        return [await outcome(tape, prompt, stream) for prompt in calls]


async def play(path: Path, *calls: str, stream: bool = True) -> list[Any]:
    async with ChatTape(path) as tape:
        assert not tape.recording
        return [await outcome(tape, prompt, stream) for prompt in calls]


async def outcome(tape: ChatTape, prompt: str, stream: bool) -> Any:
    async with AsyncChatClient(base_url=tape.base_url, api_key=KEY, model="m", max_retries=0) as client:
        try:
            if not stream:
                return (await client.create(prompt)).text
            return [text async for text in client.stream(prompt).text()]
        except (BadRequestError, InternalServerError, RateLimitError, StreamInterruptedError) as error:
            return type(error), error.partial.text if error.partial else str(error)


async def test_what_was_recorded_is_played_in_the_same_pieces(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down.jsonl"
    async with ChatServer(api_key=KEY) as server:
        headers = {"x-seen": KEY}
        server.enqueue(Reply.text(["Hel", "lo", "!"]), Reply.text("Bye."), Reply.error(429, "no", headers=headers))
        recorded = await record(path, server, "Hi", "Bye", "Again")
    assert recorded[:2] == [["Hel", "lo", "!"], ["Bye."]]
    assert recorded[2][0] is RateLimitError

    assert await play(path, "Hi", "Bye", "Again") == recorded
    assert await play(path, "Again", "Bye", "Hi") == recorded[::-1]
    assert KEY not in path.read_text()


async def test_chunk_boundaries_are_those_of_the_server(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    cuts = [
        b"da",
        b"ta: ",
        b'{"choices":[{"index":0,"delta":{"content":"\xc3',
        b'\xa9"},"finish_reason":"stop"}]}\n',
        b"\n",
    ]
    async with ChatServer() as server:
        server.enqueue(Reply.sse(cuts))
        assert await record(path, server, "Hi") == [["\u00e9"]]
    (answer,) = _tape.load(path.read_bytes()).answers
    assert [piece.data for piece in answer.pieces] == cuts
    assert await play(path, "Hi") == [["\u00e9"]]


async def test_times_are_those_of_the_server(tmp_path: Path) -> None:
    path = tmp_path / "slow.jsonl"
    async with ChatServer(pace=0.05) as server:
        await record(path, server, "Count from 1 to 3.")
    (answer,) = _tape.load(path.read_bytes()).answers
    after = [piece.after for piece in answer.pieces]
    assert after == sorted(after)
    assert after[-1] - after[0] >= 0.1


async def test_a_stream_that_breaks_off_does_so_on_the_tape(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    async with FaultServer("reset_in_body") as server:
        recorded = await record(path, server, "Hi")
    assert recorded == [(StreamInterruptedError, "Hello there,")]
    assert await play(path, "Hi") == recorded


async def test_a_compressed_answer_is_kept_inflated(tmp_path: Path) -> None:
    path = tmp_path / "gzip.jsonl"
    body = msgspec.json.encode({"choices": [{"index": 0, "message": {"role": "assistant", "content": KEY}}]})
    packed = Fault.answer(gzip.compress(body), headers={"content-encoding": "gzip"})
    async with FaultServer(packed) as server:
        assert await record(path, server, "Hi", stream=False) == [KEY]
    assert KEY not in path.read_text()
    assert await play(path, "Hi", stream=False) == ["*" * len(KEY)]


async def test_a_request_that_is_not_on_the_tape_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "hello.jsonl"
    async with ChatServer() as server:
        await record(path, server, "Hi")
    (kind, words), (_, again) = await play(path, "Hello", "Hello")
    assert kind is BadRequestError
    assert "hello.jsonl answers another request than this one: 'messages' of its body differs" in words
    assert "--chatsdk-record" in again
    played, (_, words) = await play(path, "Hi", "Hi")
    assert played
    assert "hello.jsonl has no more answers" in words


async def test_calls_at_the_same_time_get_their_own_answers(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    prompts = [f"Count from 1 to {last}." for last in range(2, 12)]
    async with ChatServer(pace=0.001) as server, ChatTape(path, record_from=server.base_url) as tape:
        recorded = await asyncio.gather(*(outcome(tape, prompt, True) for prompt in prompts))
    async with ChatTape(path) as tape:
        assert await asyncio.gather(*(outcome(tape, prompt, True) for prompt in reversed(prompts))) == recorded[::-1]


async def test_without_the_real_server_nothing_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    async with ChatServer() as server:
        address = server.base_url
    async with ChatTape(path, record_from=address) as tape:
        kind, words = await outcome(tape, "Hi", False)
    assert kind is InternalServerError
    assert "no answer from" in words
    assert not path.exists()


async def test_a_missing_tape_and_a_broken_one_are_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await ChatTape(tmp_path / "none.jsonl").__aenter__()
    (tmp_path / "bad.jsonl").write_text("bad")
    with pytest.raises(ValueError, match=r"."):
        await ChatTape(tmp_path / "bad.jsonl").__aenter__()


async def test_its_own_client_has_the_key_when_it_records_and_none_when_it_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "own.jsonl"
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with ChatServer(api_key=KEY) as server:
        async with ChatTape(path, record_from=f"{server.base_url}?secret=abc") as tape:
            assert (await tape.client.create("Hi", model="m")).text
        assert server.requests[0].query == {"secret": "abc"}
    assert "secret" not in path.read_text()
    assert _tape.load(path.read_bytes()).source.url == server_url(path)
    monkeypatch.delenv("OPENAI_API_KEY")
    async with ChatTape(path) as tape:
        assert (await tape.client.create("Hi", model="m")).text


def server_url(path: Path) -> str:
    url: str = msgspec.json.decode(path.read_bytes().splitlines()[0])["url"]
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/v1")
    return url
