"""The benchmarks measure what they say: their answers are right, and a small run of them works."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

import msgspec
import pytest

from benchmarks import chart, processes, report, workloads, works
from benchmarks.goals import GOALS, over_floor, verdict
from benchmarks.measure import Bench, Result
from benchmarks.rows import ROWS, AskAll, Row, find
from benchmarks.watch import watched
from benchmarks.worker import check
from benchmarks.works import WORKS, Work
from chatsdk._head import Head
from chatsdk._protocol.accumulate import Accumulator
from chatsdk._protocol.chunks import ChunkDecoder, read_completion
from chatsdk._protocol.chunks import verdict as stream_verdict
from chatsdk.testing import ChatServer, Reply

ROOT = Path(__file__).parent.parent


def read(packets: list[bytes]) -> tuple[int, Accumulator]:
    decoder, accumulator = ChunkDecoder(Head(200)), Accumulator()
    chunks = [chunk for packet in packets for chunk in decoder.feed(packet)]
    for chunk in chunks:
        accumulator.add(chunk)
    assert stream_verdict(decoder, accumulator) is None
    return len(chunks), accumulator


@pytest.mark.parametrize("per_packet", [1, 8, 64])
def test_the_streams_add_up_to_the_text_they_are_said_to(per_packet: int) -> None:
    count, accumulator = read(workloads.packets(7, 300, per_packet))

    assert count == 300
    assert accumulator.completion().text == workloads.stream_text(7, 300)


def test_the_tool_arguments_add_up_to_the_json_they_are_said_to() -> None:
    count, accumulator = read(workloads.packets(7, 300, 64, "tools"))

    (call,) = accumulator.completion().tool_calls
    assert count == 300
    assert call.function.arguments == workloads.arguments(7, 300)
    assert len(call.function.arguments) == 32 * 298
    assert len(msgspec.json.decode(call.function.arguments)["text"]) > 9000


def test_each_token_of_the_logprobs_has_twenty_alternatives() -> None:
    _, accumulator = read(workloads.packets(7, 60, 8, "logprobs"))

    completion = accumulator.completion()
    entries = completion.choices[0].logprobs.content
    assert "".join(entry.token for entry in entries) == completion.text == workloads.stream_text(7, 60)
    assert {len(entry.top_logprobs) for entry in entries} == {20}
    assert "".join(entry.top_logprobs[-1].token for entry in entries) == workloads.last_alternatives(7, 60)


def test_the_padding_hides_how_long_a_piece_is_and_nothing_else() -> None:
    padded, bare = (list(workloads.chunks(7, 300, body)) for body in ("padded", "text"))

    paddings = [chunk.pop("obfuscation") for chunk in padded]
    assert padded == bare
    assert {len(padding) for padding in paddings} == set(range(1, 17))
    assert len(set(paddings)) > 250


def test_the_items_add_up_to_the_json_they_are_said_to() -> None:
    packets = workloads.packets(7, 300, 64, "items")
    count, accumulator = read(packets)

    text = accumulator.completion().text
    found = msgspec.json.decode(text)["items"]
    assert count == 300
    assert text == workloads.items_text(7, 300)
    assert found == [item._asdict() for item in workloads.items(7, 300)]
    assert len({item["name"] for item in found}) > 20
    assert workloads.items_answer(7, 300) == workloads.items_told(workloads.items(7, 300))


def test_the_items_come_in_pieces_as_long_as_tokens_cut_anywhere() -> None:
    pieces = [delta["content"] for delta, _ in workloads.BODIES["items"].deltas(7, 300)]

    assert {len(piece) for piece in pieces} == {4, 5, 6}
    assert len({piece[0] for piece in pieces if '"' in piece}) > 5


@pytest.mark.parametrize("items", [1, 2, 250, 1000])
def test_a_stream_of_so_many_items_has_as_many_and_no_room_for_another(items: int) -> None:
    chunks = workloads.chunks_of_items(items)

    assert len(workloads.items(7, chunks)) == items
    assert len(workloads.items(7, chunks - 1)) == items - 1


def test_an_item_that_is_missing_or_comes_twice_is_told() -> None:
    items = workloads.items(7, 300)
    told = workloads.items_told(items)

    assert told not in (workloads.items_told(each) for each in (items[1:], items[:-1], [items[0], *items], items[::-1]))


def test_the_one_shot_answer_is_the_text_it_is_said_to_be() -> None:
    completion = read_completion(workloads.completion_body(7, 150), Head(200))

    assert completion.text == workloads.completion_text(7, 150)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(stack.enter_context(processes.server()), stack)


OURS = [
    pytest.param(work, row, id=f"{work.name}-{row.name}")
    for work in WORKS
    for row in ROWS
    if work.is_done_by(row) and not row.is_peer
]


@pytest.mark.parametrize(("work", "row"), OURS)
def test_every_work_is_answered_right(bench: Bench, work: Work, row: Row) -> None:
    few = min(work.in_flight, 3)
    pace = min(work.pace, 60_000) if work.kind == "held" else 0
    tokens = min(work.tokens, 500)
    small = msgspec.structs.replace(works.tiny(work), asks=few, in_flight=few, pace=pace, tokens=tokens)

    reply = bench.run(row, small)

    assert (reply.status, reply.detail) == ("ok", "")
    assert reply.cpu > 0
    assert ("first token" in reply.extras) == (work.kind == "first")
    assert work.kind != "held" or "lag" in reply.extras
    assert work.is_watched or not {"lag", "memory", "open"} & reply.extras.keys()


def test_an_answer_that_is_wrong_or_a_prompt_cut_short_is_a_failed_row(bench: Bench) -> None:
    call = next(work for work in WORKS if work.name == "call-1")
    row = next(row for row in ROWS if row.kind == "call" and row.name == "chatsdk")
    other_text = processes.Command(row.name, call, f"http://127.0.0.1:{bench.port}/call/7/150/0", 1)
    cut_short = processes.Command(row.name, call, f"http://127.0.0.1:{bench.port}/call/7/150/1000000", 1)

    with processes.Worker.started() as worker:
        assert worker.ask(other_text).detail == "AssertionError: 1 of 1 answers are not what the server sent"
        assert worker.ask(cut_short).status == "failed"


BATCHES = [pytest.param(row, id=row.name) for row in ROWS if row.kind == "batch"]


@pytest.mark.parametrize("row", BATCHES)
async def test_each_line_of_a_batch_is_asked_once_and_every_answer_is_counted(server: ChatServer, row: Row) -> None:
    server.respond(lambda request: Reply.text(request.json["messages"][-1]["content"]))
    lines = ([{"role": "user", "content": text}] for text in ["right"] * 250 + ["wrong"])

    async with row.opener()(server.base_url) as ask:
        answers = await cast(AskAll, ask)(lines)

    assert answers == {"right": 250, "wrong": 1}


def test_a_line_that_is_answered_wrong_or_not_at_all_is_told() -> None:
    batch = next(work for work in WORKS if work.name == "batch-1k")
    command = processes.Command("chatsdk", batch, "", 1000)

    check(Counter({batch.expected: 1000}), command)
    with pytest.raises(AssertionError, match="1 of 1000 answers are not what the server sent"):
        check(Counter({batch.expected: 999, "wrong": 1}), command)
    with pytest.raises(AssertionError, match="999 answers to 1000 asks"):
        check(Counter({batch.expected: 999}), command)


async def test_a_line_that_is_refused_fails_the_batch(server: ChatServer) -> None:
    server.respond(lambda request: Reply.error(400, "no such thing"))

    async with find("batch", "chatsdk").opener()(server.base_url) as ask:
        with pytest.raises(AssertionError, match="no such thing"):
            await cast(AskAll, ask)(iter([[{"role": "user", "content": "?"}]]))


class FakeWorker(processes.Worker):
    """Always answers the same; `seen` is what happened to it and others."""

    def __init__(self, reply: processes.Reply, seen: list[str]) -> None:
        self._reply = reply
        self._seen = seen

    def send(self, command: processes.Command) -> None:
        self._seen.append("asked")

    def receive(self) -> processes.Reply:
        self._seen.append("answered")
        return self._reply


def test_two_processes_work_at_once_and_a_call_is_one_of_either(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = next(work for work in WORKS if work.name == "call-100-x2")
    seen: list[str] = []
    started = iter([FakeWorker(processes.Reply(cpu=1.0, wall=1.5), seen), FakeWorker(processes.Reply(cpu=3.0), seen)])
    monkeypatch.setattr(processes.Worker, "started", lambda _: nullcontext(next(started)))

    with ExitStack() as stack:
        (floor,) = Bench(0, stack).measure(pair, ["nobody"], rounds=1)

    assert (floor.cpu, floor.wall) == ([1000.0], [375.0])
    assert seen == ["asked", "asked", "answered", "answered"] * 3


def test_a_failure_in_one_of_two_processes_is_told() -> None:
    failed = processes.Reply("failed", "AssertionError: 3 answers to 4 asks")
    workers = [FakeWorker(processes.Reply(), []), FakeWorker(failed, [])]
    command = processes.Command("chatsdk", WORKS[0], "", 4)

    reply = processes.ask_together(workers, command)

    assert (reply.status, reply.detail) == (failed.status, failed.detail)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc, which is not here")
async def test_memory_that_is_kept_is_told_however_short_the_work_was() -> None:
    async with watched(1000) as seen:
        kept = b"x" * 50_000_000

    assert 40_000_000 <= seen["memory"] * 1024 * 1000 <= 60_000_000
    assert len(kept) == 50_000_000


def test_the_clients_run_on_uvloop_too(bench: Bench) -> None:
    pytest.importorskip("uvloop", reason="uvloop is an extra")
    call = next(work for work in WORKS if work.name == "call-1")
    row = next(row for row in ROWS if row.kind == "call" and row.name == "chatsdk")

    with ExitStack() as stack:
        reply = Bench(bench.port, stack, "uvloop").run(row, works.tiny(call))

    assert (reply.status, reply.detail) == ("ok", "")


RESULTS = [
    Result("held-3000", "F", "stream", cpu=[10.0], wall=[20.0], extras={"memory": [15.5], "lag": [900.0]}),
    Result(
        "held-3000",
        "chatsdk text",
        "stream",
        cpu=[15.0],
        wall=[20.4],
        ratios=[1.5],
        wall_ratios=[1.02],
        extras={"memory": [26.0], "lag": [1900.0]},
    ),
    Result("call-1", "F", "call", cpu=[100.0], wall=[120.0]),
    Result("call-1", "chatsdk", "call", cpu=[150.0], wall=[170.0], ratios=[1.5], wall_ratios=[1.4]),
    Result("call-1", "openai <old> & new", "call", cpu=[900.0], wall=[920.0], ratios=[9.0], wall_ratios=[8.0]),
    Result("call-1", "litellm", "call", "not installed", "No module named 'litellm'"),
]


def test_the_chart_is_well_formed_and_has_a_bar_for_each_row_that_was_compared() -> None:
    picture = ElementTree.fromstring(chart.svg(RESULTS, {"call-1": "one-shot"}))

    name = "{http://www.w3.org/2000/svg}"
    bars = [float(bar.get("width", "")) for bar in picture.iter(f"{name}rect")]
    texts = [text.text for text in picture.iter(f"{name}text")]
    assert picture.tag == f"{name}svg"
    assert len(bars) == 3
    assert max(bars) == bars[2]
    assert {"chatsdk text", "chatsdk", "openai <old> & new", "one-shot", "held-3000", "1.50", "9.00"} <= set(texts)


def test_the_chart_of_a_run_without_comparison_is_empty_and_well_formed() -> None:
    assert ElementTree.fromstring(chart.svg([], {})).tag == "{http://www.w3.org/2000/svg}svg"


def test_memory_and_lag_are_told_beside_those_of_the_floor() -> None:
    lines = report.extras(RESULTS).splitlines()

    assert over_floor(RESULTS[1], RESULTS, "memory") == 10.5
    assert over_floor(RESULTS[3], RESULTS, "memory") is None
    assert any("26.0 KiB" in line and "10.5 KiB" in line for line in lines)
    assert any("1,900 us" in line and "1,000 us" in line for line in lines)
    assert report.extras(RESULTS[2:]) == ""

    quicker = msgspec.structs.replace(RESULTS[1], extras={"lag": [400.0]})
    assert "-500 us" in report.extras([RESULTS[0], quicker])


def test_held_streams_are_judged_by_wall_time_and_memory() -> None:
    goal, reached = verdict(RESULTS[1], RESULTS)
    fat = msgspec.structs.replace(RESULTS[1], extras={"memory": [60.0]})

    assert (goal, reached) == ("wall <= 1.05 F, <= 20 KiB over F", "yes")
    assert verdict(fat, RESULTS)[1] == "no"


def test_a_long_list_is_judged_by_the_cost_of_a_chunk_in_a_short_one() -> None:
    client = "chatsdk elements"
    short = Result("items-1k", client, "chunk", cpu=[3.0, 3.0, 4.0])
    flat = Result("items-32k", client, "chunk", cpu=[2.9, 3.0, 3.2])
    steep = msgspec.structs.replace(flat, cpu=[90.0, 91.0, 95.0])
    either = msgspec.structs.replace(flat, cpu=[3.0, 3.5, 5.0])

    assert verdict(flat, [short, flat]) == ("<= 1.2 x items-1k", "yes")
    assert verdict(steep, [short, steep])[1] == "no"
    assert verdict(either, [short, either])[1] == "unclear"
    assert verdict(flat, [flat])[1] == "unclear"


def test_every_goal_belongs_to_a_row_that_is_run() -> None:
    run = {(work.name, row.name) for work in WORKS for row in ROWS if work.is_done_by(row)}

    assert {goal for goal in GOALS if goal[0] not in ("import", "answer")} <= run


def test_a_small_run_prints_a_table_and_draws_it(tmp_path: Path) -> None:
    picture, numbers = tmp_path / "run.svg", tmp_path / "run.json"
    command = (
        f"-m benchmarks --quick --rows chatsdk --only stream-64 call-1 --rounds 1 --svg {picture} --json {numbers}"
    )

    run = subprocess.run([sys.executable, *command.split()], cwd=ROOT, capture_output=True, text=True)

    assert (run.returncode, run.stderr) == (0, "")
    for row in ("F ", "chatsdk chunks", "chatsdk text", "chatsdk deltas", "chatsdk events"):
        assert f"stream-64  {row}" in run.stdout
    assert "NOT MEASURED" not in run.stdout
    assert len(list(ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}rect"))) == 5
    assert len(msgspec.json.decode(numbers.read_bytes(), type=report.Run).results) == 7
