"""The command line, `chatsdk` or `python -m chatsdk`. It comes with the extra `cli`.

Commands parse and print; what they do is done on the floors below. A command is one module of `COMMANDS` with a
click command named `command`, and is imported when it is asked for.
"""

from __future__ import annotations

import io
import sys
from importlib.util import find_spec

COMMANDS = {
    "chat": "chatsdk.cli.chat",
    "demo": "chatsdk.cli.demo",
}


def main() -> None:
    """Run the command that `sys.argv` names. Always ends in `SystemExit`."""
    if not all(map(find_spec, ("click", "rich"))):
        print('The command line needs click and rich: pip install "chatsdk[cli]"', file=sys.stderr)
        sys.exit(2)
    for stream in sys.stdin, sys.stdout, sys.stderr:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a `?` for what the encoding lacks, no traceback
    from ._group import command_line

    command_line(COMMANDS).main(prog_name="chatsdk")
