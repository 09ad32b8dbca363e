"""An ASGI callable without any framework."""

import asyncio
import json
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any

from fastapi_testing.server.application import ASGIApp, Receive, Scope, Send
from tests.frameworks.backstage import Backstage

__all__ = ["make_app"]


def make_app(backstage: Backstage) -> ASGIApp:
    """Return the app."""
    return Bare(backstage)


class Bare:
    """Routes by the path, in the order of the specification (ASGI 3.0)."""

    def __init__(self, backstage: Backstage) -> None:
        self.backstage = backstage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the kind of scope."""
        if scope["type"] == "lifespan":
            await self.run_lifespan(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.talk(scope, receive, send)
        else:
            await self.answer(scope, receive, send)

    async def run_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start and stop."""
        await receive()
        try:
            await self.backstage.start()
        except LookupError as exc:
            await send({"type": "lifespan.startup.failed", "message": str(exc)})
            return
        scope["state"]["started"] = True
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.backstage.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def talk(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say everything back, or refuse to."""
        await receive()
        if scope["path"] == "/private":
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            if scope["path"] == "/broken":
                raise LookupError("no room")
            await send({"type": "websocket.send", "text": message["text"]})

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        match (scope["method"], *scope["path"].strip("/").split("/")):
            case ("GET", "items", number):
                await reply(send, {"id": int(number)})
            case ("POST", "items"):
                await reply(send, {"id": 1, **json.loads(await read(receive))}, 201)
            case ("POST", "login"):
                await reply(send, None, 200, [(b"set-cookie", b"user=ann; Path=/")])
            case ("GET", "me"):
                await reply(send, {"user": cookie(scope, "user")})
            case ("GET", "fail"):
                raise LookupError("no stock")
            case ("GET", "state"):
                await reply(send, {"started": scope["state"]["started"]})
            case ("GET", "chunks"):
                await stream(send, chunks(self.backstage.gate), b"text/plain")
            case ("GET", "events"):
                await stream(send, events(), b"text/event-stream")
            case ("POST", "count"):
                await reply(send, {"bytes": len(await read(receive))})
            case ("POST", "work"):
                await reply(send, None, 202)
                await self.backstage.work()
            case _:
                await reply(send, {"detail": "Not Found"}, 404)


async def read(receive: Receive) -> bytes:
    """Return the body of a request."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def reply(send: Send, document: Any, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    """Answer with a document."""
    fields = [(b"content-type", b"application/json"), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})


async def stream(send: Send, parts: AsyncIterator[bytes], media_type: bytes) -> None:
    """Answer in parts."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", media_type)]})
    async for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


async def chunks(gate: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield a part, and the rest when it is time."""
    yield b"one "
    await gate.wait()
    yield b"two"


async def events() -> AsyncIterator[bytes]:
    """Yield Server-Sent Events."""
    yield b"id: 1\ndata: first\n\n"
    yield b"id: 2\ndata: second\n\n"


def cookie(scope: Scope, name: str) -> str | None:
    """Return the value of a cookie."""
    sent = SimpleCookie(dict(scope["headers"]).get(b"cookie", b"").decode())
    return sent[name].value if name in sent else None
