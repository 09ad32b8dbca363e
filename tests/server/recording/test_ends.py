"""The ends of tasks on other event loops."""

import asyncio
import unittest

from fastapi_testing.server.recording.ends import cancel_elsewhere, ends_of
from fastapi_testing.server.threads.loop_thread import LoopThread


async def begin_waiting() -> "asyncio.Task[bool]":
    """Start a task that has no end."""
    return asyncio.create_task(asyncio.Event().wait())


class EndsTests(unittest.IsolatedAsyncioTestCase):
    """Tasks, as a coroutine sees them that runs elsewhere."""

    async def test_same_loop(self) -> None:
        """A task on the running loop is awaited itself."""
        task = await begin_waiting()
        self.assertEqual(ends_of([task]), {task})
        task.cancel()

    async def test_cancelled(self) -> None:
        """A task on another loop is cancelled there, and has ended when that is done."""
        with LoopThread("a thread") as thread:
            task = thread.run(begin_waiting())
            await cancel_elsewhere({task})
            self.assertTrue(task.cancelled())

    async def test_given_up(self) -> None:
        """Who does not wait any longer is not told of the end."""
        with LoopThread("a thread") as thread:
            task = thread.run(begin_waiting())
            (end,) = ends_of([task])
            end.cancel()
            await cancel_elsewhere({task})
        self.assertTrue(end.cancelled())

    async def test_closed_loop(self) -> None:
        """On a closed event loop, nothing is left to wait for."""
        with LoopThread("a thread") as thread:
            task = thread.run(begin_waiting())
        (end,) = ends_of([task])
        await end
        self.assertTrue(task.cancelled())
