"""Google's Gemini API for OpenAI clients, after its docs; a tool call has to come back with its thought signature."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="gemini",
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    hosts=("generativelanguage.googleapis.com",),
    key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    needs_key=True,
    call_sends_back=("extra_content",),
)
