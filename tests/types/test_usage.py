"""What several calls have cost together."""

from __future__ import annotations

import msgspec
import pytest

from chatsdk.types import CompletionTokensDetails, CompletionUsage, PromptTokensDetails


def test_usages_add_up_and_what_one_did_not_say_the_other_does() -> None:
    first = CompletionUsage(1, 2, 3, PromptTokensDetails(cached_tokens=1), CompletionTokensDetails(audio_tokens=2))
    second = CompletionUsage(10, 20, 40, PromptTokensDetails(audio_tokens=5, cached_tokens=2))
    assert first + second == CompletionUsage(
        11, 22, 43, PromptTokensDetails(audio_tokens=5, cached_tokens=3), CompletionTokensDetails(audio_tokens=2)
    )
    assert CompletionUsage() + CompletionUsage() == CompletionUsage()
    assert msgspec.to_builtins(CompletionUsage() + first) == msgspec.to_builtins(first)


def test_only_usages_are_added_to_usages() -> None:
    with pytest.raises(TypeError):
        _ = CompletionUsage() + 1
