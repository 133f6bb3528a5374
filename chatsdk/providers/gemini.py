"""Google's Gemini API for OpenAI clients, after its docs; thought signatures are in `extra_content` of tool calls."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="gemini",
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    needs_key=True,
)
