"""Tests of fastapi_testing.assertions.http.errors."""

import inspect
import re
from typing import Any
from unittest.mock import ANY

import httpx
from dirty_equals import IsInt
from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.assertions import ErrorAssertions
from fastapi_testing.assertions.describing.describe import describe_answer
from tests.assertions.failures import FailureAssertions

MISSING = {"type": "missing", "loc": ["body", "name"], "msg": "Field required", "input": {"price": -1}}
TOO_LOW = {
    "type": "greater_than",
    "loc": ["body", "prices", 0],
    "msg": "Input should be greater than 0",
    "input": -1,
    "ctx": {"gt": 0.0},
}


def answer(status: int, document: Any) -> httpx.Response:
    """Return a response to POST /items."""
    return httpx.Response(status, json=document, request=httpx.Request("POST", "http://test/items"))


class HTTPErrorTests(ErrorAssertions, FailureAssertions):
    """assertHTTPError."""

    def test_detail(self) -> None:
        """A detail is there, or is the expected document, or matches the pattern."""
        response = answer(404, {"detail": "Item 9 not found"})
        self.assertHTTPError(response, 404)
        self.assertHTTPError(response, "4xx", "Item 9 not found")
        self.assertHTTPError(response, 404, re.compile("not found$"))
        self.assertHTTPError(answer(409, {"detail": {"id": 9}}), 409, {"id": IsInt})
        self.assertHTTPError(answer(404, {"detail": None}), 404, None)

    def test_other_status(self) -> None:
        """A failure shows the status and the body that came."""
        with self.assertFails(
            'POST /items: expected HTTP error 403 or 404, got 409 Conflict; body: {"detail":"No"} : who?'
        ):
            self.assertHTTPError(answer(409, {"detail": "No"}), {403, 404}, msg="who?")

    def test_other_detail(self) -> None:
        """A failure shows the detail that was expected."""
        got = 'got 404 Not Found; body: {"detail":"No"}'
        with self.assertFails(f'POST /items: expected HTTP error 404 with detail "Yes", {got}'):
            self.assertHTTPError(answer(404, {"detail": "No"}), 404, "Yes")
        with self.assertFails(f"POST /items: expected HTTP error 404 with a detail to match '^Y', {got}"):
            self.assertHTTPError(answer(404, {"detail": "No"}), 404, re.compile("^Y"))

    def test_nested(self) -> None:
        """A failure says where in a detail the difference is."""
        with self.assertFails(
            'POST /items: expected HTTP error 409 with detail {"id": 8, "at": <ANY>}, got 409 Conflict; '
            'body: {"detail":{"id":9,"at":1}}; JSON differs at $.detail.id: expected 8, got 9'
        ):
            self.assertHTTPError(answer(409, {"detail": {"id": 9, "at": 1}}), 409, {"id": 8, "at": ANY})

    def test_pattern_on_document(self) -> None:
        """A pattern is searched for in texts only."""
        with self.assertFails(
            "POST /items: expected HTTP error 404 with a detail to match '1', got 404 Not Found; body: {\"detail\":[1]}"
        ):
            self.assertHTTPError(answer(404, {"detail": [1]}), 404, re.compile("1"))

    def test_other_form(self) -> None:
        """A body that is not in FastAPI's form is no such error."""
        for body in (b"Not Found", b'{"error": 1}', b"[]", b""):
            with self.subTest(body=body), self.assertRaisesRegex(AssertionError, "expected HTTP error 404, got 404 "):
                self.assertHTTPError(httpx.Response(404, content=body), 404)

    def test_no_detail(self) -> None:
        """Where the status is right, a failure says that the body is no JSON, or has no detail."""
        text = httpx.Response(413, text="Content Too Large", request=httpx.Request("POST", "http://test/items"))
        end = "no `detail`, which an HTTPException becomes: assertStatus() looks at the status only"
        got = f"got {describe_answer(text)}; text/plain is no JSON, and has {end}"
        with self.assertFails(f"POST /items: expected HTTP error 413, {got}"):
            self.assertHTTPError(text, 413)
        with self.assertFails(
            f'POST /items: expected HTTP error 4xx, got 404 Not Found; body: {{"error":1}}; the JSON has {end}'
        ):
            self.assertHTTPError(answer(404, {"error": 1}), "4xx")
        got = f"got 404 Not Found; body: empty; a body without Content-Type is no JSON, and has {end}"
        with self.assertFails(f"HTTP response: expected HTTP error 404, {got}"):
            self.assertHTTPError(httpx.Response(404), 404)


