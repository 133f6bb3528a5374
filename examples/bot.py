"""A bot in the terminal: reads lines, answers as the words come, keeps the conversation.

OPENAI_API_KEY=... python examples/bot.py
"""

import asyncio
import os
import sys

from chatsdk import AsyncChatClient, Conversation


async def main() -> None:
    async with AsyncChatClient(model=os.environ.get("OPENAI_MODEL", "gpt-5.4-mini")) as client:
        conversation = Conversation(client, system="You are a friendly bot. Keep it short.")
        for line in sys.stdin:
            async for text in conversation.stream(line.strip()).text():
                print(text, end="", flush=True)
            print()


if __name__ == "__main__":
    asyncio.run(main())
