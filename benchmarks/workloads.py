"""Seeded answers as a chat completions server sends them, with the text they add up to.

Pure: no clock, no network, no global dice, so tests may share it. The same seed and size give the same bytes
in every process: the server sends them and the clients check them without a word passing between the two.
"""

import json
import random
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

_MODEL = "gpt-5.4-mini-2026-03-17"
_CREATED = 1_780_000_000
_PIECES = (
    *(
        " the",
        " of",
        " and",
        " a",
        " to",
        " in",
        " is",
        " that",
        " sea",
        " water",
        " light",
        " wave",
        " deep",
    ),
    *(
        "ing",
        "ed",
        "ly",
        "s",
        ",",
        ".",
        ":",
        "\n",
        "\n\n",
        ' "',
        '"',
        " caf\u00e9",
        " \u2014",
        " \u6d77",
        " \U0001f30a",
    ),
    *(" something", " understanding", " temperature", " ocean", "ography", " however", " because"),
    *("-", " 42", "`", "**", " \\", "\t"),
)


def pieces(seed: int, count: int) -> list[str]:
    """`count` tokens of prose, with the quotes, breaks, accents and emoji that make JSON work."""
    return random.Random(seed).choices(_PIECES, k=count)


Delta = tuple[dict[str, Any], dict[str, Any] | None]
"""A delta, and the log probabilities that go with it."""


class Body(NamedTuple):
    """What a stream is filled with: `count` deltas made from a seed, and what a client makes of them."""

    deltas: Callable[[int, int], Iterator[Delta]]
    finish_reason: str
    answer: Callable[[int, int], str]
    is_padded: bool = False


def chunks(seed: int, count: int, body: str = "text") -> Iterator[dict[str, Any]]:
    """`count` chunks (at least 2): the role first, the finish reason last, one delta of the body in each between."""
    filling = BODIES[body]
    head = {
        "id": f"chatcmpl-{random.Random(seed).randbytes(15).hex()[:29]}",
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": _MODEL,
        "system_fingerprint": "fp_chatsdk_bench",
    }

    dice = random.Random(seed)

    def chunk(delta: dict[str, Any], logprobs: dict[str, Any] | None, reason: str | None) -> dict[str, Any]:
        padding = {"obfuscation": _padding(dice)} if filling.is_padded else {}
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
        return {**head, "choices": [choice], **padding}

    yield chunk({"role": "assistant", "content": ""}, None, None)
    for delta, logprobs in filling.deltas(seed, count - 2):
        yield chunk(delta, logprobs, None)
    yield chunk({}, None, filling.finish_reason)


def stream_text(seed: int, count: int) -> str:
    """What the contents of `chunks(seed, count)` add up to."""
    return "".join(pieces(seed, count - 2))


def first_text(seed: int, count: int) -> str:
    """The first of them."""
    return pieces(seed, count - 2)[0]


def arguments(seed: int, count: int) -> str:
    """What the argument deltas of `chunks(seed, count, "tools")` add up to: JSON, 32 characters for each of them."""
    length = 32 * (count - 2) - len('{"text":""}')
    return f'{{"text":"{random.Random(seed).randbytes(length // 2 + 1).hex()[:length]}"}}'


def last_alternatives(seed: int, count: int) -> str:
    """The twentieth alternative of each token of `chunks(seed, count, "logprobs")`, joined."""
    tokens = pieces(seed, count - 2)
    return "".join(tokens[(at + _TOP - 1) % len(tokens)] for at in range(len(tokens)))


class Item(NamedTuple):
    """What the list of the body "items" holds; each client reads it as a type of its own with these members."""

    id: int
    name: str
    price: float


def items(seed: int, count: int) -> list[Item]:
    """As many as fit into the contents of `chunks(seed, count, "items")`."""
    dice = random.Random(seed)
    fitting = (_LETTERS * (count - 2) - len(_EMPTY) + 1) // _ITEM
    return [_item(dice, number) for number in range(1, fitting + 1)]


def items_text(seed: int, count: int) -> str:
    """What these contents add up to: a JSON object that holds the list, and spaces where no item fits any more."""
    whole = ",".join(_json(item._asdict()) for item in items(seed, count))
    return f"{_EMPTY[:-2]}{whole}{_EMPTY[-2:]}".ljust(_LETTERS * (count - 2))


def items_told(items: Sequence[Any]) -> str:
    """The names of all, how many there are, and the last with all its members."""
    last = items[-1]
    return f"{''.join([item.name for item in items])}, {len(items)}, {last.id} {last.name} {last.price}"


def items_answer(seed: int, count: int) -> str:
    """The items of `chunks(seed, count, "items")`, told."""
    return items_told(items(seed, count))


def chunks_of_items(count: int) -> int:
    """How many chunks a stream of so many items takes."""
    return 2 - (1 - len(_EMPTY) - _ITEM * count) // _LETTERS


_TOP = 20

_EMPTY = '{"items":[]}'
_ITEM = 50
"""Characters of each item, its comma included; the name takes what the others leave."""
_LETTERS = 5
"""Characters of a piece of them, give or take one, as tokens of JSON have."""


