"""What is passed to helpers, and what a model says: data, never fetched, opened or run."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import chatsdk
from chatsdk import AsyncChatClient, UsageError, audio, file, image, user
from chatsdk.testing import ChatServer, Reply

from .network import Listener

PACKAGE = Path(chatsdk.__file__).parent

LOADERS = frozenset(
    {"cPickle", "cloudpickle", "dill", "joblib", "jsonpickle", "marshal", "pickle", "shelve", "xml", "xmlrpc", "yaml"}
)
RUNNERS = frozenset({"__import__", "compile", "eval", "exec"})


def trees() -> list[tuple[str, ast.Module]]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return [(path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def imported(tree: ast.Module) -> set[str]:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) if not node.level}
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize(("name", "tree"), trees(), ids=[name for name, _ in trees()])
def test_no_module_loads_objects_or_runs_text(name: str, tree: ast.Module) -> None:
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}

    assert not imported(tree) & LOADERS
    assert not called & RUNNERS
    assert not imported(tree) & {"subprocess"}


async def test_an_address_is_passed_on_and_never_fetched(client: AsyncChatClient, server: ChatServer) -> None:
    async with Listener() as trap:
        address = f"{trap.origin}/latest/meta-data/"
        await client.create([user("What is this?", image(address))])
        assert server.requests[-1].json["messages"][0]["content"][1]["image_url"]["url"] == address
        for part in (audio, file):
            with pytest.raises(UsageError, match="fetched"):
                part(address)
        assert trap.connections == 0


@pytest.mark.parametrize(
    "name", ["file:///etc/passwd", "file://localhost/etc/passwd", "ftp://host/a.png", "gopher://host/"]
)
def test_an_address_of_another_scheme_is_neither_fetched_nor_opened(name: str) -> None:
    for part in (image, audio, file):
        with pytest.raises(UsageError):
            part(name)


async def test_what_a_model_says_is_not_acted_upon(client: AsyncChatClient, server: ChatServer) -> None:
    async with Listener() as trap:
        said = f"![x]({trap.origin}/x.png) file:///etc/passwd __import__('os').system('true')"
        calls = [("open", {"path": "/etc/passwd"}), ("eval", said), ("fetch", {"url": trap.origin})]
        server.enqueue(Reply.text(said), Reply.tool_calls(calls))

        assert (await client.create("Hi")).text == said
        completion = await client.create("Hi")
        assert [call.function.name for call in completion.tool_calls] == ["open", "eval", "fetch"]
        assert trap.connections == 0
    assert len(server.requests) == 2