async def refuse(*_: Any) -> Response:
    """Refuse every body."""
    return PlainTextResponse("Request body too large", 413)  # pragma: no cover - on the lower bounds


class BodyLimitTests(FailureAssertions, AsyncServerTestCase):
    """assertHTTPError, of what FastAPI answers to a body that is too large."""

    @classmethod
    async def create_app(cls) -> FastAPI:
        """Return an app that takes four bytes."""
        limit: Any = {"max_body_size": 4}
        app = FastAPI(**limit)
        if "max_body_size" not in inspect.signature(FastAPI).parameters:  # pragma: no cover - on the lower bounds
            app.middleware("http")(refuse)  # in the words of newer ones

        @app.post("/items")
        async def write_item(item: dict[str, int]) -> None:
            pass  # pragma: no cover - no body is small enough

        return app

    async def test_no_detail(self) -> None:
        """That it is in plain text is said, instead of what it has to do with the status."""
        response = await self.client.post("/items", json={"price": 5})
        self.assertStatus(response, 413)
        with self.assertRaises(AssertionError) as caught:
            self.assertHTTPError(response, 413)
        said = str(caught.exception).partition("\nthe request:")[0]
        answered = f"POST /items: expected HTTP error 413, got {describe_answer(response)}"
        end = "no `detail`, which an HTTPException becomes: assertStatus() looks at the status only"
        self.assertEqual(said, f"{answered}; text/plain is no JSON, and has {end}")


class ValidationErrorTests(ErrorAssertions, FailureAssertions):
    """assertValidationError."""

    def setUp(self) -> None:
        """Make a response with two errors."""
        self.response = answer(422, {"detail": [MISSING, TOO_LOW]})

    def test_found(self) -> None:
        """An error is found by its place, and by its type and its message if they are given."""
        self.assertValidationError(self.response, ("body", "name"))
        self.assertValidationError(self.response, ["body", "prices", 0], "greater_than")
        self.assertValidationError(self.response, "body.prices.0", message="Input should be greater than 0")
        self.assertValidationError(self.response, ("body", "prices", ANY), message=re.compile("greater"))

    def test_not_found(self) -> None:
        """A failure lists every error that came, with its input."""
        with self.assertFails(
            "POST /items: expected a validation error at body.price, got 2 errors:\n"
            '  body.name: Field required (missing); got {"price": -1}\n'
            "  body.prices.0: Input should be greater than 0 (greater_than); got -1 : price?"
        ):
            self.assertValidationError(self.response, ("body", "price"), msg="price?")

    def test_other_type(self) -> None:
        """A failure names the type and the message that were expected."""
        response = answer(422, {"detail": [{"type": "missing", "loc": ["query", "q"], "msg": "Field required"}]})
        with self.assertFails(
            "POST /items: expected a validation error at query.q of type int_type with its message to be 'No', "
            "got 1 error:\n  query.q: Field required (missing)"
        ):
            self.assertValidationError(response, "query.q", "int_type", message="No")
        with self.assertRaisesRegex(AssertionError, "at query.q with its message to match '1', got 1 error:"):
            self.assertValidationError(response, "query.q", message=re.compile("1"))

    def test_no_validation_error(self) -> None:
        """Another status, or another form of error, is shown as it is."""
        with self.assertFails("POST /items: expected a validation error at body, got 201 Created; body: {}"):
            self.assertValidationError(answer(201, {}), ("body",))
        for document in ({"detail": "x"}, {"detail": ["x"]}, [MISSING]):
            with self.subTest(document=document), self.assertRaisesRegex(AssertionError, "at body, got 422 "):
                self.assertValidationError(answer(422, document), "body")

    def test_wrong_message(self) -> None:
        """A message that is no text is refused."""
        message: Any = 1
        with self.assertRaisesRegex(TypeError, "^expected message 1 is not understood: give a str"):
            self.assertValidationError(self.response, "body", message=message)

    def test_short_message(self) -> None:
        """Without longMessage the user's message replaces the standard one."""
        self.longMessage = False
        with self.assertFails("no"):
            self.assertValidationError(self.response, "body", "missing", "no")
