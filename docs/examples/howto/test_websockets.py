"""Talk to a WebSocket."""

from fastapi_testing import AsyncServerTestCase


class ChatTests(AsyncServerTestCase):
    """A chat, once for each thing that a test does with a WebSocket."""

    app = "chat:app"

    async def test_talk(self) -> None:
        """What is said comes back."""
        async with self.ws.connect("/rooms/lobby") as chat:
            await chat.send_text("hello")
            message = await chat.receive_json(timeout=1.0)
            self.assertEqual(message["said"], "hello")

    async def test_expect(self) -> None:
        """An assertion receives the next message and compares it."""
        async with self.ws.connect("/rooms/lobby") as chat:
            await chat.send_text("hello")
            await self.assertWebSocketReceives(chat, {"room": "lobby", "name": "nobody", "said": "hello"})

    async def test_header(self) -> None:
        """A header of one WebSocket is given where it is opened."""
        async with self.ws.connect("/rooms/lobby", headers={"X-Name": "Ada"}) as chat:
            await chat.send_text("hello")
            await self.assertWebSocketReceives(chat, {"room": "lobby", "name": "Ada", "said": "hello"})

    async def test_cookie(self) -> None:
        """A WebSocket sends the cookies of the test's client."""
        self.client.cookies.set("name", "Grace")
        async with self.ws.connect("/rooms/kitchen") as chat:
            await chat.send_text("hello")
            await self.assertWebSocketReceives(chat, {"room": "kitchen", "name": "Grace", "said": "hello"})

    async def test_close(self) -> None:
        """The app closes the WebSocket, with a code and a reason."""
        async with self.ws.connect("/rooms/lobby") as chat:
            await chat.send_text("bye")
            await self.assertWebSocketClosed(chat, 4000, "bye, nobody")

    async def test_reject(self) -> None:
        """The app refuses the handshake; the client gets an HTTP response instead."""
        await self.assertWebSocketRejected("/rooms/attic", 403, code=1008)
