"""The command that holds the others, and how each of them ends.

exit code 0      it did what was asked
          1      the server, the network or the answer failed, or the reader of a pipe has left
          2      it was asked for the wrong thing
          130    Ctrl-C, as shells have it
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

import chatsdk

from ._output import one_line

HELP = """Talk to a server of the Chat Completions API.

The environment says which one: OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL. Start with `chatsdk demo`, which needs
none of them.
"""


def command_line(modules: Mapping[str, str]) -> LazyGroup:
    """The whole command line, of commands by name and the module each is in."""
    group = LazyGroup(modules, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
    return click.version_option(chatsdk.__version__, prog_name="chatsdk", message="%(prog)s %(version)s")(group)


class LazyGroup(click.Group):
    """Commands that are imported when they are asked for."""

    def __init__(self, modules: Mapping[str, str], **settings: Any) -> None:
        super().__init__(**settings)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._modules:
            return None
        command: click.Command = import_module(self._modules[cmd_name]).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(130)
        except chatsdk.UsageError as error:
            raise Misuse(error) from None
        except chatsdk.ChatError as error:
            raise Failure(error) from None


class Failure(click.ClickException):
    """An error as a person gets to see it: one line, and one for each of its notes."""

    def __init__(self, error: chatsdk.ChatError) -> None:
        lines = [str(error), *getattr(error, "__notes__", ())]
        super().__init__("\n".join(map(one_line, lines)))


class Misuse(Failure):
    """The command was asked for the wrong thing."""

    exit_code = 2
