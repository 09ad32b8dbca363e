"""Watching the tasks that apps start."""

import asyncio
import gc
import unittest
from typing import Any

from fastapi import FastAPI

from fastapi_testing import Client, Server

app = FastAPI()


async def work() -> None:
    """Fail."""
    raise LookupError("no paper")


@app.get("/")
async def index() -> None:
    """Start what fails."""
    asyncio.create_task(work(), name="worker")  # noqa: RUF006 - as apps do


class TaskFactoryTests(unittest.IsolatedAsyncioTestCase):
    """The task factory is the program's own."""

    async def asyncSetUp(self) -> None:
        self.loop = asyncio.get_running_loop()

    async def test_comes_back(self) -> None:
        """Once the last server has stopped, or has not started, the factory is the one that was there."""
        async with Server(app), Server(app):
            self.assertIsNotNone(self.loop.get_task_factory())
        self.assertIsNone(self.loop.get_task_factory())
        with self.assertRaises(OSError):
            async with Server(app) as server:
                server.servers[0].close()
                raise OSError
        self.assertIsNone(self.loop.get_task_factory())

    async def test_around_the_programs_own(self) -> None:
        """Tasks are made by the factory that the program has set."""
        made = []
        self.loop.set_exception_handler(lambda *_: None)  # the worker fails

        def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
            made.append(coroutine.__qualname__)
            return asyncio.Task(coroutine, loop=loop, **options)

        self.loop.set_task_factory(factory)
        async with Server(app) as server, Client(server.url) as client:
            await client.get("/")
        self.assertIn("work", made)
        self.assertIs(self.loop.get_task_factory(), factory)

    async def test_another_set_meanwhile(self) -> None:
        """A factory that the program sets while a server runs stays."""

        def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
            return asyncio.Task(coroutine, loop=loop, **options)

        async with Server(app):
            self.loop.set_task_factory(factory)
        self.assertIs(self.loop.get_task_factory(), factory)

    async def test_where_it_was_made(self) -> None:
        """In debug mode, a task says where the program made it."""
        self.loop.set_debug(True)

        async def nothing() -> None: ...

        async with Server(app):
            task = asyncio.create_task(nothing())
            self.assertRegex(repr(task), r"created at .*asyncio.tasks\.py:\d+>$")
            await task


class TaskFailureTests(unittest.IsolatedAsyncioTestCase):
    """Where nobody reports them."""

    async def test_nobody_reports(self) -> None:
        """A bare server keeps none: asyncio logs them as it always does."""
        told: list[Any] = []
        loop = asyncio.get_running_loop()
        loop.set_debug(False)  # it warns of a slow collection
        loop.set_exception_handler(lambda _, context: told.append(context["message"]))
        async with Server(app) as server, Client(server.url) as client:
            exchange = (await client.get("/")).extensions["exchange"]
            await server.settle(tasks=True)
            gc.collect()
            self.assertEqual((list(server.recorder.failed), exchange.started), ([], []))
        self.assertEqual(told, ["Task exception was never retrieved"])
