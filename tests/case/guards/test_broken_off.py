"""Responses that break off: one failure, with what the app raised."""

import asyncio
import json
import unittest
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from websockets.exceptions import InvalidMessage

from fastapi_testing import AsyncServerTestCase, ServerTestCase, create_test_server
from tests.case.failing import failures
from tests.running import run_classes

app = FastAPI()


@app.get("/refused")
async def refused() -> PlainTextResponse:
    """Answer with a header that no server sends."""
    return PlainTextResponse("Dear customer", headers={"Topic:": "Hello"})


@app.get("/torn")
async def torn() -> StreamingResponse:
    """Fail in the middle of an answer."""

    def pieces() -> Iterator[str]:
        yield "begun"
        raise LookupError("no ink")

    return StreamingResponse(pieces())


@app.get("/waiting")
async def waiting(request: Request) -> StreamingResponse:
    """Wait, in the middle of an answer, until the client has gone."""

    async def pieces() -> AsyncIterator[str]:
        yield "begun"
        await request.receive()

    return StreamingResponse(pieces())


@app.get("/number", responses={200: {"content": {"application/json": {"schema": {"type": "integer"}}}}})
async def number() -> str:
    """Answer with what is not as documented."""
    return "one"


@app.websocket("/denied")
async def denied(websocket: WebSocket) -> None:
    """Fail in the middle of a denial."""
    await websocket.receive()
    await websocket.send({"type": "websocket.http.response.start", "status": 403, "headers": []})
    await websocket.send({"type": "websocket.http.response.body", "body": b"be", "more_body": True})
    raise LookupError("no ink")


DENIED = f"""\
websockets.exceptions.InvalidMessage: did not receive a valid HTTP response
WebSocket /denied: the answer to the handshake broke off
the app raised, for WebSocket /denied, in {__name__}.denied:
  Traceback (most recent call last):
    File "{__file__}", line {denied.__code__.co_firstlineno + 6}, in denied
      raise LookupError("no ink")
  LookupError: no ink"""

TORN = f"""\
httpx.RemoteProtocolError: GET /torn: the server closed the connection after 5 bytes of a chunked body
the app raised, for GET /torn, in {__name__}.torn:
  Traceback (most recent call last):
    File "{__file__}", line {torn.__code__.co_firstlineno + 6}, in pieces
      raise LookupError("no ink")
  LookupError: no ink"""


class AsyncCase(AsyncServerTestCase):
    """Tests that fail."""

    app = app


class PlainCase(ServerTestCase):
    """Plain tests that fail."""

    app = app


class BrokenOffTests(unittest.TestCase):
    """Both kinds of tests."""

    maxDiff = None

    def test_torn(self) -> None:
        """A stream that raises is one failure, with the app's traceback."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/torn")

        async def streamed(case: AsyncServerTestCase) -> None:
            async with case.client.stream("GET", "/torn") as response:
                await response.aread()

        def plain(case: ServerTestCase) -> None:
            case.client.get("/torn")

        def plain_streamed(case: ServerTestCase) -> None:
            with case.client.stream("GET", "/torn") as response:
                response.read()

        for base, function in (
            (AsyncCase, test),
            (AsyncCase, streamed),
            (PlainCase, plain),
            (PlainCase, plain_streamed),
        ):
            with self.subTest(function=function):
                self.assertEqual(failures(function, base), [TORN])

    def test_refused(self) -> None:
        """So is a header that the server refuses, with the server's own reason."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/refused")

        def plain(case: ServerTestCase) -> None:
            case.client.get("/refused")

        for base, function in ((AsyncCase, test), (PlainCase, plain)):
            with self.subTest(function=function):
                (text,) = failures(function, base)
                begins = (
                    "httpx.RemoteProtocolError: GET /refused: the server closed the connection without sending a "
                    f"response\nthe app raised, for GET /refused, in {__name__}.refused:\n"
                )
                self.assertTrue(text.startswith(begins), text)
                self.assertTrue(text.endswith("\n  RuntimeError: Invalid HTTP header name."), text)

    def test_denied(self) -> None:
        """So is the answer to the handshake of a WebSocket that breaks off."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.ws.connect("/denied")

        def plain(case: ServerTestCase) -> None:
            case.ws.connect("/denied")

        for base, function in ((AsyncCase, test), (PlainCase, plain)):
            with self.subTest(function=function):
                self.assertEqual(failures(function, base), [DENIED])
                (text,) = failures(function, base, raise_server_exceptions=True)
                self.assertEqual(text, "LookupError: no ink")

    def test_denied_and_caught(self) -> None:
        """The client's exception has the exchange, and the app's has yet to be expected."""

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertServerRaises(LookupError), case.assertRaises(InvalidMessage) as caught:
                await case.ws.connect("/denied")
            exchange = vars(caught.exception)["exchange"]
            case.assertEqual((exchange.status, repr(exchange.exception)), (403, "LookupError('no ink')"))

        self.assertEqual(failures(test, AsyncCase), [])

    def test_raised_in_the_test(self) -> None:
        """With raise_server_exceptions, the app's own exception is raised instead."""

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertRaisesRegex(RuntimeError, "Invalid HTTP header name"):
                await case.client.get("/refused")

        self.assertEqual(failures(test, AsyncCase, raise_server_exceptions=True), [])

    def test_caught(self) -> None:
        """A test that expects the client's exception has yet to expect the app's."""

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertRaises(httpx.RemoteProtocolError):
                await case.client.get("/torn")

        async def expecting(case: AsyncServerTestCase) -> None:
            with case.assertServerRaises(LookupError):
                await test(case)

        (text,) = failures(test, AsyncCase)
        self.assertTrue(text.startswith("AssertionError: the app raised what no response could show"), text)
        self.assertEqual(failures(expecting, AsyncCase), [])

    def test_app_did_not_raise(self) -> None:
        """What breaks off for another reason is as it is."""

        async def test(case: AsyncServerTestCase) -> None:
            async with case.client.stream("GET", "/waiting") as response:
                response.extensions["network_stream"].cut()
                await response.aread()

        error = "GET /waiting: the server closed the connection after 5 bytes of a chunked body"
        self.assertEqual(failures(test, AsyncCase), [f"httpx.RemoteProtocolError: {error}"])

    def test_standalone(self) -> None:
        """The standalone client notes it as well."""

        async def ask() -> None:
            async with create_test_server(app) as server:
                with self.assertRaises(httpx.RemoteProtocolError) as caught, self.assertLogs("uvicorn.error"):
                    await server.client.get("/torn")
            self.assertEqual("\n".join(caught.exception.__notes__), TORN.partition("\n")[2])

        asyncio.run(ask())


