"""`chatsdk chat`: one answer, on stdout as it comes. Whatever else there is to say goes to stderr."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

import click

import chatsdk

from ..types import RequestMessage
from ._output import Output
from ._target import Target

REMARKS = {
    "length": "The answer was cut at the limit of tokens.",
    "content_filter": "The answer was cut by a content filter.",
}

NO_SERVER = "Or name a server with --base-url. Or try `chatsdk demo`, which needs neither key nor network."


@click.command()
@click.argument("prompt", required=False)
@click.option("--model", envvar="OPENAI_MODEL", help="Else OPENAI_MODEL, else the only one the server has.")
@click.option(
    "--base-url", metavar="URL", help="Such as http://localhost:8080/v1. Else OPENAI_BASE_URL, else OpenAI's."
)
@click.option("--system", metavar="TEXT", help="Instructions that come before the prompt.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole completion as one JSON object, at the end.")
def command(prompt: str | None, model: str | None, base_url: str | None, system: str | None, as_json: bool) -> None:
    """Print the answer to PROMPT as it comes.

    PROMPT is read from stdin where it is missing or `-`. The key is the one in OPENAI_API_KEY.
    """
    text = read_stdin() if prompt is None or prompt == "-" else prompt
    if not text.strip():
        raise click.UsageError("the prompt is empty")
    messages: list[RequestMessage] = [chatsdk.system(system)] if system else []
    messages.append(chatsdk.user(text))
    target = Target(base_url, model)
    try:
        asyncio.run(print_json(target, messages) if as_json else print_text(target, messages))
    except chatsdk.UsageError as error:
        if not target.is_known:
            error.add_note(NO_SERVER)
        raise


def read_stdin() -> str:
    """All of it."""
    if sys.stdin.isatty():
        click.echo("Reading the prompt from the keyboard; end it with Ctrl-D on a line of its own.", err=True)
    return sys.stdin.read()


async def print_json(target: Target, messages: Sequence[RequestMessage]) -> None:
    """The completion as one line of JSON, or nothing."""
    async with target.connect() as (client, _):
        completion = await client.create(messages)
    click.echo(chatsdk.to_json(completion))


async def print_text(target: Target, messages: Sequence[RequestMessage]) -> None:
    """The text of the answer, and however it ends, what had come and a newline."""
    output = Output(sys.stdout)
    async with target.connect() as (client, _), client.stream(messages) as stream:
        try:
            async for piece in stream.text():
                output.write(piece)
        finally:
            output.end_line()
        completion = await stream.completion()
    if completion.refusal:
        raise chatsdk.RefusedError(f"the model declined: {completion.refusal}", completion)
    if remark := REMARKS.get(completion.finish_reason or ""):
        click.echo(remark, err=True)
