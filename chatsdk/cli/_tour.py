"""The three uses, live: one call, one stream, one batch. The same calls a program makes, and what came of them."""

from __future__ import annotations

from time import perf_counter

import chatsdk

from ._draw import Screen
from ._measure import StreamMeter, Tally, visible_tokens
from ._output import one_line

GREETING = "Say hello."
STORY = "In four sentences, tell me about the sea."


async def await_one(client: chatsdk.AsyncChatClient, screen: Screen) -> None:
    """One awaited call."""
    screen.heading("1  One call, awaited", f'completion = await client.create("{GREETING}")')
    screen.prompt(GREETING)
    start = perf_counter()
    completion = await client.create(GREETING)
    elapsed = perf_counter() - start

    with screen.answer() as write:
        write(completion.text or completion.refusal or "(no text)")
    usage = completion.usage
    screen.remark(
        duration(elapsed),
        f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out" if usage else "the server sent no usage",
        f"request {completion.request_id}" if completion.request_id else None,
    )


async def stream_one(client: chatsdk.AsyncChatClient, screen: Screen) -> None:
    """One answer as it comes."""
    screen.heading("2  Tokens as they come", "async for text in client.stream(prompt).text(): ...")
    screen.prompt(STORY)
    meter = StreamMeter(perf_counter)
    with screen.answer() as write:
        async with client.stream(STORY, stream_options={"include_usage": True}) as stream:
            async for text in stream.text():
                meter.add()
                write(text)
            completion = await stream.completion()

    tokens = visible_tokens(completion.usage)
    count, unit = (tokens, "tokens") if tokens else (meter.pieces, "pieces")
    counted = "by the server's count" if tokens else "of text, for the server sent no usage"
    rate = meter.rate(count)
    screen.remark(
        f"first token after {duration(meter.first)}" if meter.first is not None else "no text came",
        f"{rate:.1f} {unit}/s" if rate else None,
        f"{count} {unit} {counted}",
    )


async def run_batch(client: chatsdk.AsyncChatClient, screen: Screen, requests: int, concurrency: int) -> None:
    """Many calls at once. Raises the first error if all of them fail."""
    screen.heading("3  A batch", f"async for result in client.batch(prompts, concurrency={concurrency}): ...")
    prompts = (f"What is {n} * {n + 7}? Answer with the number only." for n in range(11, 11 + requests))
    tally = Tally(perf_counter)
    with screen.progress(requests) as advance:
        async with client.batch(tally.watch(prompts), concurrency=concurrency) as results:
            async for result in results:
                tally.add(result)
                advance()

    if not tally.succeeded:
        raise tally.errors[0]
    screen.table(summary(tally, concurrency))


def summary(tally: Tally, concurrency: int) -> dict[str, str]:
    """A batch in words; at least one of its calls succeeded."""
    total = tally.succeeded + len(tally.errors)
    speed = total / tally.seconds
    median, most = tally.latency(0.5), tally.latency(0.95)
    has_usage = tally.prompt_tokens or tally.completion_tokens
    tokens = f"{tally.prompt_tokens:,} in, {tally.completion_tokens:,} out"
    rows = {
        "requests": f"{total}, at most {concurrency} at a time",
        "succeeded": f"{tally.succeeded}",
        "failed": ", ".join(f"{count} {name}" for name, count in tally.failures) or "0",
        "time": f"{duration(tally.seconds)}, for calls that add up to {duration(tally.seconds_of_calls)}",
        "speed": f"{speed:,.{0 if speed >= 10 else 1}f} requests/s",
        "latency": f"p50 {duration(median)}, p95 {duration(most)}, retries included",
        "tokens": tokens if has_usage else "the server sent no usage",
    }
    if tally.errors:
        rows["first error"] = one_line(str(tally.errors[0]))
    return rows


def duration(seconds: float) -> str:
    """With as many digits as mean something."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
