"""One program's whole life up to its first answer: import a client, open it, ask once, print the text.

python -m benchmarks.first_answer <client> <base URL>
"""

import asyncio
import sys

from benchmarks.rows import find
from benchmarks.workloads import messages


async def main(name: str, base_url: str) -> None:
    async with find("call", name).opener()(base_url) as ask:
        sys.stdout.buffer.write((await ask(messages("hello"))).encode() + b"\0")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
