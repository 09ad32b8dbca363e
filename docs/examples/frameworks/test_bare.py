"""An ASGI callable without a framework, and its tests."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi_testing import AsyncServerTestCase

Message = MutableMapping[str, Any]


async def greet(
    scope: Message, _: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Greet whoever the path names; it has no lifespan, and says so by an exception."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": f"Hello, {scope['path'][1:]}!".encode()})


class BareTests(AsyncServerTestCase):
    """Whatever is called as app(scope, receive, send) can be served."""

    app = greet

    async def test_greeting(self) -> None:
        """It greets by name."""
        self.assertContains(await self.client.get("/Ann"), "Hello, Ann!")
