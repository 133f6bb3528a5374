"""Databricks model serving, after its API reference, which knows `max_tokens` only, and the errors its users report.

Many of its endpoints refuse what they don't know, `stream_options` too; one that takes it gets it by `extra_body`.
"""

from __future__ import annotations

from ._provider import REASONING_NAMES, Provider

PROVIDER = Provider(
    name="databricks",
    base_url="https://{workspace}.cloud.databricks.com/serving-endpoints",
    key_variables=("DATABRICKS_TOKEN",),
    needs_key=True,
    renames={"max_completion_tokens": "max_tokens"},
    drops=frozenset({"stream_options"}),
    message_drops=REASONING_NAMES,
)