def _item(dice: random.Random, number: int) -> Item:
    price = dice.randrange(10_000) / 100
    bare = Item(number, "", price)
    words = "".join(piece for piece in dice.choices(_PIECES, k=_ITEM) if piece.strip().isalpha()) * _ITEM
    return bare._replace(name=words[: _ITEM - 1 - len(_json(bare._asdict()))])


def _padding(dice: random.Random) -> str:
    """What hides from an onlooker how long a piece is."""
    return "".join(dice.choices(string.ascii_letters + string.digits, k=dice.randrange(1, 17)))


def _text_deltas(seed: int, count: int) -> Iterator[Delta]:
    for piece in pieces(seed, count):
        yield {"content": piece}, None


def _tool_deltas(seed: int, count: int) -> Iterator[Delta]:
    whole = arguments(seed, count + 2)
    call = {"id": "call_Zq3vX8mB1sT6nL0c", "type": "function", "function": {"name": "write", "arguments": whole[:32]}}
    yield {"tool_calls": [{"index": 0, **call}]}, None
    for at in range(32, len(whole), 32):
        yield {"tool_calls": [{"index": 0, "function": {"arguments": whole[at : at + 32]}}]}, None


def _items_deltas(seed: int, count: int) -> Iterator[Delta]:
    whole, dice = items_text(seed, count + 2), random.Random(seed)
    start = 0
    for number in range(1, count):
        end = _LETTERS * number + dice.randrange(2)
        yield {"content": whole[start:end]}, None
        start = end
    yield {"content": whole[start:]}, None


def _logprobs_deltas(seed: int, count: int) -> Iterator[Delta]:
    tokens = pieces(seed, count)

    def entry(at: int, rank: int) -> dict[str, Any]:
        token = tokens[(at + rank) % count]
        return {"token": token, "logprob": -0.73 * (rank + 1) - 1 / (at + 3), "bytes": list(token.encode())}

    for at, token in enumerate(tokens):
        alternatives = [entry(at, rank) for rank in range(_TOP)]
        yield {"content": token}, {"content": [{**entry(at, 0), "top_logprobs": alternatives}], "refusal": None}


BODIES = {
    "text": Body(_text_deltas, "stop", stream_text),
    "padded": Body(_text_deltas, "stop", stream_text, is_padded=True),
    "first": Body(_text_deltas, "stop", first_text),
    "tools": Body(_tool_deltas, "tool_calls", arguments),
    "logprobs": Body(_logprobs_deltas, "stop", last_alternatives),
    "items": Body(_items_deltas, "stop", items_answer),
}


@cache
def messages(prompt: str) -> list[dict[str, Any]]:
    """What a client is given to ask: a few words, a long text, or a large image as a data URI."""
    match prompt:
        case "text-1MB":
            return [{"role": "user", "content": ("A long story. " * 75_000)[:1_000_000]}]
        case "image-20MB":
            url = f"data:image/png;base64,{'iVBORw0KGgoAAAANSUhEUgAA' * 833_334}"
            parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
            return [{"role": "user", "content": parts}]
        case _:
            return [{"role": "user", "content": "Say hello."}]


PROMPTS = {"hello": 0, "text-1MB": 1_000_000, "image-20MB": 20_000_000}
"""The least that the body of a request with each prompt weighs."""


def packets(seed: int, count: int, per_packet: int, body: str = "text") -> list[bytes]:
    """The SSE body of `chunks(seed, count, body)`, cut after every `per_packet` events; `[DONE]` ends the last."""
    events = (b"data: " + _compact(chunk) + b"\n\n" for chunk in chunks(seed, count, body))
    cut = [b"".join(islice(events, per_packet)) for _ in range(0, count, per_packet)]
    cut[-1] += b"data: [DONE]\n\n"
    return cut


def completion(seed: int, tokens: int) -> dict[str, Any]:
    """A one-shot answer of `tokens` tokens, its usage included."""
    return {
        "id": f"chatcmpl-{random.Random(seed).randbytes(15).hex()[:29]}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": _MODEL,
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": completion_text(seed, tokens),
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 12,
            "completion_tokens": tokens,
            "total_tokens": 12 + tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
        "service_tier": "default",
        "system_fingerprint": "fp_chatsdk_bench",
    }


def completion_text(seed: int, tokens: int) -> str:
    """The text of `completion(seed, tokens)`."""
    return "".join(pieces(seed, tokens))


def completion_body(seed: int, tokens: int) -> bytes:
    """The bytes of `completion(seed, tokens)`, indented as OpenAI sends them."""
    return json.dumps(completion(seed, tokens), ensure_ascii=False, indent=2).encode()


def chunked(parts: Iterable[bytes]) -> list[bytes]:
    """Each part as one chunk of chunked transfer encoding; the closing chunk rides with the last part."""
    framed = [b"%x\r\n%b\r\n" % (len(part), part) for part in parts]
    framed[-1] += b"0\r\n\r\n"
    return framed


def _compact(value: object) -> bytes:
    return _json(value).encode()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
