"""Exceptions whose own text cannot be had."""

import unittest
from typing import Any, NoReturn

from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from fastapi_testing.server.recording.stacks import headline_of, message_of, said_by
from tests.running import run_classes
from tests.timing import MS

app = FastAPI()


class MuteError(Exception):
    """One of the app's, or of the test's, that fails to say what it is."""

    def __str__(self) -> str:
        raise LookupError("no text")


@app.get("/")
async def be_mute() -> None:
    """Raise it."""
    raise MuteError


def text_of(test: Any, base: type[unittest.TestCase]) -> str:
    """Return the text of the only failure or error of a test."""
    result = run_classes(type("Case", (base,), {"app": app, "test": test}))
    ((_, text),) = result.failures + result.errors
    return text


class MuteTests(unittest.TestCase):
    """Where one is printed, or looked at."""

    def test_text(self) -> None:
        """In the place of its text stands what a traceback of Python's has there; notes stay."""
        error = MuteError()
        self.assertEqual(message_of(error), "<exception str() failed>")
        self.assertEqual(headline_of(error), "MuteError: <exception str() failed>")
        error.add_note("a note")
        self.assertEqual(said_by(error), "<exception str() failed>\na note")
        self.assertEqual(said_by(LookupError("no stock")), "no stock")

    def test_of_the_test(self) -> None:
        """A test that ends with one is an error with its line, and with what the test has asked."""

        async def test(case: Any) -> None:
            await case.client.get("/other")
            raise MuteError

        def test_plain(case: Any) -> None:
            case.client.get("/other")
            raise MuteError

        for base, each in ((AsyncServerTestCase, test), (ServerTestCase, test_plain)):
            text = text_of(each, base)
            self.assertIn("MuteError: <exception str() failed>\nasked in this test:\n  GET /other: 404 Not Found", text)
            self.assertNotIn("LookupError", text)

    def test_of_the_app(self) -> None:
        """One of the app's is shown behind the response, and one that is expected is no match for a text."""

        async def test(case: Any) -> None:
            case.assertStatus(await case.client.get("/"), 200)

        async def test_expected(case: Any) -> None:
            async with case.assertServerRaises(MuteError, "no text"):
                await case.client.get("/")

        for each in (test, test_expected):
            text = text_of(each, AsyncServerTestCase)
            self.assertIn("MuteError: <exception str() failed>", text)
            self.assertNotIn("LookupError", text)

    def test_of_a_probe(self) -> None:
        """So is one with which a probe fails, where the failure is of a kind of the user's."""

        class MuteAssertionError(MuteError, AssertionError):
            """A failure."""

        def probe() -> NoReturn:
            raise MuteAssertionError

        def test(case: Any) -> None:
            case.assertEventually(probe, timeout=5 * MS)

        self.assertIn("; at last it failed: <exception str() failed>", text_of(test, ServerTestCase))
