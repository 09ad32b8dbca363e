"""The app's exceptions: in failures, as expected ones, and as those that nobody has seen."""

import asyncio
import io
import logging
import sys
import traceback
import unittest
from contextlib import redirect_stderr
from typing import Any

import httpx
import requests
import websockets

from fastapi_testing import AsyncServerTestCase, Server
from tests.case import failing
from tests.case.failing import failures, line_of, terminal_of
from tests.running import run_classes
from tests.timing import MS, answer_within

RAISED = f"""\
the app raised, for GET /fail, in tests.case.failing.fail:
  Traceback (most recent call last):
    File "{failing.__file__}", line {line_of('raise LookupError("no stock")')}, in fail
      raise LookupError("no stock")
  LookupError: no stock
the app logged:
  WARNING tests.failing: no stock of pears"""

GOT = "got 500 Internal Server Error; body: Internal Server Error"

UNSEEN = f"""\
AssertionError: the app raised what no response could show; where that is meant, expect it with assertServerRaises(): \
the app raised, for GET /background, in tests.case.failing.background:
  Traceback (most recent call last):
    File "{failing.__file__}", line {line_of('raise LookupError("no paper")')}, in work
      raise LookupError("no paper")
  LookupError: no paper"""


class ShownTests(unittest.TestCase):
    """Exceptions that a response has shown."""

    maxDiff = None

    def test_assertion_on_the_response(self) -> None:
        """An assertion that fails on the response shows the app's traceback, its logs and the request."""

        async def test(case: AsyncServerTestCase) -> None:
            case.assertStatus(await case.client.get("/fail", headers={"X-Tenant": "blue"}), 200)

        self.assertEqual(
            failures(test),
            [
                f"AssertionError: GET /fail: expected status 200, {GOT}\n{RAISED}\nthe request:\n  x-tenant: blue",
            ],
        )

    def test_plain_assertion(self) -> None:
        """Any other failure of the test has them as a note."""

        async def test(case: AsyncServerTestCase) -> None:
            response = await case.client.get("/fail")
            case.assertEqual(response.status_code, 200)

        self.assertEqual(failures(test), [f"AssertionError: 500 != 200\n{RAISED}"])

    def test_sub_tests(self) -> None:
        """So has the failure of a subTest, which the rest of the test does not see; each exception is told once."""

        async def test(case: AsyncServerTestCase) -> None:
            with case.subTest("first", number=1):
                case.assertEqual((await case.client.get("/fail")).status_code, 200)
            with case.subTest("second"):
                case.fail("my own")
            with case.subTest("third"):
                case.skipTest("no third")

        self.assertEqual(failures(test), [f"AssertionError: 500 != 200\n{RAISED}", "AssertionError: my own"])

    def test_nobody_minds(self) -> None:
        """A test that passes with a 500 passes, and the terminal is not flooded."""

        async def test(case: AsyncServerTestCase) -> None:
            case.assertStatus(await case.client.get("/fail"), 500)

        self.assertEqual(failures(test), [])
        self.assertEqual(terminal_of(test), "")

    def test_logs(self) -> None:
        """Who asserts on uvicorn's log finds the exception there."""

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertLogs("uvicorn.error") as logs:
                await case.client.get("/fail")
            case.assertIn("LookupError: no stock", logs.output[0])

        self.assertEqual(failures(test), [])

    def test_raised_in_the_test(self) -> None:
        """With raise_server_exceptions the request raises it; the failure is the exception, once."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/fail")

        (text,) = failures(test, raise_server_exceptions=True)
        self.assertTrue(text.endswith("LookupError: no stock"), text)

    def test_raised_and_caught(self) -> None:
        """Caught there, it is seen; those of background tasks and of streamed answers too."""

        async def test(case: AsyncServerTestCase) -> None:
            async with case.client.stream("GET", "/pieces") as response:
                case.assertEqual(await response.aread(), b"one two")
            with case.assertRaisesRegex(LookupError, "stock"):
                await case.client.get("/fail")
            with case.assertRaisesRegex(LookupError, "paper"):
                await case.client.get("/background")
            with case.assertRaises((LookupError, ExceptionGroup)) as torn:  # a group of one in older Starlettes
                await case.client.get("/torn")
            case.assertIn("LookupError: no ink", "".join(traceback.format_exception(torn.exception)))
            with case.assertRaises(httpx.ReadTimeout):
                await case.client.get("/torn?waits=true", timeout=answer_within(20))
            with case.assertServerRaises(LookupError):
                await case.client.get("/fail")

        self.assertEqual(failures(test, raise_server_exceptions=True), [])


class UnseenTests(unittest.TestCase):
    """Exceptions that no response could show."""

    maxDiff = None

    def test_background_task(self) -> None:
        """One in a background task fails the test."""

        async def test(case: AsyncServerTestCase) -> None:
            case.assertStatus(await case.client.get("/background"), 200)

        self.assertEqual(failures(test), [UNSEEN])
        self.assertEqual(terminal_of(test), "")

    def test_beside_a_failure(self) -> None:
        """The test's own failure is not hidden."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/background")
            case.fail("my own")

        self.assertEqual(failures(test), ["AssertionError: my own", UNSEEN])

    def test_websocket(self) -> None:
        """One in a WebSocket's handler fails the test, as does one on another server."""

        async def test(case: AsyncServerTestCase) -> None:
            other = await case.enterAsyncContext(Server(failing.app))
            async with case.new_client(server=other).ws.connect("/chat") as chat:
                await chat.send_text("hello")

        (text,) = failures(test)
        self.assertIn("the app raised, for WebSocket /chat, in tests.case.failing.chat:\n", text)
        self.assertTrue(text.endswith("LookupError: no room"), text)

    def test_next_test(self) -> None:
        """It is a matter of the test that caused it, and of no other."""

        class Case(failing.FailingCase):
            async def test_a(self) -> None:
                await self.client.get("/background")

            async def test_b(self) -> None:
                self.assertEqual(self.server.exchanges, [])
                await self.client.get("/plain")
                self.assertEqual([str(exchange) for exchange in self.server.exchanges], ["GET /plain"])

        result = unittest.TestResult()
        unittest.TestLoader().loadTestsFromTestCase(Case).run(result)
        self.assertEqual([test.id().rpartition(".")[2] for test, _ in result.failures], ["test_a"])


