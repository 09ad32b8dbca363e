"""Errors of what an earlier class has used on its own event loop."""

import asyncio
import unittest
from typing import Any

from fastapi import FastAPI

from fastapi_testing import AsyncClassTestCase, AsyncServerTestCase, ServerTestCase
from tests.running import outcomes, run_classes

ADVICE = (
    "what is made at the top of a module, such as a pool, a client or a lock, belongs to the event loop on which it is "
    "first used, and each class has its own here. In a base of all classes, loop_scope = 'run' has them share one; of "
    "classes of plain tests, server_scope = 'run' the server and its loop"
)


class Shop:
    """What a module of an app has: an app, and what is made beside it."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.opened = asyncio.Event()

        @self.app.get("/")
        async def wait() -> None:
            await self.wait()

    async def wait(self) -> None:
        """Wait for what comes in a moment, which binds it to the event loop."""
        asyncio.get_running_loop().call_soon(self.opened.set)
        await self.opened.wait()
        self.opened.clear()


def told_of(*cases: type[unittest.TestCase]) -> str:
    """Return what is printed of the second class, which fails; the first one passes."""
    result = run_classes(*cases)
    (text,) = [text for _, text in (*result.failures, *result.errors)]
    return text


class NoteTests(unittest.TestCase):
    """What is added to a failure."""

    def test_app(self) -> None:
        """An app that meets the event loop of an earlier class fails with what to do, by whatever assertion."""

        async def test(case: AsyncServerTestCase) -> None:
            case.assertTrue((await case.client.get("/")).is_success)

        def plain_test(case: ServerTestCase) -> None:
            case.assertStatus(case.client.get("/"), 200)

        for base, function in ((AsyncServerTestCase, test), (ServerTestCase, plain_test)):
            with self.subTest(base.__name__):
                body: dict[str, Any] = {"app": Shop().app, "test": function}
                told = told_of(*(type(name, (base,), body) for name in ("First", "Second")))
                self.assertIn("is bound to a different event loop", told)
                self.assertEqual(told.count(ADVICE), 1)

    def test_without_a_server(self) -> None:
        """So does a test that meets it itself; where classes share a loop, none fails."""
        shop = Shop()

        async def test(_: AsyncClassTestCase) -> None:
            await shop.wait()

        told = told_of(*(type(name, (AsyncClassTestCase,), {"test": test}) for name in ("First", "Second")))
        self.assertEqual(told.count(ADVICE), 1)
        shop = Shop()
        body = {"test": test, "loop_scope": "module", "__module__": __name__}
        cases = [type(name, (AsyncClassTestCase,), body) for name in ("First", "Second")]
        self.assertEqual(outcomes(run_classes(*cases)), {})
