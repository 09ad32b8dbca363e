"""Secure cookies that a client has, and does not send over http: the failure of the refusal after that says so."""

import re
import unittest
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import RedirectResponse

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.running import run_classes, without_exchanges

HINT = (
    "the client has the cookie 'sid' and did not send it: a Secure cookie is not sent over http; say base_url = "
    "'https://...' or tls = True in the class, or have the app make it without Secure in tests"
)

app = FastAPI()


@app.get("/login")
async def login(response: Response) -> None:
    """Set a cookie for TLS, and one for all."""
    response.set_cookie("sid", "1", secure=True)
    response.set_cookie("theme", "dark")


@app.get("/both")
async def login_twice(response: Response) -> None:
    """Set two of them."""
    response.set_cookie("sid", "1", secure=True)
    response.set_cookie("token", "2", secure=True)


@app.get("/enter")
async def enter() -> Response:
    """Log in, and lead to what needs it."""
    response = RedirectResponse("/user", 303)
    response.set_cookie("sid", "1", secure=True)
    return response


@app.get("/user")
async def read_user(request: Request) -> str:
    """Refuse those who are not known."""
    if "sid" not in request.cookies:
        raise HTTPException(401)
    return "ada"


@app.get("/admin")
async def refuse(response: Response) -> None:
    """Refuse all, with a cookie."""
    response.status_code = 403
    response.set_cookie("late", "1", secure=True)


@app.get("/missing")
async def miss() -> None:
    """Answer that there is nothing."""
    raise HTTPException(404)


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Refuse those who are not known."""
    await websocket.close()


def told(test: Any, base: type[unittest.TestCase] = AsyncServerTestCase, **body: Any) -> list[str]:
    """Run a class with a test that fails, and return the lines of its message."""
    result = run_classes(type("Case", (base,), {"app": app, "test": test, **body}))
    ((_, text),) = result.failures + result.errors
    return re.split("AssertionError: |InvalidStatus: ", without_exchanges(text))[1].splitlines()


class WithheldTests(unittest.TestCase):
    """What is said, and where."""

    def test_assertion(self) -> None:
        """An assertion on the refusal says it, of clients that are awaited and of those that wait."""

        async def test(case: Any) -> None:
            await case.client.get("/login")
            case.assertStatus(await case.client.get("/user"), 200)

        def sync_test(case: Any) -> None:
            case.client.get("/login")
            case.assertStatus(case.client.get("/user"), 200)

        expected = ['GET /user: expected status 200, got 401 Unauthorized; body: {"detail":"Unauthorized"}', HINT]
        for lines in (told(test), told(sync_test, ServerTestCase)):
            self.assertEqual(lines[:2], expected)
            self.assertEqual(lines.count(HINT), 1)

    def test_any_failure(self) -> None:
        """So does any other failure after it, once, however often it was refused; with all of them."""

        async def test(case: Any) -> None:
            await case.client.get("/both")
            await case.client.get("/user")
            case.assertEqual((await case.client.get("/user")).status_code, 200)

        both = HINT.replace("the cookie 'sid'", "the cookies 'sid', 'token'").replace("send it", "send them")
        self.assertEqual(told(test), ["401 != 200", both])

    def test_redirect(self) -> None:
        """It is told of the request that a redirect has led to."""

        def test(case: Any) -> None:
            case.assertEqual(case.client.get("/enter", follow_redirects=True).status_code, 200)

        self.assertEqual(told(test, ServerTestCase), ["401 != 200", HINT])

    def test_websocket(self) -> None:
        """It is told of a handshake that is rejected."""

        async def test(case: Any) -> None:
            await case.client.get("/login")
            await case.ws.connect("/chat")

        def sync_test(case: Any) -> None:
            case.client.get("/login")
            case.ws.connect("/chat")

        for lines in (told(test), told(sync_test, ServerTestCase)):
            self.assertEqual(lines.count(HINT), 1, lines)

    def test_given_client(self) -> None:
        """It is told of a client of httpx that the test has given itself, too."""

        async def test(case: Any) -> None:
            case.client = httpx.AsyncClient(base_url=case.server.url)
            await case.client.get("/login")
            case.assertEqual((await case.client.get("/user")).status_code, 200)

        def sync_test(case: Any) -> None:
            case.client = httpx.Client(base_url=case.server.url)
            case.client.get("/login")
            case.assertEqual(case.client.get("/user").status_code, 200)

        self.assertEqual(told(sync_test, ServerTestCase), ["401 != 200", HINT])
        self.assertEqual(told(test), ["401 != 200", HINT])  # the last one: coverage 7.17 loses its place in it

    def test_class_client(self) -> None:
        """And of the cookies that the client of the class has got."""

        def set_up(cls: Any) -> None:
            super(cls, cls).setUpClass()
            cls.client.get("/login")

        def test(case: Any) -> None:
            case.assertEqual(case.client.get("/user").status_code, 200)

        self.assertEqual(told(test, ServerTestCase, setUpClass=classmethod(set_up)), ["401 != 200", HINT])


class NothingTests(unittest.TestCase):
    """Where nothing is said."""

    def test_other_reasons(self) -> None:
        """Another client has them, or the status is another, or the refusal itself sets it, or TLS has sent them."""

        async def other_client(case: Any) -> None:
            await case.client.get("/login")
            case.assertEqual((await case.new_client(cookies={"theme": "dark"}).get("/user")).status_code, 200)

        async def other_status(case: Any) -> None:
            await case.client.get("/login")
            case.assertEqual((await case.client.get("/missing")).status_code, 200)

        async def set_by_refusal(case: Any) -> None:
            case.client.cookies.set("theme", "dark")
            case.assertEqual((await case.client.get("/admin")).status_code, 200)

        async def sent(case: Any) -> None:
            await case.client.get("/login")
            case.assertStatus(await case.client.get("/user"), 200)
            case.assertEqual((await case.client.get("/admin")).status_code, 200)

        self.assertEqual(told(other_client), ["401 != 200"])
        self.assertEqual(told(other_status), ["404 != 200"])
        self.assertEqual(told(set_by_refusal), ["403 != 200"])
        self.assertEqual(told(sent, tls=True), ["403 != 200"])
