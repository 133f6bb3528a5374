"""The fault server as bytes on a socket: no HTTP library stands between it and these tests."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest

from chatsdk.testing import FAULTS, Fault, FaultServer, RecordedRequest, Reply, Step
from chatsdk.testing._faults import POINTS
from chatsdk.testing._pipe import TASK_NAME

BODY = b'{"model":"m","messages":[{"role":"user","content":"Hello"}],"stream":true}'
PLAIN = BODY.replace(b"true", b"false")


def request(body: bytes = BODY, path: bytes = b"/v1/chat/completions") -> bytes:
    return b"POST %b HTTP/1.1\r\nhost: x\r\nX-Test: 1\r\ncontent-length: %d\r\n\r\n%b" % (path, len(body), body)


class Wire:
    """A bare connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self, end: bytes = b"0\r\n\r\n") -> bytes:
        return await self.reader.readuntil(end)

    async def rest(self) -> bytes:
        return await self.reader.read()

    def leave(self) -> None:
        self.writer.transport.abort()


@contextlib.asynccontextmanager
async def connected(server: FaultServer, context: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    address = urlsplit(server.base_url)
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection(address.hostname, address.port, ssl=context)
        wire = Wire(reader, writer)
        try:
            yield wire
        finally:
            wire.leave()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def whole_answer(fault: Fault, body: bytes = BODY) -> bytes:
    """All that comes until the server ends the connection."""
    async with FaultServer(fault) as server, connected(server) as wire:
        wire.send(request(body))
        return await wire.rest()


# -- what it is


async def test_it_listens_on_loopback_and_has_no_address_before() -> None:
    server = FaultServer()
    with pytest.raises(RuntimeError, match="does not run"):
        _ = server.base_url
    async with server:
        assert server.base_url.startswith("http://127.0.0.1:")
        assert server.base_url.endswith("/v1")
        with pytest.raises(RuntimeError, match="runs already"):
            await server.start()


async def test_it_closes_twice_and_starts_again() -> None:
    server = await FaultServer().start()
    await server.aclose()
    await server.aclose()
    async with server, connected(server) as wire:
        wire.send(request())
        assert b"[DONE]" in await wire.answer()


async def test_without_a_fault_it_answers_as_the_chat_server_does() -> None:
    async with FaultServer() as server, connected(server) as wire:
        wire.send(request())
        answer = await wire.answer()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b'"content":"Hello"' in answer

        wire.send(request(PLAIN))
        assert b'"content":"Hello there, dear world."' in await wire.answer(b"}}}")
        wire.send(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b'"object":"list"' in await wire.answer(b"]}")
        wire.send(request(b"{}"))
        assert (await wire.answer(b"}}")).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (server.connections_total, server.sends, len(server.requests)) == (1, 4, 4)


async def test_it_says_what_it_is_told_to_say() -> None:
    async with FaultServer(Fault.none(Reply.text("Good night."))) as server, connected(server) as wire:
        wire.send(request(PLAIN))
        assert b"Good night." in await wire.answer(b"}}}")


async def test_each_exchange_takes_the_next_fault_and_then_the_default() -> None:
    faults = FaultServer("status_500_empty", default="status_404_page")
    faults.enqueue(Fault.answer(b"{}", status=418))
    assert faults.pending == 2
    async with faults as server, connected(server) as wire:
        for status in (b"500", b"418", b"404", b"404"):
            wire.send(request())
            assert (await wire.answer(b"\r\n\r\n")).split()[1] == status
            if status != b"500":
                await wire.answer(b"{}" if status == b"418" else b"</html>")
        assert server.pending == 0


async def test_what_is_no_fault_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match="'reset' is none of FAULTS: none, reset_at_accept"):
        FaultServer("reset")
    with pytest.raises(TypeError, match="made by one of its methods"):
        FaultServer().enqueue(Step.reset())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="made by one of its methods"):
        Fault.script(b"bytes")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="none of at_accept"):
        Fault.reset("somewhere")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="tls=True"):
        FaultServer("tls_expired")


async def test_requests_are_kept_as_far_as_they_were_read() -> None:
    async with FaultServer(Fault.script(Step.read(0), Step.stall())) as server, connected(server) as wire:
        wire.send(request()[:-5])
        await server.wait_until(lambda: server.requests)
        (kept,) = server.requests
        assert (kept.method, kept.path, kept.headers["x-test"]) == ("POST", "/v1/chat/completions", "1")
        assert BODY.startswith(kept.body)
        assert server.sends == 1

    async with FaultServer() as server, connected(server) as wire:
        wire.send(request(path=b"/v1/a%2Fb?c=d&e="))
        await wire.answer(b"\r\n\r\n")
        assert (server.requests[0].path, server.requests[0].query) == ("/v1/a%2Fb", {"c": "d", "e": ""})
        assert server.requests[0].body == BODY


# -- steps


async def test_bytes_are_sent_as_they_are() -> None:
    assert await whole_answer(Fault.raw(b"\0any", b"thing\xff", Step.close())) == b"\0anything\xff"


