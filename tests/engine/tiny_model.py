"""Writes a llama model of half a megabyte with random weights, for a real engine to run.

The text it produces means nothing; the wire around that text is real. The same seed gives the same file.
It never downloads anything, and it must stay small enough to be written anew in every test run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gguf
import numpy as np
from gguf.constants import TokenType

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTEXT_LENGTH = 4096
LAYERS = 2
WIDTH = 64
HEADS = 4
FEED_FORWARD = 128

CONTROL = ("<s>", "</s>", "<|im_start|>", "<|im_end|>")
WORDS = (
    "the", "a", "of", "and", "to", "in", "is", "it", "you", "that", "was", "for", "on", "are", "with", "as",
    "sea", "sun", "red", "blue", "green", "cat", "dog", "tree", "yes", "no", "one", "two", "hello", "world",
    "é", "ж", "海", "😀",
)  # fmt: skip

# How far a token's logits spread. The model writes words and printable characters. Single bytes and the tokens
# that end a text are next to never its own choice, so an answer is valid UTF-8 and as long as `max_tokens`, a
# stop sequence or a grammar makes it. A request's `logit_bias` gets the others: ids are places in `vocabulary()`.
SPREAD = {TokenType.NORMAL: 0.25, TokenType.BYTE: 0.0, TokenType.CONTROL: 0.0, TokenType.UNKNOWN: 0.0}

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def vocabulary() -> Iterator[tuple[str, float, TokenType]]:
    """Every token in the order of its id: text, score, type.

    All 256 bytes are there, so any text can be encoded and any text can come out, invalid UTF-8 included.
    """
    yield "<unk>", 0.0, TokenType.UNKNOWN

    for text in CONTROL:
        yield text, 0.0, TokenType.CONTROL

    for byte in range(256):
        yield f"<0x{byte:02X}>", 0.0, TokenType.BYTE

    # "▁" (U+2581) is how a llama vocabulary writes the space; a higher score is merged first.
    pieces = ["▁", *map(chr, range(0x21, 0x7F)), *(f"▁{word}" for word in WORDS)]
    for rank, text in enumerate(pieces):
        yield text, -float(rank), TokenType.NORMAL


def tensor_shapes(vocabulary_size: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all tensors, as llama.cpp looks them up; one dimension means a norm."""
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (vocabulary_size, WIDTH),
        "output_norm.weight": (WIDTH,),
        "output.weight": (vocabulary_size, WIDTH),
    }
    for layer in range(LAYERS):
        shapes |= {
            f"blk.{layer}.attn_norm.weight": (WIDTH,),
            f"blk.{layer}.attn_q.weight": (WIDTH, WIDTH),
            f"blk.{layer}.attn_k.weight": (WIDTH, WIDTH),
            f"blk.{layer}.attn_v.weight": (WIDTH, WIDTH),
            f"blk.{layer}.attn_output.weight": (WIDTH, WIDTH),
            f"blk.{layer}.ffn_norm.weight": (WIDTH,),
            f"blk.{layer}.ffn_gate.weight": (FEED_FORWARD, WIDTH),
            f"blk.{layer}.ffn_up.weight": (FEED_FORWARD, WIDTH),
            f"blk.{layer}.ffn_down.weight": (WIDTH, FEED_FORWARD),
        }
    return shapes


def write_tiny_model(path: Path, *, seed: int = 0) -> None:
    """Write the model to `path` as GGUF."""
    texts, scores, types = zip(*vocabulary(), strict=True)
    ids = {text: token for token, text in enumerate(texts)}

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT_LENGTH)
    writer.add_block_count(LAYERS)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(texts))

    writer.add_tokenizer_model("llama")
    writer.add_token_list(texts)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_unk_token_id(ids["<unk>"])
    writer.add_bos_token_id(ids["<s>"])
    writer.add_eos_token_id(ids["</s>"])
    writer.add_eot_token_id(ids["<|im_end|>"])
    # With the llama default, true, no grammar accepts its own generation prompt and JSON output is refused.
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHAT_TEMPLATE)

    random = np.random.default_rng(seed)
    for name, shape in tensor_shapes(len(texts)).items():
        spread = [[SPREAD[kind]] for kind in types] if name == "output.weight" else 0.25
        weights = np.ones(shape) if len(shape) == 1 else random.normal(0.0, spread, shape)
        writer.add_tensor(name, weights.astype(np.float32))

    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
