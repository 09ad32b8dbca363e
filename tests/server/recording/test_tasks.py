"""Watching the tasks that apps start."""

import asyncio
import contextlib
import functools
import gc
import unittest
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

from fastapi import FastAPI

from fastapi_testing import Client, Exchange, Server
from fastapi_testing.server.recording.tasks import TaskWatch, librarys_tasks, starters

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

    async def serve(self, factory: Any, *, is_put_back: bool = False) -> list[str]:
        """Serve an app that sets a factory in its startup, and return what it starts that is watched."""
        watched: list[str] = []

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            before = self.loop.get_task_factory()
            self.loop.set_task_factory(functools.partial(factory, before))
            yield
            if is_put_back:
                self.loop.set_task_factory(before)

        def watch(_: Exchange, __: "asyncio.Task[Any]", coroutine: Any) -> None:
            watched.append(coroutine.__qualname__)

        own = FastAPI(lifespan=lifespan)
        own.add_api_route("/", index)
        self.loop.set_exception_handler(lambda *_: None)  # the worker fails
        with mock.patch.object(Exchange, "watch", watch):
            async with Server(own) as server, Client(server.url) as client:
                await client.get("/")
        return [name for name in watched if name == "work"]

    async def test_set_by_an_app(self) -> None:
        """A factory that an app sets in its startup makes its tasks, which are watched, and goes with the server."""
        made: list[str] = []

        def factory(_: Any, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
            made.append(coroutine.__qualname__)
            return asyncio.Task(coroutine, loop=loop, **options)

        for is_put_back in (False, True):
            made.clear()
            with self.subTest(is_put_back=is_put_back):
                self.assertEqual(await self.serve(factory, is_put_back=is_put_back), ["work"])
                self.assertEqual(made.count("work"), 1)
                self.assertIsNone(self.loop.get_task_factory())

    async def test_set_around_ours(self) -> None:
        """An app may set one that calls the one before: each task is made once, and watched once."""

        def factory(before: Any, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
            return before(loop, coroutine, **options)

        self.assertEqual(await self.serve(factory), ["work"])
        self.assertIsNone(self.loop.get_task_factory())

    async def test_settings_of_a_class(self) -> None:
        """What is brought back after a class does not take its factory from an app that is served on."""
        factory, made = self.counting()

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            self.loop.set_task_factory(factory)
            yield

        before = TaskWatch.factory_of(self.loop)
        async with Server(FastAPI(lifespan=lifespan)):
            self.assertIs(TaskWatch.factory_of(self.loop), factory)
            self.loop.set_task_factory(None)  # as a class may do
            TaskWatch.set_factory_of(self.loop, before)
            await asyncio.create_task(asyncio.sleep(0))
            self.assertEqual(made, ["sleep"])
        self.assertIsNone(self.loop.get_task_factory())
        TaskWatch.set_factory_of(self.loop, factory)
        self.assertIs(self.loop.get_task_factory(), factory)

    def counting(self) -> tuple[Any, list[str]]:
        """Return a factory as programs write it, and the names of what it has made tasks of."""
        made: list[str] = []

        def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
            made.append(coroutine.__qualname__)
            return asyncio.Task(coroutine, loop=loop, **options)

        return factory, made

    async def test_where_it_was_made(self) -> None:
        """In debug mode, a task says where the program made it."""
        self.loop.set_debug(True)

        async def nothing() -> None: ...

        async with Server(app):
            task = asyncio.create_task(nothing())
            self.assertRegex(repr(task), r"created at .*asyncio.tasks\.py:\d+>$")
            await task


class EagerTests(unittest.IsolatedAsyncioTestCase):
    """The factories of asyncio's that begin a task at once, which Python has since 3.12."""

    def setUp(self) -> None:
        """Have such factories on each Python; these are as asyncio's are."""

        def create_eager_task_factory(constructor: Any) -> Any:
            def factory(loop: Any, coro: Any, *, name: Any = None, context: Any = None) -> Any:
                return constructor(coro, loop=loop, name=name, context=context, eager_start=True)

            return factory

        self.create = create_eager_task_factory
        for name, value in (("create_eager_task_factory", self.create), ("eager_task_factory", self.create(make))):
            self.enterContext(mock.patch.object(asyncio, name, value, create=True))

    async def test_known_by_anyio(self) -> None:
        """What stands around one is one of them, whose constructor makes what the program's own makes."""
        loop = asyncio.get_running_loop()
        made: list[bool] = []

        def construct(coroutine: Any, *, loop: Any, eager_start: bool = False, **options: Any) -> Any:
            made.append(eager_start)
            return asyncio.Task(coroutine, loop=loop, **options)

        own = self.create(construct)
        loop.set_task_factory(own)
        async with Server(app):
            around: Any = loop.get_task_factory()
            self.assertIsNot(around, own)
            self.assertIs(around.__code__, own.__code__)
            await asyncio.create_task(asyncio.sleep(0))
            await around.__closure__[0].cell_contents(asyncio.sleep(0), loop=loop, name="of a group")  # as anyio does
            self.assertEqual(made[-2:], [True, False])
        self.assertIs(loop.get_task_factory(), own)

    async def test_who_starts(self) -> None:
        """The line that starts a task is the program's, and not one between it and the factory."""
        asyncio.get_running_loop().set_task_factory(self.create(make))
        async with Server(app):
            task = asyncio.create_task(asyncio.sleep(0))
            self.assertNotIn(task, librarys_tasks)
            self.assertIs(starters[task](), asyncio.current_task())
            await task


def make(coroutine: Any, *, loop: Any, eager_start: bool = False, **options: Any) -> Any:
    """Make a task on any Python."""
    return asyncio.Task(coroutine, loop=loop, **options)


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
