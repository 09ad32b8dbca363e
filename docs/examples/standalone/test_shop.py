"""The shop in a test case that is nobody's subclass but unittest's."""

from unittest import IsolatedAsyncioTestCase

from fastapi_testing import WebSocketConfig, create_test_server

from shop import app


class ShopTests(IsolatedAsyncioTestCase):
    """Each test has a server."""

    async def asyncSetUp(self) -> None:
        self.server = await self.enterAsyncContext(create_test_server(app))
        self.client = self.server.client

    async def test_create(self) -> None:
        """What is put on the table is there."""
        response = await self.client.post("/items", json={"name": "pear"})
        await response.expect_status(201)
        number = (await response.json())["id"]
        self.assertEqual(await (await self.client.get(f"/items/{number}")).json(), {"name": "pear"})

    async def test_echo(self) -> None:
        """What is said comes back."""
        response = await self.client.websocket("/echo", WebSocketConfig(subprotocols=["en"], timeout=5.0))
        await self.client.ws.send_json(response, "hello")
        await self.client.ws.expect_message(response, {"said": "hello"})
        self.assertEqual(response.websocket().subprotocol, "en")


class EmptyAppTests(IsolatedAsyncioTestCase):
    """A server without an app has an empty one."""

    async def test_route(self) -> None:
        """Routes are added by the test."""

        async def hello() -> str:
            return "world"

        async with create_test_server() as server:
            server.app.add_api_route("/hello", hello)
            response = await server.client.get("/hello")
            self.assertEqual(await response.json(), "world")
