"""Many prompts at once: one a line from standard input, one JSON object a line to standard output.

OPENAI_API_KEY=... python examples/batch.py < prompts.txt > answers.jsonl
"""

import asyncio
import json
import os
import sys

from chatsdk import AsyncChatClient


async def main() -> None:
    prompts = (line.strip() for line in sys.stdin if line.strip())
    async with AsyncChatClient(model=os.environ.get("OPENAI_MODEL", "gpt-5.4-mini")) as client:
        async for result in client.batch(prompts, concurrency=50, ordered=True):
            answer = result.completion.text if result.completion else None
            print(json.dumps({"id": result.custom_id, "answer": answer, "error": result.error and str(result.error)}))


if __name__ == "__main__":
    asyncio.run(main())