class FramesTests(unittest.TestCase):
    """Where tracebacks end."""

    def functions(self, test: Any, base: type[unittest.TestCase] = AsyncCase, **attributes: Any) -> list[str]:
        """Run a function as a test, and return the functions in the traceback of its one failure."""
        result = run_classes(type("Case", (base,), {"test": test, **attributes}))
        ((_, text),) = [*result.errors, *result.failures]
        return [line.rpartition(", in ")[2] for line in text.splitlines() if line.startswith("  File ")]

    def test_what_breaks_off(self) -> None:
        """The traceback of a response that breaks off ends on the line of the test, in a subTest too."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/torn")

        async def part(case: AsyncServerTestCase) -> None:
            with case.subTest():
                await case.client.get("/torn")

        def plain(case: ServerTestCase) -> None:
            with case.client.stream("GET", "/torn") as response:
                response.read()

        self.assertEqual(self.functions(test), ["test"])
        self.assertEqual(self.functions(part), ["part"])
        self.assertEqual(self.functions(plain, PlainCase), ["plain"])

    def test_check_openapi(self) -> None:
        """So does that of a response which is not as documented, through a function of the user's as well."""

        async def test(case: AsyncServerTestCase) -> None:
            async def ask() -> None:
                await case.client.get("/number")

            await ask()

        self.assertEqual(self.functions(test, check_openapi=True), ["test", "ask"])

    def test_foreign_url(self) -> None:
        """So does a refused URL, of HTTP or of a WebSocket."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("http://example.org/")

        async def websocket(case: AsyncServerTestCase) -> None:
            await case.ws.connect("ws://example.org/")

        def plain(case: ServerTestCase) -> None:
            case.client.get("http://example.org/")

        self.assertEqual(self.functions(test), ["test"])
        self.assertEqual(self.functions(websocket), ["websocket"])
        self.assertEqual(self.functions(plain, PlainCase), ["plain"])

    def test_wrong_arguments(self) -> None:
        """So does an error for what a client cannot send, and for what an assertion cannot expect."""

        async def body(case: AsyncServerTestCase) -> None:
            await case.client.post("/torn", json=object())

        async def url(case: AsyncServerTestCase) -> None:
            await case.client.get("/\x01")

        def option(case: ServerTestCase) -> None:
            case.ws.connect("/", time_out=1)  # type: ignore[call-arg]

        def status(case: ServerTestCase) -> None:
            case.assertStatus(case.client.get("/number"), "ok")

        self.assertEqual(self.functions(body), ["body"])
        self.assertEqual(self.functions(url), ["url"])
        self.assertEqual(self.functions(option, PlainCase), ["option"])
        self.assertEqual(self.functions(status, PlainCase), ["status"])

    def test_code_of_the_user(self) -> None:
        """What the user's own code raises where a client calls it keeps its frames."""

        async def test(case: AsyncServerTestCase) -> None:
            async def refuse(_: httpx.Request) -> None:
                raise ValueError("no request")

            case.client.event_hooks = {"request": [refuse]}
            await case.client.get("/number")

        found = self.functions(test)
        self.assertEqual([found[0], found[-1]], ["test", "refuse"])
        self.assertGreater(len(found), 2)

    def test_other_libraries(self) -> None:
        """So do errors of a library that the user's code calls itself, and what happens to a client by accident."""

        async def library(_: AsyncServerTestCase) -> None:
            json.dumps(object())

        async def accident(case: AsyncServerTestCase) -> None:
            await case.client.get("/number", timeout="soon")  # type: ignore[arg-type]

        async def bare(_: AsyncServerTestCase) -> None:
            raise_assertion_error()

        self.assertEqual(self.functions(library)[-1], "default")
        self.assertGreater(len(self.functions(accident)), 5)
        self.assertEqual(self.functions(bare), ["bare", "raise_assertion_error"])


def raise_assertion_error() -> None:
    """Fail as plain assert statements do."""
    raise AssertionError
