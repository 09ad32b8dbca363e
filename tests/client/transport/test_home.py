"""Clients, and the one event loop that each of them belongs to."""

import asyncio
import gc
import unittest
import warnings

from fastapi import FastAPI, WebSocket

from fastapi_testing import AsyncServerTestCase, Client, ServerTestCase, ServerThread
from fastapi_testing.client import LoopbackTransport
from tests.running import outcomes, run_classes

app = FastAPI()

ERROR = (
    "this client belongs to another event loop, that of its test class, and this one cannot wait for its connections: "
    "await it in the test itself; for code that runs a loop of its own, by asyncio.run() for one, make a client there, "
    "such as httpx.AsyncClient(base_url=...) with the server's url, and await that code by asyncio.to_thread()"
)


@app.get("/plain")
async def plain() -> str:
    """Answer."""
    return "plain"


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Send one message back."""
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())


class HomeLoopTests(AsyncServerTestCase):
    """A class's client on a loop that is not the class's."""

    app = app

    def get_on_a_loop(self, client: Client) -> str:
        """Ask for the page on an event loop of its own, as a command would that is given the client."""
        return asyncio.run(client.get("/plain")).text

    async def test_1_thread(self) -> None:
        """The first request of a class is refused on the loop of a thread."""
        with self.assertRaises(RuntimeError) as caught:
            await asyncio.to_thread(self.get_on_a_loop, self.client)
        self.assertEqual(str(caught.exception), ERROR)

    async def test_2_next(self) -> None:
        """The client goes on to work where it belongs."""
        self.assertEqual((await self.client.get("/plain")).json(), "plain")
        with self.assertRaises(RuntimeError):
            await asyncio.to_thread(self.get_on_a_loop, self.client)
        self.assertEqual((await self.client.get("/plain")).json(), "plain")

    def test_3_sync(self) -> None:
        """In a test that is no coroutine it is refused by ``asyncio.run()``, and no request waits for its time-out."""
        with self.assertRaises(RuntimeError) as caught:
            self.get_on_a_loop(self.client)
        self.assertEqual(str(caught.exception), ERROR)

    async def test_own_connections(self) -> None:
        """A client that has connections of its own belongs to the loop on which it was made."""
        async with Client(self.server.url) as client:
            with self.assertRaises(RuntimeError) as caught:
                await asyncio.to_thread(self.get_on_a_loop, client)
        self.assertEqual(str(caught.exception), ERROR)

    async def test_close(self) -> None:
        """It cannot be closed on another loop either, and is still open."""
        async with Client(self.server.url) as client:
            await client.get("/plain")
            with self.assertRaises(RuntimeError):
                await asyncio.to_thread(asyncio.run, client._transport.aclose())

    async def test_websocket(self) -> None:
        """A WebSocket is refused on another loop as well."""
        with self.assertRaises(RuntimeError) as caught:
            await asyncio.to_thread(asyncio.run, self.ws.connect("/echo").__aenter__())
        self.assertEqual(str(caught.exception), ERROR)
        async with self.ws.connect("/echo") as session:
            await session.send_text("hi")
            await session.expect("hi")


class ClosedLoopTests(unittest.TestCase):
    """A client that outlives its event loop."""

    def test_next_loop(self) -> None:
        """When its loop is closed, a client starts afresh on the next one, and closes what it has opened there."""

        async def get() -> str:
            return str((await client.get("/plain")).json())

        async def get_and_close() -> str:
            text = await get()
            await client.aclose()
            return text

        with ServerThread(app) as server, warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # nobody closes what is open on the first loop
            client = Client(server.url)
            self.assertEqual(asyncio.run(get()), "plain")
            self.assertEqual(asyncio.run(get_and_close()), "plain")
            gc.collect()

    def test_close_on_the_next_loop(self) -> None:
        """To close it there does not wait for what is gone."""

        async def get() -> None:
            await Client(server.url, transport=transport).get("/plain")

        with ServerThread(app) as server, warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            transport = LoopbackTransport()
            asyncio.run(get())
            asyncio.run(transport.aclose())
            gc.collect()

    def test_made_on_a_loop(self) -> None:
        """A sync client may be made while any loop runs, as its requests are on its own."""

        class Case(ServerTestCase):
            def test(self) -> None:
                self.assertEqual(asyncio.run(self.make()), 404)

            async def make(self) -> int:
                return self.new_client().get("/").status_code

        self.assertEqual(outcomes(run_classes(Case)), {})
