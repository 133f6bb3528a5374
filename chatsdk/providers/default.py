"""Servers nobody knows: nothing is renamed or left out, no key is needed. `OPENAI_API_KEY` is sent if it is set."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(name="default", openai_environment=True)
