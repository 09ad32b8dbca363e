"""The shop in a test case that is nobody's subclass but unittest's."""

import importlib
from unittest import IsolatedAsyncioTestCase
from unittest.mock import patch

from fastapi_testing import Config, WebSocketConfig, create_test_server, global_config

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


class ByHandTests(IsolatedAsyncioTestCase):
    """Where there is no place for `async with`."""

    async def asyncSetUp(self) -> None:
        self.server = create_test_server(app)
        await self.server.start()
        self.addAsyncCleanup(self.server.stop)

    async def test_read(self) -> None:
        """The server runs until it is stopped."""
        response = await self.server.client.get("/items/1")
        self.assertEqual(await response.json(), {"name": "apple"})


class PortTests(IsolatedAsyncioTestCase):
    """Ports of a range."""

    async def test_one_server(self) -> None:
        """The port of one server."""
        config = Config(port_range_start=8100, port_range_end=8199)
        async with create_test_server(app, config=config) as server:
            self.assertIn(server.port, range(8100, 8200))

    async def test_every_server(self) -> None:
        """The port of every server that is made once the settings are imported."""
        self.enterContext(patch.dict(vars(global_config)))
        importlib.import_module("settings")
        async with create_test_server(app) as one, create_test_server(app) as other:
            self.assertNotEqual(one.port, other.port)
            self.assertLessEqual({one.port, other.port}, {*range(8100, 8200)})