class ExpectedTests(AsyncServerTestCase):
    """assertServerRaises."""

    app = failing.app
    maxDiff = None

    async def test_http(self) -> None:
        """The exception and its exchange are on the context."""
        with self.assertServerRaises(LookupError, "^no st") as raised:
            self.assertStatus(await self.client.get("/fail"), 500)
        self.assertEqual(str(raised.exception), "no stock")
        self.assertEqual(str(raised.exchange), "GET /fail")

    async def test_background_task(self) -> None:
        """One in a background task is expected in the same way, by one of several types."""
        with self.assertServerRaises((ValueError, LookupError)):
            await self.client.get("/background")

    async def test_websocket(self) -> None:
        """One in a WebSocket's handler as well, also where the client sees the connection end."""
        with self.assertServerRaises(LookupError, "no room"):
            async with self.ws.connect("/chat") as chat:
                await chat.send_text("hello")
                with self.assertRaises(websockets.ConnectionClosed):
                    await chat.receive()

    async def test_later(self) -> None:
        """What comes after a plain `with` is waited for at the end of the test."""
        chat = await self.ws.connect("/chat")
        with self.assertServerRaises(LookupError, "no room"):
            await chat.send_text("hello")

    async def test_waiting(self) -> None:
        """`async with` waits for it itself."""
        chat = await self.ws.connect("/chat")
        async with self.assertServerRaises(LookupError, "no room") as raised:
            await chat.send_text("hello")
        self.assertEqual(str(raised.exception), "no room")

    async def test_several(self) -> None:
        """All that match are expected."""
        with self.assertServerRaises(LookupError, "paper"):
            for _ in range(3):
                await self.client.get("/background")

    async def test_error_in_the_body(self) -> None:
        """What the body itself raises goes through, and the app's exception is expected all the same."""
        with self.assertRaises(ZeroDivisionError), self.assertServerRaises(LookupError):
            await self.client.get("/background")
            raise ZeroDivisionError
        with self.assertRaises(ZeroDivisionError), self.assertServerRaises(LookupError):
            raise ZeroDivisionError

    async def test_group(self) -> None:
        """The exceptions in a group, as task groups raise them, count."""

        @self.app.get("/group")
        async def group() -> None:
            raise ExceptionGroup("several", [ValueError("one"), LookupError("two")])

        async with self.assertServerRaises(LookupError, "two") as raised:
            await self.client.get("/group")
        self.assertEqual(str(raised.exception), "two")

    async def test_nothing_raised(self) -> None:
        """A failure says what the app was asked instead."""
        with self.assertRaises(AssertionError) as caught, self.assertServerRaises(LookupError, "stock"):
            await self.client.get("/plain")
        self.assertEqual(
            str(caught.exception),
            "expected the app to raise LookupError matching 'stock', it raised nothing; "
            "it was asked for GET /plain (200)",
        )

    async def test_nothing_asked(self) -> None:
        """A failure says that nothing was asked; so does the waiting form."""
        message = "^expected the app to raise ValueError or KeyError, it was asked nothing$"
        with self.assertRaisesRegex(AssertionError, message), self.assertServerRaises((ValueError, KeyError)):
            pass
        with self.assertRaisesRegex(AssertionError, message):
            async with self.assertServerRaises((ValueError, KeyError)):
                pass

    async def test_something_else(self) -> None:
        """A failure shows what the app raised instead."""
        with self.assertRaises(AssertionError) as caught, self.assertServerRaises(ValueError):
            await self.client.get("/fail")
        self.assertEqual(str(caught.exception), f"expected the app to raise ValueError, it raised:\n{RAISED}")

    async def test_no_exception_type(self) -> None:
        """What is no type of exceptions is refused."""
        for wrong in ("LookupError", (), (LookupError, 1), int):
            with self.subTest(wrong=wrong), self.assertRaises(TypeError) as caught:
                self.assertServerRaises(wrong)  # type: ignore[arg-type]
            self.assertEqual(
                str(caught.exception),
                f"assertServerRaises() takes an exception type, or a tuple of them, got {wrong!r}",
            )


