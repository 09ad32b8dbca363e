"""Waiting until the app has done its work."""

import asyncio
import unittest
from collections.abc import Iterator
from typing import Any

from fastapi import BackgroundTasks, Depends, FastAPI, WebSocket

from fastapi_testing import Client, Server
from tests.timing import MS


class SettleTests(unittest.IsolatedAsyncioTestCase):
    """Server.settle()."""

    async def asyncSetUp(self) -> None:
        asyncio.get_running_loop().set_debug(False)  # or tasks would be described with where they were made
        self.gate = asyncio.Event()
        self.done: list[str] = []
        self.server = await self.enterAsyncContext(Server(self.make_app()))
        self.client = await self.enterAsyncContext(Client(self.server.url))
        self.addCleanup(self.gate.set)

    def make_app(self) -> FastAPI:
        """Return an app that does something after its answers."""
        app = FastAPI()

        async def work() -> None:
            await self.gate.wait()
            self.done.append("work")

        def session() -> Iterator[None]:
            yield
            self.done.append("session")

        @app.get("/background", dependencies=[Depends(session)])
        async def background(tasks: BackgroundTasks) -> None:
            tasks.add_task(work)

        @app.get("/task")
        async def task() -> None:
            self.task = asyncio.create_task(work())

        @app.get("/settle")
        async def settle() -> None:
            await self.server.settle(tasks=True)

        @app.websocket("/chat")
        async def chat(websocket: WebSocket) -> None:
            self.task = asyncio.create_task(work())
            await websocket.accept()
            await websocket.receive()

        return app

    async def unsettled(self, path: str) -> Any:
        """Make a request that does not settle."""
        return await self.client.get(path, extensions={"settle": False})

    async def test_requests(self) -> None:
        """It waits for every request in flight."""
        await self.unsettled("/background")
        asyncio.get_running_loop().call_soon(self.gate.set)
        await self.server.settle()
        self.assertEqual(sorted(self.done), ["session", "work"])

    async def test_nothing_to_wait_for(self) -> None:
        """It returns at once, and does not count what the caller is part of, nor WebSockets."""
        await self.client.get("/settle")
        async with self.client.ws.connect("/chat"):
            await self.server.settle(tasks=True, timeout=20 * MS)
        self.task.cancel()

    async def test_tasks(self) -> None:
        """With tasks=True it waits also for tasks that the app has started, and for no other."""
        await self.client.get("/task")
        other = asyncio.create_task(asyncio.Event().wait())
        await self.server.settle()
        self.assertEqual(self.done, [])
        asyncio.get_running_loop().call_soon(self.gate.set)
        await self.server.settle(tasks=True)
        self.assertEqual(self.done, ["work"])
        other.cancel()

    async def test_task_of_a_websocket(self) -> None:
        """What a WebSocket that is closed has started is waited for."""
        async with self.client.ws.connect("/chat") as session:
            await session.send_text("hello")
            self.assertIsNotNone(session.exchange)
        asyncio.get_running_loop().call_soon(self.gate.set)
        assert session.exchange is not None
        await session.exchange.wait_ended()
        await self.server.settle(tasks=True)
        self.assertEqual(self.done, ["work"])

    async def test_timeout(self) -> None:
        """What does not end is named, with its line."""
        await self.unsettled("/background")
        await self.client.get("/task")
        with self.assertRaises(TimeoutError) as caught:
            await self.server.settle(tasks=True, timeout=20 * MS)
        line = self.make_app.__func__.__code__.co_firstlineno + 5  # type: ignore[attr-defined]
        where = f'waits at File "{__file__}", line {line}, in work'
        prefix = f"{__name__}.SettleTests.make_app.<locals>"
        self.assertEqual(
            str(caught.exception),
            f"not settled within {20 * MS:g} s:\n"
            f"  GET /background, in {prefix}.background, {where}\n"
            f"  task {self.task.get_name()!r} of SettleTests.make_app.<locals>.work(), {where}",
        )
