"""Class attributes that cannot be meant, and names of the user's that are no mistake."""

import asyncio
import unittest
from functools import partialmethod
from typing import Any, ClassVar
from unittest import mock

import httpx
from fastapi import APIRouter, FastAPI

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.running import outcomes, run_classes

app = FastAPI()


@app.get("/out")
async def ask_others() -> Any:
    """Ask another service."""
    async with httpx.AsyncClient() as client:
        return (await client.get("https://example.org/x")).json()


def outcome(base: type[unittest.TestCase] = AsyncServerTestCase, **attributes: Any) -> dict[str, str]:
    """Run a class with a test that passes, and return what goes wrong."""
    passes = (lambda _: None) if base is ServerTestCase else note
    return outcomes(run_classes(type("Case", (base,), {"app": app, "test": passes, **attributes})))


async def note(*_: Any) -> None:
    """Do nothing."""


class RefusalTests(unittest.TestCase):
    """Attributes that clients are made with."""

    def test_client_class(self) -> None:
        """What makes clients can be called, and is no method of a test: a class makes clients, too."""

        def client_class(self: Any, **options: Any) -> httpx.AsyncClient:
            raise NotImplementedError  # pragma: no cover - it is refused

        method = (
            "TypeError: client_class of Case is a method, and a class makes clients with it, too: write @staticmethod "
            "above it, and leave self out"
        )
        for base in (AsyncServerTestCase, ServerTestCase):
            with self.subTest(base):
                self.assertEqual(outcome(base, client_class=client_class), {"setUpClass": method})
                found = outcome(base, client_class=None)["setUpClass"]
                self.assertEqual(
                    found, "TypeError: client_class must be what makes clients, a class or a function; got None"
                )

    def test_limits(self) -> None:
        """Limits are httpx's, and allow for a connection."""
        for limits in (5, httpx.Limits(max_connections=0)):
            with self.subTest(limits=limits):
                text = f"ValueError: limits must be httpx.Limits that allow for a connection, got {limits!r}"
                self.assertEqual(outcome(limits=limits), {"setUpClass": text})

    def test_headers_and_timeout(self) -> None:
        """A helper by the name of an attribute is told to have another one."""
        helper = property(note)
        self.assertEqual(
            outcome(headers=helper),
            {
                "setUpClass": "TypeError: headers must be a mapping, which every request of the client carries, got "
                f"{helper!r}: give what else is called so another name"
            },
        )
        self.assertEqual(
            outcome(cookies="sid=1"),
            {
                "setUpClass": "TypeError: cookies must be a mapping, which the client begins with, got 'sid=1': "
                "give what else is called so another name"
            },
        )
        self.assertEqual(
            outcome(timeout=note),
            {"setUpClass": f"TypeError: timeout must be seconds or an httpx.Timeout, got {note!r}"},
        )


class NoMistakeTests(unittest.TestCase):
    """What is right, though it looks like a mistake."""

    def test_partial_method(self) -> None:
        """A hook may be a partial method of an asynchronous function."""
        self.assertEqual(outcome(asyncSetUp=partialmethod(note, 3)), {})

    def test_mixin_for_both(self) -> None:
        """A mixin may have the hooks of both kinds of case."""

        class Both:
            called: ClassVar[list[str]] = []

            def setUp(self) -> None:
                self.called.append("setUp")

            async def asyncSetUp(self) -> None:
                self.called.append("asyncSetUp")

        for base in (ServerTestCase, AsyncServerTestCase):
            test = note if base is AsyncServerTestCase else lambda _: None
            mixed = type("Case", (Both, base), {"app": app, "test": test})
            self.assertEqual(outcomes(run_classes(mixed)), {})
        self.assertEqual(Both.called, ["setUp", "setUp", "asyncSetUp"])

    def test_helper_that_is_called(self) -> None:
        """A helper whose name is nearly a hook's is none of the framework's business where it is called."""

        class Helper(AsyncServerTestCase):
            app = app

            def setup(self) -> None:
                self.stock = 1

            async def test(self) -> None:
                self.setup()
                self.assertEqual(self.stock, 1)

        with self.assertNoLogs(), mock.patch("warnings.warn_explicit") as warn:
            self.assertEqual(outcomes(run_classes(Helper)), {})
        warn.assert_not_called()

    def test_mock_of_the_library(self) -> None:
        """A test may mock httpx's client for the app; its own goes on, and nothing of the mock is kept."""

        class Mocking(AsyncServerTestCase):
            app = app

            async def test_1_mocked(self) -> None:
                answer = httpx.Response(200, json={"a": 1})
                with mock.patch("httpx.AsyncClient") as client:
                    client.return_value.__aenter__.return_value.get.return_value = answer
                    self.assertJsonEqual(await self.client.get("/out"), {"a": 1})

            async def test_2_plain(self) -> None:
                with self.assertServerRaises(httpx.HTTPError):
                    self.assertStatus(await self.client.get("/out"), 500)

        self.assertEqual(outcomes(run_classes(Mocking)), {})

    def test_mock_of_sleep(self) -> None:
        """A test may mock asyncio.sleep; what waits for a state still waits."""

        class Sleepless(AsyncServerTestCase):
            app = app

            async def test(self) -> None:
                done: list[int] = []
                asyncio.get_running_loop().call_later(0.01, done.append, 1)
                with mock.patch("asyncio.sleep"):
                    await self.assertEventually(lambda: done)

        self.assertEqual(outcomes(run_classes(Sleepless)), {})

    def test_app_without_a_hash(self) -> None:
        """A router is an app like any other, though it cannot be hashed."""

        async def ask(case: AsyncServerTestCase) -> None:
            case.assertStatus(await case.client.get("/x"), 200)

        text = outcome(app=APIRouter(), test=ask)["test"]
        self.assertEqual(text, "no route of the app matches GET /x: the app has none")
