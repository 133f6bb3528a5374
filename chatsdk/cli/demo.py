"""`chatsdk demo`: the three uses, live, on the bundled server or on a real one.

rich and the server are imported when they are needed: `chatsdk --help` reads this file too.
"""

from __future__ import annotations

import asyncio

import click

import chatsdk

from ._target import Target

NEXT = {
    'chatsdk chat "Why is the sky blue?"': "with OPENAI_API_KEY, or --base-url URL",
    "chatsdk demo --base-url URL": "the same on a server of yours",
    "README.md": "the guide",
    "examples/": "programs to start from",
}


@click.command()
@click.option("--model", envvar="OPENAI_MODEL", help="Of a real server. Else OPENAI_MODEL, else the only one it has.")
@click.option("--base-url", metavar="URL", help="A real server, such as http://localhost:8080/v1.")
@click.option("--bundled", is_flag=True, help="The bundled server, whatever the environment says.")
@click.option("--requests", type=click.IntRange(1), default=200, show_default=True, help="Calls in the batch.")
@click.option("--concurrency", type=click.IntRange(1), default=50, show_default=True, help="Calls at a time.")
def command(model: str | None, base_url: str | None, bundled: bool, requests: int, concurrency: int) -> None:
    """Show one call, one stream and one batch, live.

    Needs neither key nor network: a server in this package answers. With --base-url, OPENAI_BASE_URL or
    OPENAI_API_KEY a real one does.
    """
    if bundled and base_url:
        raise click.UsageError("--bundled and --base-url name two servers")
    target = Target(base_url, model)
    if bundled or not target.is_known:
        asyncio.run(show_bundled(requests, concurrency))
    else:
        asyncio.run(show(target, target.shown_base_url, requests, concurrency))


async def show_bundled(requests: int, concurrency: int) -> None:
    """The demo on a server of its own."""
    from chatsdk.testing import DEMO_MODEL

    from ._bundled import bundled_server

    async with bundled_server() as server:
        target = Target(server.base_url, DEMO_MODEL, api_key="bundled")
        await show(target, f"{server.base_url}, bundled: no network, slow on purpose", requests, concurrency)


async def show(target: Target, server: str, requests: int, concurrency: int) -> None:
    """The demo from the first line to the last."""
    from ._draw import Screen
    from ._tour import await_one, run_batch, stream_one

    async with target.connect() as (client, model):
        screen = Screen()
        screen.heading(f"chatsdk {chatsdk.__version__}")
        screen.table({"server": server, "model": model})
        await await_one(client, screen)
        await stream_one(client, screen)
        await run_batch(client, screen, requests, concurrency)
    screen.heading("What to try next")
    screen.table(NEXT)