class ToldOnceTests(unittest.TestCase):
    """Exceptions that a failure has told already."""

    maxDiff = None

    def test_something_else(self) -> None:
        """What came instead of what is expected is told by the assertion, and not once more at the end."""

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertServerRaises(ValueError):
                await case.client.get("/background")

        raised = UNSEEN.partition("assertServerRaises(): ")[2]
        expected = f"AssertionError: expected the app to raise ValueError, it raised:\n{raised}"
        self.assertEqual(failures(test), [expected])

    def test_skipped(self) -> None:
        """A test that is skipped shows nothing, so that nothing counts as told."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/fail")
            await case.client.get("/background")
            case.skipTest("not today")

        self.assertEqual(failures(test), [f"{UNSEEN}\n{RAISED}"])


class ForeignClientTests(unittest.TestCase):
    """Clients of other makers, in a thread."""

    async def ask(self, case: AsyncServerTestCase) -> None:
        """Ask for what fails."""
        response = await asyncio.to_thread(requests.get, f"{case.server.url}/fail", timeout=60)
        case.assertEqual(response.status_code, 500)

    def test_nobody_has_seen_it(self) -> None:
        """A test that passes leaves the server's log of the exception on the terminal, as without this package."""
        expected = r"^Exception in ASGI application\n(.*\n)*LookupError: no stock"
        self.assertRegex(terminal_of(self.ask_in_test), expected)
        with redirect_stderr(io.StringIO()):
            self.assertEqual(failures(self.ask_in_test), [])

    def test_handlers(self) -> None:
        """Each handler gets it once: one on the terminal at the end, one elsewhere at once."""
        elsewhere = io.StringIO()
        logger = logging.getLogger("uvicorn.error")
        with redirect_stderr(io.StringIO()) as terminal:
            for stream in (sys.stderr, elsewhere):
                handler = logging.StreamHandler(stream)
                logger.addHandler(handler)
                self.addCleanup(logger.removeHandler, handler)
            run_classes(type("Case", (failing.FailingCase,), {"test": self.ask_in_test}))
        for stream in (terminal, elsewhere):
            self.assertEqual(stream.getvalue().count("LookupError: no stock"), 1)

    def test_failure(self) -> None:
        """A test that fails shows it, and the terminal stays clean."""

        async def test(case: AsyncServerTestCase) -> None:
            await self.ask(case)
            case.fail("my own")

        self.assertEqual(failures(test), [f"AssertionError: my own\n{RAISED}"])
        self.assertEqual(terminal_of(test), "")

    def test_expected(self) -> None:
        """One that is expected is seen."""

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertServerRaises(LookupError):
                await self.ask(case)

        self.assertEqual(failures(test), [])
        self.assertEqual(terminal_of(test), "")

    @property
    def ask_in_test(self) -> Any:
        """The function above as that of a test."""

        async def test(case: AsyncServerTestCase) -> None:
            await self.ask(case)

        return test


class DeferredTests(unittest.TestCase):
    """Expectations that are decided at the end of the test."""

    def test_unfulfilled(self) -> None:
        """What never came fails the test then."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.ws.connect("/chat")
            with case.assertServerRaises(ValueError):
                case.assertStatus(await case.client.get("/plain"), 200)

        (text,) = failures(test)
        instead = "it raised nothing; it was asked for GET /plain (200)"
        self.assertEqual(text, f"AssertionError: expected the app to raise ValueError, {instead}")

    def test_in_flight_too_long(self) -> None:
        """The waiting form waits no longer than settle_timeout."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.ws.connect("/chat")
            async with case.assertServerRaises(ValueError):
                pass

        expected = ["AssertionError: expected the app to raise ValueError, it was asked nothing"]
        self.assertEqual(failures(test, settle_timeout=300 * MS), expected)
