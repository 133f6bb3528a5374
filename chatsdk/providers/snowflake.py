"""Snowflake Cortex, after its REST reference; a key is a programmatic access token or a JWT."""

from __future__ import annotations

from ._provider import Provider

PROVIDER = Provider(
    name="snowflake",
    base_url="https://{account}.snowflakecomputing.com/api/v2/cortex/v1",
    key_variables=("SNOWFLAKE_TOKEN",),
    needs_key=True,
)
