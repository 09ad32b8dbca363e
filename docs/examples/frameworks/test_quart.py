"""An app of Quart, and its tests."""

from fastapi_testing import AsyncServerTestCase
from quart import Quart, websocket

app = Quart(__name__)
written: list[str] = []


@app.post("/greetings/<name>")
async def greet(name: str) -> dict[str, str]:
    """Greet somebody, and write it down later."""

    async def write() -> None:
        written.append(name)

    app.add_background_task(write)
    return {"greeting": f"Hello, {name}!"}


@app.websocket("/greetings")
async def greet_all() -> None:
    """Greet whoever comes."""
    while True:
        name = str(await websocket.receive())
        await websocket.send(f"Hello, {name}!")


class QuartTests(AsyncServerTestCase):
    """What Quart does in the background are tasks beside the request."""

    app = app

    async def test_greeting(self) -> None:
        """It greets by name, and has written it down when all is settled."""
        self.assertJsonEqual(await self.client.post("/greetings/Ann"), {"greeting": "Hello, Ann!"})
        await self.server.settle(tasks=True)
        self.assertEqual(written, ["Ann"])

    async def test_websocket(self) -> None:
        """It greets one after the other."""
        async with self.ws.connect("/greetings") as session:
            await session.send_text("Ann")
            await self.assertWebSocketReceives(session, "Hello, Ann!")
