"""A bot in the terminal: reads lines, answers as the words come, keeps the conversation.

OPENAI_API_KEY=... python examples/bot.py
"""

import asyncio
import os
import sys

from chatsdk import AsyncChatClient, system, user


async def main() -> None:
    conversation = [system("You are a friendly bot. Keep it short.")]
    async with AsyncChatClient(model=os.environ.get("OPENAI_MODEL", "gpt-5.4-mini")) as client:
        for line in sys.stdin:
            async with client.stream([*conversation, user(line.strip())]) as stream:
                async for text in stream.text():
                    print(text, end="", flush=True)
                print()
                answer = await stream.completion()
            conversation += [user(line.strip()), answer.message.to_request()]


if __name__ == "__main__":
    asyncio.run(main())