async def test_a_drip_is_all_of_the_bytes_and_takes_its_time() -> None:
    start = asyncio.get_running_loop().time()
    assert await whole_answer(Fault.raw(Step.drip(b"abcdefg", size=2, every=0.01), Step.close())) == b"abcdefg"
    assert asyncio.get_running_loop().time() - start >= 0.04


async def test_a_repetition_ends_after_so_many_times() -> None:
    assert await whole_answer(Fault.raw(Step.repeat(b"ab", times=3), Step.close())) == b"ababab"


async def test_a_flood_is_as_fast_as_the_client_reads_and_no_faster() -> None:
    async with FaultServer(Fault.raw(Step.repeat(b"x" * 65536))) as server, connected(server) as wire:
        wire.send(request())
        await wire.reader.readexactly(1_000_000)
        assert server.bytes_sent < 50_000_000
    await server.wait_until(lambda: server.connections_live == 0)


async def test_a_script_may_depend_on_the_request() -> None:
    def echo(asked: RecordedRequest) -> Iterator[Step]:
        yield Step.send(asked.method.encode())
        yield Step.send(asked.body)

    async def later(asked: RecordedRequest) -> AsyncGenerator[Step, None]:
        await asyncio.sleep(0)
        yield Step.send(asked.path.encode())

    assert await whole_answer(Fault.raw(Step.respond(echo), Step.respond(later), Step.close())) == (
        b"POST" + BODY + b"/v1/chat/completions"
    )


async def test_an_asynchronous_script_is_closed_when_the_client_leaves() -> None:
    ended = asyncio.Event()

    async def endless(asked: RecordedRequest) -> AsyncGenerator[Step, None]:
        try:
            while True:
                yield Step.send(b"x")
        finally:
            ended.set()

    async with FaultServer(Fault.raw(Step.respond(endless))) as server:
        async with connected(server) as wire:
            wire.send(request())
            await wire.reader.readexactly(10)
        async with asyncio.timeout(5):
            await ended.wait()


async def test_an_error_of_a_script_is_raised_when_the_server_closes() -> None:
    def broken(asked: RecordedRequest) -> list[Step]:
        raise LookupError("a bug")

    server = await FaultServer(Fault.raw(Step.respond(broken))).start()
    async with connected(server) as wire:
        wire.send(request())
        assert await wire.rest() == b""
    with pytest.raises(LookupError, match="a bug"):
        await server.aclose()
    await server.aclose()


async def test_who_is_deaf_lets_the_clients_data_pile_up() -> None:
    async with FaultServer(Fault.script(Step.deaf(60))) as server, connected(server) as wire:
        wire.send(b"x" * 50_000_000)
        await server.wait_until(lambda: server.connections_total == 1)
        for _ in range(100):
            await asyncio.sleep(0)
        assert (server.bytes_received, server.sends) == (0, 0)
        assert wire.writer.transport.get_write_buffer_size() > 1_000_000


async def test_who_was_deaf_hears_again() -> None:
    async with (
        FaultServer(Fault.script(Step.deaf(0.01), Step.read(), Step.good())) as server,
        connected(server) as wire,
    ):
        wire.send(request())
        assert b"[DONE]" in await wire.answer()


# -- points


GOOD_UNTIL = {
    "in_head": b"HTTP/1.1 200 OK",
    "after_head": b"\r\n\r\n",
    "in_body": b'" there,"',
    "after_finish": b'"finish_reason":"stop"}]}\n\n\r\n',
    "after_done": b"data: [DONE]\n\n\r\n",
}


@pytest.mark.parametrize("point", POINTS)
async def test_all_is_well_up_to_a_point(point: str) -> None:
    answer = await whole_answer(Fault.close(point))  # type: ignore[arg-type]
    if point not in GOOD_UNTIL:
        assert answer == b""
    else:
        assert GOOD_UNTIL[point] in answer
        assert [later for later in GOOD_UNTIL if GOOD_UNTIL[later] in answer][-1] == point
        assert not answer.endswith(b"0\r\n\r\n")


async def test_a_point_may_be_a_number_of_bytes_after_the_head() -> None:
    head, _, body = (await whole_answer(Fault.close(17), PLAIN)).partition(b"\r\n\r\n")
    assert b"content-length" in head
    assert len(body) == 17


async def test_a_reset_is_one_and_a_close_is_none() -> None:
    with pytest.raises(ConnectionResetError):
        await whole_answer(Fault.reset("before_head"))
    assert await whole_answer(Fault.close("before_head")) == b""


async def test_a_stall_sends_nothing_and_ends_when_the_client_leaves() -> None:
    async with FaultServer(Fault.stall("after_head")) as server:
        async with connected(server) as wire:
            wire.send(request())
            await wire.answer(b"\r\n\r\n")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(wire.reader.read(1), 0.05)
            assert server.connections_live == 1
        await server.wait_until(lambda: server.connections_live == 0)


# -- counters


