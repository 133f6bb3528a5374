"""DeepSeek, after its API reference and its guide to thinking mode: a turn with tool calls repeats its reasoning."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="deepseek",
    base_url="https://api.deepseek.com",
    hosts=("api.deepseek.com",),
    key_variables=("DEEPSEEK_API_KEY",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
    roles={"developer": "system"},
    sends_back=("reasoning_content",),
    sends_back_in="tool_turns",
)
