"""Where a suspended task waits."""

import asyncio
import types
import unittest
from collections.abc import AsyncIterator, Awaitable, Generator
from typing import Any

from fastapi_testing.server.stacks import waiting_at


async def position(awaitable: Awaitable[Any]) -> str:
    """Return where a task that awaits something waits, one turn of the loop later."""
    task = asyncio.ensure_future(awaitable)
    await asyncio.sleep(0)
    found = waiting_at(task)
    task.cancel()
    return found


class WaitingAtTests(unittest.IsolatedAsyncioTestCase):
    """The innermost line of the user's own code."""

    async def test_user_code_below_the_library(self) -> None:
        """The frames of the standard library are passed over."""

        async def inner() -> None:
            await asyncio.Event().wait()

        async def outer() -> None:
            await asyncio.wait_for(inner(), None)

        self.assertEqual(
            await position(outer()), f'File "{__file__}", line {inner.__code__.co_firstlineno + 1}, in inner'
        )

    async def test_asynchronous_generator(self) -> None:
        """An iteration is followed into the generator, in which it waits."""

        async def rows() -> AsyncIterator[int]:
            await asyncio.Event().wait()
            yield 1

        async def read() -> None:
            async for _ in rows():
                pass

        self.assertRegex(await position(read()), f'^File "{__file__}", line .*, in rows$')

    async def test_generator_based_coroutine(self) -> None:
        """Coroutines made of generators are followed as well."""

        @types.coroutine
        def inner() -> Generator[Any, Any, None]:
            yield from asyncio.get_running_loop().create_future()

        async def outer() -> None:
            await inner()

        line = (
            inner.__wrapped__.__code__.co_firstlineno
            if hasattr(inner, "__wrapped__")
            else inner.__code__.co_firstlineno
        )
        self.assertEqual(await position(outer()), f'File "{__file__}", line {line + 2}, in inner')

    async def test_only_library_code(self) -> None:
        """Where there is no code of the user's, the innermost frame of all is named."""
        self.assertRegex(await position(asyncio.Event().wait()), r"^File .*locks\.py\", line \d+, in wait$")

    async def test_finished_task(self) -> None:
        """A task that is done waits nowhere."""
        task = asyncio.create_task(asyncio.sleep(0))
        await task
        self.assertEqual(waiting_at(task), "a place that cannot be seen")
