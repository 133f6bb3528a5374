"""A web service that passes a model's words on to browsers as they come, and stops when a browser leaves.

OPENAI_API_KEY=... python examples/service.py 8080
curl -N 'http://127.0.0.1:8080/ask?q=Tell+me+about+the+sea'
"""

import os
import sys
from collections.abc import AsyncIterator

from aiohttp import web

from chatsdk import AsyncChatClient, ChatError

CLIENT = web.AppKey("client", AsyncChatClient)


async def connect(app: web.Application) -> AsyncIterator[None]:
    """One client for the whole service: its connections are shared by all requests."""
    async with AsyncChatClient(model=os.environ.get("OPENAI_MODEL", "gpt-5.4-mini")) as app[CLIENT]:
        yield


async def ask(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
    try:
        async with request.app[CLIENT].stream(request.query["q"]) as stream:
            await answer.prepare(request)
            async for text in stream.text():
                await answer.write(text.encode())
    except ChatError as error:
        if not answer.prepared:
            raise web.HTTPBadGateway(text=str(error)) from None
        await answer.write(f"\n[{error}]".encode())
    return answer


def make_app() -> web.Application:
    app = web.Application()
    app.cleanup_ctx.append(connect)
    app.router.add_get("/ask", ask)
    return app


if __name__ == "__main__":
    # without handler_cancellation aiohttp lets a handler go on after its browser has left
    web.run_app(make_app(), host="127.0.0.1", port=int(sys.argv[1]), handler_cancellation=True)
