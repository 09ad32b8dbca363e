"""Errors of what one hook has entered and another leaves."""

import unittest
from contextlib import AsyncExitStack

import anyio

from fastapi_testing import AsyncClassTestCase
from tests.running import run_classes

ADVICE = (
    "a hook, the test and each cleanup are a task of their own: enter it with await self.enterAsyncContext(...), for a "
    "class with await cls.enterAsyncClassContext(...), in the hook or the test itself and not in a task that it "
    "starts: then it is left in the same task"
)


class OtherTaskTests(unittest.TestCase):
    """What they say to do."""

    def test_scope(self) -> None:
        """A scope of anyio's that is left by another hook has an error that says what to do, once."""

        class Case(AsyncClassTestCase):
            async def asyncSetUp(self) -> None:
                self.stack = AsyncExitStack()
                await self.stack.enter_async_context(anyio.create_task_group())

            async def test(self) -> None: ...

            async def asyncTearDown(self) -> None:
                await self.stack.aclose()

        ((_, text),) = run_classes(Case).errors
        self.assertIn("different task than it was entered in\n" + ADVICE, text)
        self.assertEqual(text.count(ADVICE), 1)
