"""Alibaba Cloud's Model Studio (Qwen), after its API reference; `CN` is the platform within China.

It takes `max_completion_tokens` as it is, and refuses the role `developer`. Few of its models take a schema, and none
that thinks takes a forced tool.
"""

from __future__ import annotations

from msgspec import structs

from ._provider import Provider

PROVIDER = Provider(
    name="dashscope",
    base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    key_variables=("DASHSCOPE_API_KEY",),
    needs_key=True,
    roles={"developer": "system"},
    output_mode="json_object",
)

CN = structs.replace(
    PROVIDER,
    name="dashscope_cn",
    base_url="https://dashscope.aliyuncs.com/compatible-mode/v1",
)
