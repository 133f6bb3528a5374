"""A model that works on files, and asks before it writes one. What it did is kept in a file, and goes on from there.

OPENAI_API_KEY=... python examples/agent.py run.json "Make a list of the seas in seas.txt."
OPENAI_API_KEY=... python examples/agent.py run.json
"""

import asyncio
import os
import sys
from pathlib import Path

from chatsdk import AsyncChatClient, Pause, Refuse, TextDelta, ToolCall, ToolFinished, ToolRun, ToolStarted


def read_file(path: str) -> str:
    """The text of a file in this folder."""
    return Path(path).read_text()


def write_file(path: str, text: str) -> int:
    """Write a text file in this folder, replacing it.

    Args:
        path: Its name.
        text: All that shall stand in it.
    """
    return Path(path).write_text(text)


async def allow(call: ToolCall) -> Pause | Refuse | None:
    """Ask whoever sits there; without an answer the run waits."""
    if call.name == "read_file":
        return None
    print(f"\n{call.name} {call.arguments} (y/n/later)? ", end="", flush=True)
    answer = (await asyncio.to_thread(sys.stdin.readline)).strip()
    if answer == "y":
        return None
    return Refuse("The user does not want that.") if answer == "n" else Pause()


async def work(start: str | ToolRun) -> ToolRun:
    async with AsyncChatClient(model=os.environ.get("OPENAI_MODEL", "gpt-5.4-mini")) as client:
        stream = client.stream_tools(start, tools=[read_file, write_file], before_tool=allow)
        async for event in stream:
            match event:
                case TextDelta(text=text):
                    print(text, end="", flush=True)
                case ToolStarted(call=call):
                    print(f"[{call.name} ...", end="", flush=True)
                case ToolFinished(error=error):
                    print(f" {error or 'done'}]", flush=True)
        return await stream.result()


def main(saved: Path, *prompt: str) -> None:
    run = asyncio.run(work(" ".join(prompt) if prompt else ToolRun.from_json(saved.read_bytes())))
    saved.write_bytes(run.to_json())
    print(f"\n{len(run.pending)} calls wait" if run.pending else "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
