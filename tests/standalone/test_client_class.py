"""A test case whose clients are those of the standalone front end."""

import unittest
from typing import Any

import httpx
from fastapi import FastAPI, Response

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.standalone import AsyncTestClient, AsyncTestResponse, WebSocketHelper
from tests.running import outcomes, run_classes
from tests.standalone.apps import make_app


class ClientClassTests(AsyncServerTestCase):
    """A class that moves from the one front end to the other."""

    app = make_app()
    client: Any
    client_class = AsyncTestClient

    async def test_client(self) -> None:
        """The client is one of that class, whose responses the assertions take."""
        response = await self.client.get("/items")
        self.assertIsInstance(response, AsyncTestResponse)
        self.assertStatus(response, 200)
        self.assertJsonEqual(response, await response.json())

    async def test_defaults(self) -> None:
        """What the test class does not say is as that client has it: it follows redirects, and waits 30 seconds."""
        response = await self.client.get("/moved")
        self.assertEqual((response.status_code, response.request.extensions["timeout"]["read"]), (200, 30.0))

    async def test_websockets(self) -> None:
        """The client's ``ws`` is the helper, the test's ``ws`` connects as ever; both know the same server."""
        self.assertIsInstance(self.client.ws, WebSocketHelper)
        response = await self.client.websocket("/echo")
        await self.client.ws.send_text(response, "hello")
        await self.assertWebSocketReceives(response, "hello")
        async with self.ws.connect("/two") as session:
            await self.assertWebSocketReceives(session, "one")

    async def test_shared_connections(self) -> None:
        """It uses the connections of the class, and so does another client of the test."""
        responses = [await client.get("/items") for client in (self.client, self.new_client(headers={"X-Name": "Ada"}))]
        self.assertEqual(len({response.extensions["exchange"].client for response in responses}), 1)
        self.assertEqual(responses[1].request.headers["X-Name"], "Ada")


class ChosenOptionsTests(AsyncServerTestCase):
    """What the test class says holds for clients of any class."""

    app = make_app()
    client: Any
    client_class = AsyncTestClient
    headers = {"X-Name": "Ada"}  # noqa: RUF012 - as users write it
    timeout = 7.0

    async def test_options(self) -> None:
        """Headers and time-out are those of the class."""
        request = (await self.client.get("/items")).request
        self.assertEqual((request.headers["X-Name"], request.extensions["timeout"]["read"]), ("Ada", 7.0))


class CheckedTests(unittest.TestCase):
    """Responses to clients of that class are checked against the schema."""

    def test_check_openapi(self) -> None:
        """A response that is as the schema says passes, and one that is not fails."""
        made = FastAPI()

        @made.get("/pot")
        async def brew() -> str:
            return "tea"

        @made.get("/teapot")
        async def refuse() -> Response:
            return Response(status_code=418)

        class Case(AsyncServerTestCase):
            app = made
            client: Any
            client_class = AsyncTestClient
            check_openapi = True

            async def test_documented(self) -> None:
                self.assertStatus(await self.client.get("/pot"), 200)

            async def test_undocumented(self) -> None:
                await self.client.get("/teapot")

        found = outcomes(run_classes(Case))
        message = "GET /teapot: the schema documents no status 418, only 200; got 418 I'm a Teapot; body: not read"
        self.assertEqual(found, {"test_undocumented": f"AssertionError: {message}"})


class OtherClassTests(unittest.TestCase):
    """Clients of other makers."""

    def test_closed_at_the_end(self) -> None:
        """Whatever has a suitable constructor makes a client; each is closed at the end of the test that made it."""
        clients = []

        class Case(AsyncServerTestCase):
            app = make_app()
            client: Any

            @staticmethod
            def client_class(base_url: str, **options: Any) -> httpx.AsyncClient:
                clients.append(httpx.AsyncClient(base_url=base_url, transport=options["transport"]))
                return clients[-1]

            async def test_get(self) -> None:
                self.assertStatus(await self.client.get("/items"), 200)

        self.assertEqual(outcomes(run_classes(Case)), {})
        self.assertEqual([client.is_closed for client in clients], [True])
