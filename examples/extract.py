"""Facts out of text: the people in standard input, one JSON object a line, each written as soon as it is whole.

OPENAI_API_KEY=... python examples/extract.py < article.txt
"""

import asyncio
import os
import sys

import msgspec

from chatsdk import AsyncChatClient, OutputError, system, user


class Person(msgspec.Struct):
    name: str
    born: int | None
    """The year, if the text says it."""


class Found(msgspec.Struct):
    people: list[Person]


async def main() -> None:
    messages = [system("List the people in the text."), user(sys.stdin.read())]
    async with AsyncChatClient(model=os.environ.get("OPENAI_MODEL", "gpt-5.4-mini")) as client:
        try:
            async for person in client.stream(messages, response_type=Found).elements("people"):
                print(msgspec.json.encode(person).decode(), flush=True)
        except OutputError as error:
            sys.exit(f"not all of it: {error}")


if __name__ == "__main__":
    asyncio.run(main())
