"""How text is cut into tokens and counted: a rule that can be done in the head, not a tokenizer.

A token is a word with the white space before it; a word of more than 16 characters is cut after each 16.
A message of the prompt costs 4 tokens beside its text, a part of it that is no text costs 85.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_TOKEN = re.compile(r"\s*\S{1,16}|\s+")
_PER_MESSAGE = 4
_PER_PART = 85


def split(text: str) -> tuple[str, ...]:
    """The tokens of a text; joined they are the text again."""
    return tuple(_TOKEN.findall(text))


def count_prompt(messages: Sequence[Mapping[str, Any]]) -> int:
    """The tokens of a conversation."""
    return sum(_PER_MESSAGE + _count_content(message.get("content")) for message in messages)


def _count_content(content: Any) -> int:
    if isinstance(content, str):
        return len(split(content))
    return sum(len(split(part["text"])) if "text" in part else _PER_PART for part in content or ())
