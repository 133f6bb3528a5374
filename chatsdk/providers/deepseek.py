"""DeepSeek, after its API reference and its guide to thinking mode.

A turn with tool calls has to come back with its reasoning; that of any other turn is passed over if it comes. Thinking
is on unless a call turns it off, and takes no forced tool.
"""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="deepseek",
    base_url="https://api.deepseek.com",
    key_variables=("DEEPSEEK_API_KEY",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
    roles={"developer": "system"},
    output_mode="json_object",
)
