"""GitHub Models, its older host included, after its docs."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="github",
    base_url="https://models.github.ai/inference",
    key_variables=("GITHUB_TOKEN",),
    needs_key=True,
)
