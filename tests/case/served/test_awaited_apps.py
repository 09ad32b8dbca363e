"""An app that is a class, whose objects are awaited."""

from starlette.endpoints import HTTPEndpoint

from fastapi_testing import AsyncServerTestCase, Server, ServerTestCase
from tests.server.endpoints import Echo, Hello, Other


class EndpointTests(AsyncServerTestCase):
    """One of Starlette's endpoints, by itself."""

    app = Hello

    async def test_answer(self) -> None:
        """It answers, each request by an object of its own."""
        for name in ("Ada", "Bob"):
            self.assertEqual((await self.client.get("/", params={"name": name})).text, f"hello {name}")
        self.assertStatus(await self.client.post("/"), 405)
        self.assertIs(self.app, Hello)

    async def test_error(self) -> None:
        """What it raises is seen."""
        with self.assertServerRaises(LookupError, "nobody is there"):
            self.assertStatus(await self.client.delete("/"), 500)

    async def test_websocket(self) -> None:
        """So is one for WebSockets."""
        server = await self.enterAsyncContext(Server(Echo))
        self.assertEqual(repr(server), f"<Server of tests.server.endpoints.Echo at {server.url}>")
        async with self.new_client(server=server).ws.connect("/") as session:
            await session.send_text("hello")
            await self.assertWebSocketReceives(session, "hello")

    async def test_other(self) -> None:
        """What can be awaited need not be an app."""
        self.assertEqual(await Other("yes"), "yes")

    async def test_override(self) -> None:
        """It has no dependencies."""
        with self.assertRaisesRegex(TypeError, r"^tests.server.endpoints.Hello has no dependencies to override"):
            self.override_dependency(print, value=None)


class SyncEndpointTests(ServerTestCase):
    """The same, of sync tests."""

    app: type[HTTPEndpoint] = Hello

    def test_answer(self) -> None:
        """It answers."""
        self.assertEqual(self.client.get("/", params={"name": "Ada"}).text, "hello Ada")
