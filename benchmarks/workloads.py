"""Seeded answers as a chat completions server sends them, with the text they add up to.

Pure: no clock, no network, no global dice, so tests may share it. The same seed and size give the same bytes
in every process: the server sends them and the clients check them without a word passing between the two.
"""

import json
import random
from collections.abc import Iterable
from typing import Any

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


def chunks(seed: int, count: int) -> list[dict[str, Any]]:
    """`count` chunks (at least 2): the role first, the finish reason last, one token in each between."""
    head = {
        "id": f"chatcmpl-{random.Random(seed).randbytes(15).hex()[:29]}",
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": _MODEL,
        "system_fingerprint": "fp_chatsdk_bench",
    }
    deltas: list[dict[str, str]] = [
        {"role": "assistant", "content": ""},
        *({"content": piece} for piece in pieces(seed, count - 2)),
        {},
    ]
    reasons = [None] * (count - 1) + ["stop"]
    return [
        {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}
        for delta, reason in zip(deltas, reasons, strict=True)
    ]


def stream_text(seed: int, count: int) -> str:
    """What the contents of `chunks(seed, count)` add up to."""
    return "".join(pieces(seed, count - 2))


def packets(seed: int, count: int, per_packet: int) -> list[bytes]:
    """The SSE body of `chunks(seed, count)`, cut after every `per_packet` events; `[DONE]` ends the last."""
    events = [b"data: " + _compact(chunk) + b"\n\n" for chunk in chunks(seed, count)]
    events[-1] += b"data: [DONE]\n\n"
    return [b"".join(events[at : at + per_packet]) for at in range(0, count, per_packet)]


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
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
