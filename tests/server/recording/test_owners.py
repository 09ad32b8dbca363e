"""Whose a task is, as far as the task shows it."""

import asyncio
import unittest
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest import mock

import anyio
from anyio.abc import TaskGroup
from fastapi import FastAPI

from fastapi_testing import Server
from fastapi_testing.server.recording.owners import functions_of, host_of, is_named, library_of, starter_of


async def wait() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


async def wait_inside() -> None:
    """Do so in a function of its own."""
    await wait()


@asynccontextmanager
async def with_anyio() -> AsyncIterator[Any]:
    """Open a group of anyio's."""
    async with anyio.create_task_group() as group:
        yield group.start_soon
        group.cancel_scope.cancel()


@asynccontextmanager
async def with_asyncio() -> AsyncIterator[Any]:
    """Open a group of asyncio's."""
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[Any]] = []
        yield lambda function: tasks.append(group.create_task(function()))
        for task in tasks:
            task.cancel()


class OwnerTests(unittest.IsolatedAsyncioTestCase):
    """Tasks on a loop on which a server runs."""

    started: asyncio.Task[Any]

    async def asyncSetUp(self) -> None:
        await self.enterAsyncContext(Server(FastAPI()))
        self.before = asyncio.all_tasks()

    async def new_task(self) -> "asyncio.Task[Any]":
        """Return the task that has been started, once it has begun."""
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        (task,) = asyncio.all_tasks() - self.before - {asyncio.current_task()}
        self.addCleanup(task.cancel)
        return task

    async def test_functions(self) -> None:
        """The functions are those from the outermost to the first of the user's."""
        self.started = asyncio.create_task(wait_inside())
        task = await self.new_task()
        self.assertEqual(functions_of(task), [f"{__name__}:wait_inside"])
        self.assertTrue(is_named(task, ["other", f"{__name__}:wait_inside"]))
        self.assertFalse(is_named(task, [f"{__name__}:wait"]))

    async def test_functions_of_python(self) -> None:
        """Where there is none of the user's, they are all of them."""
        self.started = asyncio.create_task(asyncio.Event().wait())
        self.assertEqual(functions_of(await self.new_task()), ["asyncio.locks:Event.wait"])

    async def test_host(self) -> None:
        """The host of a group is found from its tasks, whoever has started them; so is the function of a task."""
        for opened in (with_anyio, with_asyncio):
            with self.subTest(opened=opened.__name__):
                async with opened() as start:
                    await self.start_elsewhere(start)
                    task = await self.new_task()
                    self.assertIs(host_of(task), asyncio.current_task())
                    self.assertEqual(functions_of(task)[-1], f"{__name__}:wait")
                    self.assertIsNone(starter_of(task))  # it has ended

    async def start_elsewhere(self, start: Any) -> None:
        """Start a task in a group from a task that has nothing to do with it."""

        async def start_wait() -> None:
            start(wait)

        await asyncio.create_task(start_wait())

    async def test_no_group(self) -> None:
        """A task that is in no group has no host; who has started it is known."""
        self.started = asyncio.create_task(wait())
        task = await self.new_task()
        task.add_done_callback(print)
        task.remove_done_callback(print)
        self.assertIsNone(host_of(task))
        self.assertIs(starter_of(task), asyncio.current_task())
        self.assertIsNone(library_of(task))

    async def test_another_backend(self) -> None:
        """A group of another maker's that has no host is none."""
        group = mock.MagicMock(spec=TaskGroup, cancel_scope=object())

        def note_end(_: object) -> object:
            return group

        self.started = asyncio.create_task(wait())
        task = await self.new_task()
        task.add_done_callback(note_end)
        self.assertIsNone(host_of(task))
