"""Databricks model serving, after its docs; it refuses unknown members, and usage comes without being asked for."""

from __future__ import annotations

from ._provider import REASONING_NAMES, Provider

PROVIDER = Provider(
    name="databricks",
    base_url="https://{workspace}.cloud.databricks.com/serving-endpoints",
    hosts=(".cloud.databricks.com", ".azuredatabricks.net", ".gcp.databricks.com"),
    key_variables=("DATABRICKS_TOKEN",),
    needs_key=True,
    drops=frozenset({"stream_options"}),
    message_drops=frozenset(REASONING_NAMES),
)
