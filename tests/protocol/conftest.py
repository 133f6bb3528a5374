"""A slow machine fails no test: what is too slow is found by counted work."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("any machine", settings.default, deadline=None)
settings.load_profile("any machine")
