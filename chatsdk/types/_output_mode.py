"""How a server is asked for an answer after a schema, best first. It is no Struct of the wire, but a fact of a server.

json_schema   `response_format` holds the schema, and the server keeps to it
tool          a function is forced to be called, and its parameters are the schema
json_object   `response_format` asks for any JSON object, and the instructions tell the schema
prompt        the instructions do it alone
"""

from __future__ import annotations

from typing import Literal

OutputMode = Literal["json_schema", "tool", "json_object", "prompt"]
"""A way to be asked for an answer after a schema."""
