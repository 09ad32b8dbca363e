"""What a failure says of what the test has asked."""

import asyncio
import unittest
from typing import Any, ClassVar

from fastapi import FastAPI, WebSocket

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.running import run_classes

app = FastAPI()


@app.get("/items/{number}")
async def read_item(number: int) -> dict[str, Any]:
    """Answer with a secret."""
    return {"number": number, "token": "0123456789"}


@app.get("/strange", status_code=299)
async def be_strange() -> None:
    """Answer with a status of its own."""


@app.get("/wait")
async def wait() -> None:
    """Wait for what does not come."""
    await asyncio.Event().wait()


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Accept, and wait for the end."""
    await websocket.accept()
    await websocket.receive_text()


class Case(AsyncServerTestCase):
    """The base of the async cases in here."""

    app = app


class SyncCase(ServerTestCase):
    """The base of the sync cases in here."""

    app = app


def failure_of(test: Any, base: type[unittest.TestCase] = Case, **attributes: Any) -> str:
    """Run a function as the only test of a case, and return the text of its failure, without the traceback."""
    result = run_classes(type("Failing", (base,), {"test": test, **attributes}))
    ((_, text),) = result.failures
    return text[text.index("\nAssertionError") :].strip()


class LastExchangesTests(unittest.TestCase):
    """The list at the end of a failure."""

    maxDiff = None

    def test_any_assertion(self) -> None:
        """Whatever assertion fails, what was asked is named with its status and with the function that answered."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/items/1")
            response = await case.client.get("/item/1")
            await case.ws.connect("/chat")
            case.assertTrue(response.is_success)

        self.assertEqual(
            failure_of(test),
            "AssertionError: False is not true\n"
            "asked in this test:\n"
            f"  GET /items/1: 200 OK, in {__name__}.read_item\n"
            "  GET /item/1: 404 Not Found\n"
            f"  WebSocket /chat: 101 Switching Protocols, in {__name__}.chat",
        )

    def test_sync(self) -> None:
        """So it is in a sync test, and in a subTest."""

        def test(case: ServerTestCase) -> None:
            with case.subTest():
                case.client.get("/items/2")
                case.assertEqual(1, 2)

        self.assertEqual(
            failure_of(test, SyncCase),
            f"AssertionError: 1 != 2\nasked in this test:\n  GET /items/2: 200 OK, in {__name__}.read_item",
        )

    def test_five(self) -> None:
        """The last five are enough."""

        async def test(case: AsyncServerTestCase) -> None:
            for number in range(7):
                await case.client.get(f"/items/{number}")
            case.fail("no")

        lines = [f"  GET /items/{number}: 200 OK, in {__name__}.read_item" for number in range(2, 7)]
        heading = "AssertionError: no\nasked in this test, the last 5 of 7:"
        self.assertEqual(failure_of(test).splitlines(), [*heading.splitlines(), *lines])

    def test_said_already(self) -> None:
        """A failure that names all that was asked has no list, one of a test that asked nothing neither."""

        async def test(case: AsyncServerTestCase) -> None:
            case.assertStatus(await case.client.get("/items/3"), 201)

        async def test_nothing(case: AsyncServerTestCase) -> None:
            case.fail("no")

        self.assertEqual(
            failure_of(test),
            'AssertionError: GET /items/3: expected status 201, got 200 OK; body: {"number":3,"token":"****6789"}',
        )
        self.assertEqual(failure_of(test_nothing), "AssertionError: no")

    def test_no_answer_yet(self) -> None:
        """What is not answered yet is said to be so."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/items/1")
            asking = asyncio.create_task(case.client.get("/wait", timeout=None))
            await case.assertEventually(lambda: case.server.recorder.in_flight)
            self.addCleanup(asking.cancel)
            case.fail("no")

        text = failure_of(test, leaks="ignore", settle_timeout=0.0)
        self.assertTrue(text.endswith(f"\n  GET /wait: no answer yet, in {__name__}.wait"), text)

    def test_status_without_a_name(self) -> None:
        """A status that has no name is a number."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/strange")
            case.fail("no")

        self.assertEqual(
            failure_of(test), f"AssertionError: no\nasked in this test:\n  GET /strange: 299, in {__name__}.be_strange"
        )


class SecretsTests(unittest.TestCase):
    """Secrets in failures."""

    def test_masked(self) -> None:
        """Of secrets, failures show the last four characters, those of unittest's own assertions too."""

        async def test(case: AsyncServerTestCase) -> None:
            response = await case.client.get("/items/1", headers={"X-API-Key": "abcdefghij"})
            case.assertEqual(response.json(), {"number": 1})

        async def test_plain_assert(case: AsyncServerTestCase) -> None:
            response = await case.client.get("/items/1?token=abcdefghij")
            text = response.text
            raise AssertionError(text)

        text = failure_of(test)
        self.assertIn("{'number': 1, 'token': '****6789'} != {'number': 1}", text)
        self.assertNotIn("0123456789", text)
        self.assertEqual(
            failure_of(test_plain_assert),
            'AssertionError: {"number":1,"token":"****6789"}\n'
            "asked in this test:\n"
            f"  GET /items/1?token=****ghij: 200 OK, in {__name__}.read_item",
        )

    def test_request(self) -> None:
        """The request's own headers and body are masked as well."""

        async def test(case: AsyncServerTestCase) -> None:
            response = await case.client.get("/items/1", headers={"X-API-Key": "abcdefghij"}, auth=("ada", "lovelace1"))
            case.assertStatus(response, 201)

        self.assertTrue(
            failure_of(test).endswith("\nthe request:\n  x-api-key: ****ghij\n  authorization: Basic ada:****ace1")
        )

    def test_shown(self) -> None:
        """With ``show_secrets`` they are there."""

        async def test(case: AsyncServerTestCase) -> None:
            response = await case.client.get("/items/1?token=abcdefghij")
            case.assertStatus(response, 201)

        class Shows(Case):
            show_secrets: ClassVar[bool] = True

        text = failure_of(test, Shows)
        self.assertIn('"token":"0123456789"', text)
        self.assertIn("GET /items/1?token=abcdefghij", text)
