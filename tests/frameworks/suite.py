"""The tests that apps of every framework pass; a class mixes in those that its framework can."""

import inspect
from collections.abc import AsyncIterator, Sequence
from types import ModuleType
from typing import Any, ClassVar

from fastapi_testing import AsyncServerTestCase, Server, ServerStartupError
from tests.frameworks.backstage import Backstage

__all__ = [
    "AnsweringTests",
    "BackgroundTests",
    "FailureTests",
    "FrameworkCase",
    "LifespanTests",
    "RaisingTests",
    "RouteTests",
    "WebSocketTests",
]


class FrameworkCase(AsyncServerTestCase):
    """Serves what a module makes, and tells the test what happens behind."""

    module: ModuleType
    backstage: Backstage

    @classmethod
    async def create_app(cls) -> Any:
        cls.backstage = Backstage()
        return cls.module.make_app(cls.backstage)


class RouteTests(FrameworkCase):
    """Requests, and streams both ways."""

    async def test_json(self) -> None:
        """A document goes there and comes back."""
        self.assertJsonEqual(await self.client.get("/items/7"), {"id": 7})
        created = await self.client.post("/items", json={"name": "Lamp"})
        self.assertStatus(created, 201)
        self.assertJsonEqual(created, {"id": 1, "name": "Lamp"})

    async def test_not_found(self) -> None:
        """A path that nothing answers for is 404."""
        self.assertStatus(await self.client.get("/nowhere"), 404)

    async def test_cookies(self) -> None:
        """A cookie that the app sets comes back with the next request, and is unknown to another user."""
        self.assertCookie(await self.client.post("/login"), "user", "ann")
        self.assertJsonEqual(await self.client.get("/me"), {"user": "ann"})
        self.assertJsonEqual(await self.new_client().get("/me"), {"user": None})

    async def test_stream(self) -> None:
        """The beginning of a stream is there before its end is made."""
        async with self.client.stream("GET", "/chunks") as response:
            parts = response.aiter_text()
            self.assertEqual(await anext(parts), "one ")
            self.backstage.gate.set()
            self.assertEqual([part async for part in parts], ["two"])

    async def test_upload(self) -> None:
        """A body that is sent in parts comes in whole."""

        async def parts() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"x" * 100_000

        self.assertJsonEqual(await self.client.post("/count", content=parts()), {"bytes": 300_000})

    async def test_events(self) -> None:
        """Server-Sent Events are read one by one."""
        async with self.client.sse("/events") as events:
            await self.assertEvents(events, [{"id": "1", "data": "first"}, {"id": "2", "data": "second"}])

    async def test_exchanges(self) -> None:
        """The server has written down what the app was asked, and is settled."""
        await self.client.get("/items/7")
        await self.client.get("/nowhere")
        await self.server.settle()
        self.assertEqual(
            [(str(exchange), exchange.status) for exchange in self.server.exchanges],
            [("GET /items/7", 200), ("GET /nowhere", 404)],
        )


class FailureTests(FrameworkCase):
    """Handlers that raise."""

    endpoint: ClassVar[str] = ""
    """What is told of the route, where the framework tells it to the server."""

    frames: ClassVar[Sequence[tuple[str, str]]] = [("fail", 'raise LookupError("no stock")')]
    """The app's own part of the traceback: functions, and a line of each."""

    logged: ClassVar[str] = ""
    """What the framework itself logs, on lines that follow."""

    async def test_traceback(self) -> None:
        """The assertion that finds a 500 shows the app's own part of the traceback."""
        response = await self.client.get("/fail")
        with self.assertRaises(AssertionError) as caught:
            self.assertStatus(response, 200)
        answered, _, behind = str(caught.exception).partition("\nthe app raised, ")
        self.assertTrue(answered.startswith("GET /fail: expected status 200, got 500 Internal Server Error; body: "))
        self.assertEqual(behind, f"for GET /fail{self.endpoint}:\n{self._traceback()}{self.logged}")

    async def test_expected(self) -> None:
        """An exception can be expected, whether or not the framework raises it to the server."""
        with self.assertServerRaises(LookupError, "no stock") as raised:
            await self.client.get("/fail")
        self.assertEqual(str(raised.exchange), "GET /fail")

    def _traceback(self) -> str:
        lines = [line.strip() for line in inspect.getsource(self.module).splitlines()]
        frames = [
            f'    File "{self.module.__file__}", line {lines.index(line) + 1}, in {function}\n      {line}\n'
            for function, line in self.frames
        ]
        return f"  Traceback (most recent call last):\n{''.join(frames)}  LookupError: no stock"


class RaisingTests(FrameworkCase):
    """Apps of which a request may raise what the handler has raised."""

    raise_server_exceptions = True

    async def test_request(self) -> None:
        """The framework raises the exception to the server, and so does the request."""
        with self.assertRaisesRegex(LookupError, "no stock"):
            await self.client.get("/fail")


class AnsweringTests(FrameworkCase):
    """Apps of which a request has an answer, whatever happens."""

    raise_server_exceptions = True

    async def test_request(self) -> None:
        """The framework raises nothing, and the exception is behind the response."""
        response = await self.client.get("/fail")
        self.assertStatus(response, 500)
        self.assertEqual(str(response.extensions["exchange"].handled), "no stock")


class LifespanTests(FrameworkCase):
    """Apps that start and stop."""

    async def test_state(self) -> None:
        """What the start has made is there for each request."""
        self.assertJsonEqual(await self.client.get("/state"), {"started": True})

    async def test_start_and_stop(self) -> None:
        """The app starts before the server does, and stops with it."""
        behind = Backstage()
        async with Server(self.module.make_app(behind)):
            self.assertEqual(behind.events, ["started"])
        self.assertEqual(behind.events, ["started", "stopped"])

    async def test_failed_start(self) -> None:
        """An app that cannot start stops the server from it, which says why."""
        server = Server(self.module.make_app(Backstage(LookupError("no database"))))
        with self.assertRaisesRegex(ServerStartupError, "failed in its startup: .*no database"):
            await server.start()


class BackgroundTests(FrameworkCase):
    """Work that goes on after the answer."""

    async def test_work(self) -> None:
        """A request returns when the work that it began is done."""
        self.assertStatus(await self.client.post("/work"), 202)
        self.assertIn("worked", self.backstage.events)


class WebSocketTests(FrameworkCase):
    """WebSockets."""

    async def test_echo(self) -> None:
        """Messages go there and come back."""
        async with self.ws.connect("/echo") as session:
            await session.send_text("hello")
            await self.assertWebSocketReceives(session, "hello")

    async def test_rejection(self) -> None:
        """A connection can be refused."""
        await self.assertWebSocketRejected("/private", 403)
