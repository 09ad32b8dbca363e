"""What the tasks of tests and requests are called, for asyncio's own tools and whoever else lists them."""

import asyncio
from typing import Any, ClassVar

from fastapi import FastAPI, WebSocket

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from fastapi_testing.case.loops.class_case import AsyncClassTestCase

app = FastAPI()


@app.api_route("/items/{name}", methods=["GET", "PUT"])
async def read_name(name: str) -> list[str]:
    """Return the name of the task that answers."""
    return [name, task_name()]


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Send it."""
    await websocket.accept()
    await websocket.send_text(task_name())
    await websocket.close()


def task_name() -> str:
    """Return the name of the task that runs."""
    task = asyncio.current_task()
    assert task is not None
    return task.get_name()


async def task_name_in_a_coroutine() -> str:
    """Return it once it is awaited."""
    return task_name()


class ClassTests(AsyncClassTestCase):
    """A test without a server."""

    names: ClassVar[list[str]]

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        cls.names = [task_name()]
        cls.addAsyncClassCleanup(task_name_in_a_coroutine)

    async def asyncSetUp(self) -> None:
        self.addAsyncCleanup(self.check)
        await self.check()

    async def check(self) -> None:
        """Check the name in a hook, or in a cleanup."""
        self.assertEqual(task_name(), self.id())

    async def test_name(self) -> None:
        """Hooks, test and cleanups of a test have the test's id, and those of a class what unittest calls its own."""
        await self.check()
        module = type(self).__module__
        self.assertEqual(self.names, [f"asyncSetUpClass ({module}.ClassTests)"])

    def test_plain(self) -> Any:
        """So has what a plain test returns to be awaited."""
        return self.check()


class TimedTests(AsyncServerTestCase):
    """Tests and requests of a class with a limit."""

    app = app
    test_timeout = 60

    async def test_names(self) -> None:
        """A request is called by its method and its path, without the query, and a test by its id."""
        self.assertEqual(task_name(), self.id())
        self.assertJsonEqual(await self.client.get("/items/a?token=secret"), ["a", "GET /items/a"])
        self.assertJsonEqual(await self.client.put("/items/b%20c"), ["b c", "PUT /items/b%20c"])
        async with self.ws.connect("/chat?token=secret") as session:
            await self.assertWebSocketReceives(session, "WebSocket /chat")


class RootPathTests(AsyncServerTestCase):
    """An app under a path of a proxy's."""

    app = app
    server_options = {"root_path": "/api"}  # noqa: RUF012 - as users write it

    async def test_name(self) -> None:
        """A request is called by what was asked."""
        self.assertJsonEqual(await self.client.get("/items/a"), ["a", "GET /items/a"])


class PlainTests(ServerTestCase):
    """Coroutines that plain tests run on the event loop of the server."""

    app = app

    def test_name(self) -> None:
        """They have the test's id or, where the class runs them, the name of the class."""
        self.assertEqual(self.run_async(task_name_in_a_coroutine()), self.id())
        cls = type(self)
        self.assertEqual(cls.run_async(task_name_in_a_coroutine()), f"{cls.__module__}.PlainTests")
        self.assertJsonEqual(self.client.get("/items/a"), ["a", "GET /items/a"])
