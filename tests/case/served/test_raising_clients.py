"""Clients that raise what the app has raised, or do not, whatever the class says."""

from fastapi import FastAPI, WebSocket

from fastapi_testing import AsyncServerTestCase, Client, ServerTestCase, SyncClient
from fastapi_testing.client.wrappers.settling import Settling


def make_app() -> FastAPI:
    """Return an app that fails."""
    made = FastAPI()

    @made.get("/fail")
    async def fail() -> None:
        raise LookupError("no stock")

    @made.websocket("/fail")
    async def fail_later(websocket: WebSocket) -> None:
        await websocket.accept()
        raise LookupError("no paper")

    return made


class AsyncTests(AsyncServerTestCase):
    """In a class that does not raise."""

    app = make_app()

    async def test_new_client(self) -> None:
        """One client of a test raises, in requests and in WebSockets, and another does not."""
        client = self.new_client(raise_server_exceptions=True)
        with self.assertRaisesRegex(LookupError, "no stock"):
            await client.get("/fail")
        with self.assertRaisesRegex(LookupError, "no paper"):
            async with client.ws.connect("/fail") as session:
                await session.receive_text()
        self.assertStatus(await self.client.get("/fail"), 500)

    async def test_client(self) -> None:
        """So does a client without a class; how its requests end otherwise stays."""
        async with Client(self.server.url, raise_server_exceptions=True) as client:
            with self.assertRaisesRegex(LookupError, "no stock"):
                await client.get("/fail")
        settling = Settling(raise_server_exceptions=True)
        async with Client(self.server.url, settling=settling, raise_server_exceptions=False) as client:
            self.assertStatus(await client.get("/fail"), 500)


class AsyncRaisingTests(AsyncServerTestCase):
    """In a class that raises."""

    app = make_app()
    raise_server_exceptions = True

    async def test_new_client(self) -> None:
        """One client of a test gets the response, and another the exception."""
        self.assertStatus(await self.new_client(raise_server_exceptions=False).get("/fail"), 500)
        with self.assertRaisesRegex(LookupError, "no stock"):
            await self.client.get("/fail")


class SyncTests(ServerTestCase):
    """The same, of sync tests."""

    app = make_app()

    def test_new_client(self) -> None:
        """One client of a test raises, in requests and in WebSockets, and another does not."""
        client = self.new_client(raise_server_exceptions=True)
        with self.assertRaisesRegex(LookupError, "no stock"):
            client.get("/fail")
        with self.assertRaisesRegex(LookupError, "no paper"), client.ws.connect("/fail") as session:
            session.receive_text()
        self.assertStatus(self.client.get("/fail"), 500)

    def test_client(self) -> None:
        """So does a client without a class."""
        with (
            SyncClient(self.server.url, thread=self.server, raise_server_exceptions=True) as client,
            self.assertRaisesRegex(LookupError, "no stock"),
        ):
            client.get("/fail")


class SyncRaisingTests(ServerTestCase):
    """In a class that raises."""

    app = make_app()
    raise_server_exceptions = True

    def test_new_client(self) -> None:
        """One client of a test gets the response, and another the exception."""
        self.assertStatus(self.new_client(raise_server_exceptions=False).get("/fail"), 500)
        with self.assertRaisesRegex(LookupError, "no stock"):
            self.client.get("/fail")