async def test_a_connection_that_the_server_closed_lives_until_the_client_closes_it_too() -> None:
    async with FaultServer("close_before_head") as server:
        async with connected(server) as wire:
            wire.send(request())
            assert await wire.rest() == b""
            assert (server.connections_live, server.connections_total) == (1, 1)
        await server.wait_until(lambda: server.connections_live == 0)
        assert server.connections_total == 1


async def test_bytes_are_counted() -> None:
    async with FaultServer(Fault.raw(b"x" * 100, Step.close())) as server, connected(server) as wire:
        wire.send(request())
        assert len(await wire.rest()) == server.bytes_sent == 100
        assert server.bytes_received == len(request())


async def test_a_part_of_a_request_is_a_send() -> None:
    async with FaultServer() as server, connected(server) as wire:
        assert server.sends == 0
        wire.send(b"P")
        await server.wait_until(lambda: server.sends == 1)
        assert server.requests == []


async def test_waiting_for_what_does_not_come_ends() -> None:
    async with FaultServer() as server:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("chatsdk.testing._fault_server._WAIT", 0.01)
            with pytest.raises(TimeoutError):
                await server.wait_until(lambda: False)


async def test_closing_leaves_no_task() -> None:
    async with (
        FaultServer("stall_in_body", "drip", "comments_forever") as server,
        connected(server) as one,
        connected(server) as two,
        connected(server) as three,
    ):
        for wire in (one, two, three):
            wire.send(request())
        await server.wait_until(lambda: server.sends == 3)
        await server.aclose()
        assert not [task for task in asyncio.all_tasks() if task.get_name() == TASK_NAME]
        assert server.connections_live == 0


# -- doors


async def test_a_server_that_refuses_can_be_back_on_its_port() -> None:
    async with FaultServer() as server, connected(server) as kept:
        address = server.base_url
        async with server.refusing():
            assert server.base_url == address
            with contextlib.suppress(ConnectionResetError):
                assert await kept.rest() == b""
            with pytest.raises(ConnectionRefusedError):
                async with connected(server):
                    pass
        async with connected(server) as wire:
            wire.send(request())
            assert b"[DONE]" in await wire.answer()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux leaves a client unanswered when a backlog is full")
async def test_a_server_may_be_unanswering_for_a_while() -> None:
    async with FaultServer() as server:
        async with server.unanswering():
            address = urlsplit(server.base_url)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.open_connection(address.hostname, address.port), 0.1)
        async with connected(server) as wire:
            wire.send(request())
            assert b"[DONE]" in await wire.answer()
        assert server.connections_total == 1


# -- TLS


async def test_a_good_certificate_is_trusted_by_the_clients_side_of_it() -> None:
    async with FaultServer(tls=True) as server, connected(server, server.client_context) as wire:
        assert server.base_url.startswith("https://")
        wire.send(request())
        assert b"[DONE]" in await wire.answer()
        assert server.requests[0].body == BODY


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tls_expired", "expired"),
        ("tls_wrong_host", "IP address mismatch"),
        ("tls_self_signed", "self-signed certificate"),
        ("tls_untrusted", "unable to get local issuer"),
    ],
)
async def test_each_bad_certificate_is_bad_in_its_own_way(name: str, words: str) -> None:
    async with FaultServer(name, tls=True) as server:
        with pytest.raises(ssl.SSLCertVerificationError, match=words):
            async with connected(server, server.client_context):
                pass
        async with connected(server, server.client_context) as wire:
            wire.send(request())
            assert b"[DONE]" in await wire.answer()


@pytest.mark.parametrize("name", ["tls_close", "tls_reset", "tls_garbage", "tls_plain_answer"])
async def test_a_handshake_may_fail(name: str) -> None:
    async with FaultServer(name, tls=True) as server:
        with pytest.raises(OSError):  # noqa: PT011 - ssl.SSLError, ConnectionResetError: as the system has it
            async with connected(server, server.client_context):
                pass


async def test_an_own_context_takes_no_certificates_of_ours() -> None:
    async with FaultServer(tls=True) as server:
        assert server._certificates is not None
        own, trust = server._certificates.server_context("good"), server.client_context
    async with FaultServer(tls=own) as server, connected(server, trust) as wire:
        wire.send(request())
        assert b"[DONE]" in await wire.answer()
        with pytest.raises(RuntimeError, match=r"tls=True"):
            _ = server.client_context


def test_certificates_without_trustme_are_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(RuntimeError, match="pip install trustme"):
        FaultServer(tls=True)


# -- the table


def test_every_fault_is_a_value_with_a_name_to_type() -> None:
    assert len(FAULTS) > 100
    assert all(isinstance(fault, Fault) for fault in FAULTS.values())
    assert all(name.replace(".", "_").isidentifier() or name[0].isalpha() for name in FAULTS)
    assert FAULTS["reset_in_body"] == Fault.reset("in_body")


def test_an_answer_has_its_length_and_headers_can_be_taken_away() -> None:
    sent = Fault.answer(b"{}", status=599, headers={"content-type": None, "x-y": "z"}).steps[1]
    assert sent == Step.send(b"HTTP/1.1 599 Unknown\r\ncontent-length: 2\r\nx-y: z\r\n\r\n{}")
