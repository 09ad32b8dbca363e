"""Tests of fastapi_testing.assertions.http.responses and what it stands on."""

import asyncio
import re
import threading
import unittest
import warnings
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from unittest import mock

import httpx
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response as StarletteResponse
from starlette.routing import Route

from fastapi_testing.assertions import HTTPAssertions, JsonAssertions
from fastapi_testing.assertions.describing.describe import describe_body
from tests.assertions.failures import FailureAssertions, run_failing

HELP = 'give an int such as 200, an http.HTTPStatus, a class such as "2xx", or a collection of those'
JSON = b'{"detail": "Not Found"}'


def answer(status: int = 200, content: bytes | str = b"", target: str = "/items/9", **headers: str) -> httpx.Response:
    """Return a response to GET /items/9."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=fields, content=content, request=httpx.Request("GET", f"http://test{target}"))


class StatusTests(HTTPAssertions, FailureAssertions):
    """assertStatus."""

    def test_expected(self) -> None:
        """A status may be expected as a code, by name, as a class, or as one of several."""
        expectations: list[Any] = [200, HTTPStatus.OK, "2xx", "2XX", {404, 200}, ["4xx", "2xx"], range(200, 300)]
        for expected in expectations:
            with self.subTest(expected=expected):
                self.assertStatus(answer(200), expected)

    def test_other(self) -> None:
        """A failure says what was asked, what was expected and what came."""
        response = answer(404, JSON, Content_Type="application/json")
        with self.assertFails('GET /items/9: expected status 200, got 404 Not Found; body: {"detail": "Not Found"}'):
            self.assertStatus(response, 200)

    def test_choices(self) -> None:
        """A failure names all the statuses that would do."""
        with self.assertFails("GET /items/9: expected status 200, 201 or 3xx, got 404 Not Found; body: empty"):
            self.assertStatus(answer(404), {201, "3XX", HTTPStatus.OK})
        with self.assertFails("GET /items/9: expected status 201 or 200, got 404 Not Found; body: empty"):
            self.assertStatus(answer(404), (201, 200))

    def test_redirect(self) -> None:
        """A failure on a redirect says where it leads."""
        with self.assertFails("GET /items/9: expected status 200, got 302 Found to /login; body: empty"):
            self.assertStatus(answer(302, Location="/login"), 200)

    def test_streamed(self) -> None:
        """A failure on a streamed response does not read it."""

        async def stream() -> AsyncIterator[bytes]:
            yield b"more"  # pragma: no cover - the point is that no one asks for it

        response = httpx.Response(500, content=stream())
        with self.assertFails("HTTP response: expected status 200, got 500 Internal Server Error; body: not read"):
            self.assertStatus(response, 200)

    def test_wrong_type(self) -> None:
        """What stands for no status is a TypeError."""
        wrong: list[Any] = [True, None, 200.0, b"200", [True], [[200]]]
        for expected in wrong:
            with self.subTest(expected=expected), self.assertRaisesRegex(TypeError, "is not understood: " + HELP):
                self.assertStatus(answer(), expected)

    def test_wrong_value(self) -> None:
        """A status that does not exist is a ValueError."""
        wrong: list[tuple[Any, str]] = [
            ("20x", f"expected status '20x' is not understood: {HELP}"),
            (99, f"expected status 99 does not exist, they go from 100 to 599: {HELP}"),
            ([], f"expected status [] allows for no status at all: {HELP}"),
        ]
        for expected, message in wrong:
            with self.subTest(expected=expected), self.assertRaises(ValueError) as caught:
                self.assertStatus(answer(), expected)
            self.assertEqual(str(caught.exception), message)

    def test_msg(self) -> None:
        """The user's message follows the standard one."""
        with self.assertFails("GET /items/9: expected status 200, got 404 Not Found; body: empty : gone?"):
            self.assertStatus(answer(404), 200, "gone?")

    def test_short_message(self) -> None:
        """Without longMessage the user's message replaces the standard one, and the traceback ends in the test."""

        def test(case: HTTPAssertions) -> None:
            case.assertStatus(answer(404), 200, msg="gone?")

        lines = run_failing(HTTPAssertions, test, longMessage=False).splitlines()
        self.assertEqual(lines[-1], "AssertionError: gone?")
        self.assertEqual(sum(line.startswith("  File ") for line in lines), 1)


class NoResponseTests(HTTPAssertions, JsonAssertions):
    """What is given instead of a response."""

    def test_forgotten_await(self) -> None:
        """A request that nobody awaited is taken for what it is, by any assertion that may be given a document too."""

        async def get() -> None: ...

        text = "^expected a response or a document, got coroutine: was an `await` forgotten[?]$"
        for check in (self.assertStatus, self.assertJsonEqual):
            with self.assertRaisesRegex(TypeError, text):
                check(get(), 200)  # type: ignore[arg-type]
        with self.assertRaisesRegex(TypeError, "got Future: was an `await` forgotten[?]$"):
            self.assertStatus(asyncio.Future(loop=mock.Mock()), 200)  # type: ignore[arg-type]

    def test_something_else(self) -> None:
        """Anything else is shown."""
        with self.assertRaisesRegex(TypeError, "^expected a response, got 200$"):
            self.assertStatus(200, 200)  # type: ignore[arg-type]


class HeaderTests(HTTPAssertions, FailureAssertions):
    """assertHeader."""

    def test_present(self) -> None:
        """A header is there, or has the value, or matches the pattern."""
        response = answer(X_Total="31")
        self.assertHeader(response, "x-total")
        self.assertHeader(response, "X-Total", "31")
        self.assertHeader(response, "X-Total", re.compile("^3"))

    def test_repeated(self) -> None:
        """Of a repeated header one value has to match."""
        response = httpx.Response(200, headers=[("Link", "</a>"), ("Link", "</b>")])
        self.assertHeader(response, "Link", "</b>")
        with self.assertFails("HTTP response: expected header Link to be '</c>', got '</a>', '</b>'"):
            self.assertHeader(response, "Link", "</c>")

    def test_missing(self) -> None:
        """A failure on a header that is missing names those there are."""
        with self.assertFails("GET /items/9: expected header ETag, but it is missing; headers: x-a, content-length"):
            self.assertHeader(answer(X_A="1", Content_Length="0"), "ETag")

    def test_no_headers(self) -> None:
        """A failure says so if there are none."""
        response: Any = SimpleNamespace(status_code=200, headers={}, content=b"")
        with self.assertFails("HTTP response: expected header ETag to be 'x', but it is missing; headers: none"):
            self.assertHeader(response, "ETag", "x")

    def test_pattern(self) -> None:
        """A failure shows the pattern and the value."""
        with self.assertFails(r"GET /items/9: expected header X-Total to match '^\\d+$', got 'many'"):
            self.assertHeader(answer(X_Total="many"), "X-Total", re.compile(r"^\d+$"))

    def test_wrong_expected(self) -> None:
        """A value that is no text is refused."""
        expected: Any = 31
        with self.assertRaises(TypeError) as caught:
            self.assertHeader(answer(), "X-Total", expected)
        self.assertEqual(
            str(caught.exception),
            "expected header value 31 is not understood: give a str, or a compiled pattern to search for",
        )


class NoHeaderTests(HTTPAssertions, FailureAssertions):
    """assertNoHeader."""

    def test_absent(self) -> None:
        """A header is not there, or has no such value."""
        response = answer(X_Total="31")
        self.assertNoHeader(response, "Server")
        self.assertNoHeader(response, "X-Total", "3")
        self.assertNoHeader(response, "X-Total", re.compile("^1"))

    def test_present(self) -> None:
        """A failure shows every value of the header."""
        response = httpx.Response(200, headers=[("Link", "</a>"), ("Link", "</b>")])
        with self.assertFails("HTTP response: expected no header link, got '</a>', '</b>' : stale"):
            self.assertNoHeader(response, "link", msg="stale")

    def test_value(self) -> None:
        """Of a repeated header, no value may match."""
        response = httpx.Response(200, headers=[("Link", "</a>"), ("Link", "</b>")])
        with self.assertFails("HTTP response: expected no header Link to be '</b>', got '</a>', '</b>'"):
            self.assertNoHeader(response, "Link", "</b>")
        with self.assertFails("HTTP response: expected no header Link to match 'b', got '</a>', '</b>'"):
            self.assertNoHeader(response, "Link", re.compile("b"))

    def test_wrong_unexpected(self) -> None:
        """A value that is no text is refused."""
        unexpected: Any = 31
        with self.assertRaisesRegex(TypeError, "^unexpected header value 31 is not understood: give a str, or a"):
            self.assertNoHeader(answer(), "X-Total", unexpected)


class ContentTypeTests(HTTPAssertions, FailureAssertions):
    """assertContentType."""

    def test_type(self) -> None:
        """A media type may be expected with its parameters or without, as a range, or by a pattern."""
        response = answer(Content_Type='Text/HTML; charset="UTF-8"; level=1')
        for expected in ("text/html", "TEXT/html;charset=utf-8", "text/*", "*/*; level=1", re.compile("^Text/")):
            with self.subTest(expected=expected):
                self.assertContentType(response, expected)

    def test_other(self) -> None:
        """A failure shows the header and the body."""
        response = answer(content="<p>", Content_Type="text/html; charset=utf-8")
        with self.assertFails(
            "GET /items/9: expected Content-Type application/json, got text/html; charset=utf-8; body: <p>"
        ):
            self.assertContentType(response, "application/json")
        with self.assertFails(
            "GET /items/9: expected Content-Type to match 'json$', got text/html; charset=utf-8; body: <p> : page?"
        ):
            self.assertContentType(response, re.compile("json$"), "page?")

    def test_parameter(self) -> None:
        """A parameter that is expected has to be there."""
        with self.assertFails(
            "GET /items/9: expected Content-Type text/html; charset=utf-8, got text/html; body: empty"
        ):
            self.assertContentType(answer(Content_Type="text/html"), "text/html; charset=utf-8")

    def test_missing(self) -> None:
        """A response without the header fails."""
        with self.assertFails("GET /items/9: expected Content-Type */*, but it is missing; body: empty"):
            self.assertContentType(answer(204), "*/*")

    def test_wrong_expected(self) -> None:
        """A media type that is no text is refused."""
        expected: Any = None
        with self.assertRaisesRegex(TypeError, "^expected media type None is not understood: give a str, or a"):
            self.assertContentType(answer(), expected)


class ContainsTests(HTTPAssertions, FailureAssertions):
    """assertContains."""

    def test_contains(self) -> None:
        """A text is found in the decoded body, bytes in the body as it came."""
        response = answer(content="café".encode("latin-1"), Content_Type="text/plain; charset=latin-1")
        self.assertContains(response, "é")
        self.assertContains(response, b"\xe9")

    def test_count(self) -> None:
        """A text is there as many times as it should be."""
        self.assertContains(answer(content="abab"), "ab", 2)
        self.assertContains(answer(content="abab"), "c", count=0)

    def test_missing(self) -> None:
        """A failure shows the status and the body."""
        with self.assertFails("GET /items/9: expected 'Widget' in the body, got 200 OK; body: Gadget"):
            self.assertContains(answer(content="Gadget"), "Widget")

    def test_wrong_count(self) -> None:
        """A failure says how many times the text is there."""
        with self.assertFails("GET /items/9: expected b'a' in the body 1 time, found it 2 times; body: aa"):
            self.assertContains(answer(content="aa"), b"a", count=1)

    def test_wrong_arguments(self) -> None:
        """A text that every body contains, no text at all, and a count below zero are refused."""
        wrong: list[tuple[Any, Any, type[Exception], str]] = [
            ("", None, ValueError, "every body contains '': give a text, or look at response.content"),
            (5, None, TypeError, "text 5 is not understood: give a str, or bytes"),
            ("a", -1, ValueError, "count must not be negative, got -1"),
        ]
        for text, count, exception, message in wrong:
            with self.subTest(text=text), self.assertRaises(exception) as caught:
                self.assertContains(answer(), text, count)
            self.assertEqual(str(caught.exception), message)


class NotContainsTests(HTTPAssertions, FailureAssertions):
    """assertNotContains."""

    def test_absent(self) -> None:
        """A text is not in the body."""
        self.assertNotContains(answer(content="Gadget"), "Widget")

    def test_present(self) -> None:
        """A failure says how many times the text is there."""
        with self.assertFails("GET /items/9: expected no 'a' in the body, found it 2 times; body: aa : bare"):
            self.assertNotContains(answer(content="aa"), "a", "bare")

    def test_wrong_arguments(self) -> None:
        """A text that every body contains, and what is no text, are refused."""
        with self.assertRaisesRegex(ValueError, "^every body contains b'': give a text"):
            self.assertNotContains(answer(), b"")


class RedirectTests(HTTPAssertions, FailureAssertions):
    """assertRedirects."""

    def setUp(self) -> None:
        """Make a chain of redirects."""
        first = answer(302, target="/a", Location="b")
        second = answer(307, target="/b", Location="/c")
        self.followed = answer(200, "hello", target="/c")
        self.followed.history = [first, second]

    def test_location(self) -> None:
        """A location is the same whichever way it is put."""
        for sent in ("/items/10?a=1", "10?a=1", "http://TEST:80/items/10?a=1"):
            for expected in ("/items/10?a=1", "10?a=1", "http://test/items/10?a=1"):
                with self.subTest(sent=sent, expected=expected):
                    self.assertRedirects(answer(302, Location=sent), expected)

    def test_percent_encoding(self) -> None:
        """What has to be percent-encoded in a location may be expected as it reads, and the case of escapes is one."""
        table = [
            ("/a%20b?x=%C3%A9#%C3%A9", "/a b?x=é#é"),
            ("/a%20b?x=%c3%a9", "/a b?x=%C3%A9"),
            ("/100%25", "/100%"),
            ("/a(b)?to=/c&d=e+f", "/a(b)?to=/c&d=e+f"),
        ]
        for sent, expected in table:
            with self.subTest(sent=sent):
                self.assertRedirects(answer(302, Location=sent), expected)
        with self.assertFails("GET /items/9: expected a redirect to /a/b, got 302 Found to /a%2Fb; body: empty"):
            self.assertRedirects(answer(302, Location="/a%2Fb"), "/a/b")

    def test_no_url(self) -> None:
        """A location that is no URL is another one than what is expected."""
        for sent in ("http://x:abc/", "http://[x/"):
            with self.assertFails(f"GET /items/9: expected a redirect to /b, got 302 Found to {sent}; body: empty"):
                self.assertRedirects(answer(302, Location=sent), "/b")
            self.assertRedirects(answer(302, Location=sent), re.compile("^http://.?x"))

    def test_pattern(self) -> None:
        """A pattern is searched for in the location as it was sent, and in the whole URL."""
        self.assertRedirects(answer(302, Location="/items/10"), re.compile(r"^/items/\d+$"))
        self.assertRedirects(answer(302, Location="10"), re.compile(r"^http://test/items/\d+$"))

    def test_status(self) -> None:
        """The status may be expected too."""
        self.assertRedirects(answer(303, Location="/b"), "/b", 303)
        with self.assertFails(
            "GET /items/9: expected a redirect to /b with status 303, got 302 Found to /b; body: empty"
        ):
            self.assertRedirects(answer(302, Location="/b"), "/b", status=303)

    def test_elsewhere(self) -> None:
        """A failure says where the redirect leads."""
        with self.assertFails("GET /items/9: expected a redirect to /b, got 302 Found to /c; body: empty"):
            self.assertRedirects(answer(302, Location="/c"), "/b")
        with self.assertFails("GET /items/9: expected a redirect to match '^/b', got 302 Found to /c; body: empty"):
            self.assertRedirects(answer(302, Location="/c"), re.compile("^/b"))

    def test_no_redirect(self) -> None:
        """A response that leads nowhere is no redirect."""
        with self.assertFails("GET /items/9: expected a redirect to /b, got 200 OK; body: hi"):
            self.assertRedirects(answer(200, "hi"), "/b")
        with self.assertFails("GET /items/9: expected a redirect to /b, got 304 Not Modified; body: empty"):
            self.assertRedirects(answer(304), "/b")

    def test_followed(self) -> None:
        """Where redirects were followed, the location is where they ended, and the status that of the first."""
        self.assertRedirects(self.followed, "/c", 302)
        self.assertRedirects(self.followed.history[0], "/b")

    def test_followed_elsewhere(self) -> None:
        """A failure shows the chain of redirects."""
        with self.assertFails(
            "GET /c: expected a redirect to /d, got:\n"
            "  GET /a: 302 Found to b\n"
            "  GET /b: 307 Temporary Redirect to /c\n"
            "  GET /c: 200 OK; body: hello"
        ):
            self.assertRedirects(self.followed, "/d")

    def test_wrong_location(self) -> None:
        """A location that is no text is refused."""
        location: Any = httpx.URL("/b")
        with self.assertRaisesRegex(TypeError, r"expected location URL\('/b'\) is not understood: give a str"):
            self.assertRedirects(answer(302), location)


class Handler(BaseHTTPRequestHandler):
    """Answers every request in the same way."""

    def do_GET(self) -> None:
        """Send a 404 with a JSON body and two cookies."""
        self.send_response(404)
        for name, value in [("Content-Type", "application/json"), ("Content-Length", str(len(JSON)))]:
            self.send_header(name, value)
        for cookie in ("a=1; expires=Thu, 01 Jan 2099 00:00:00 GMT", "b=2"):
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(JSON)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


async def not_found(request: Request) -> StarletteResponse:
    """Answer as the handler does."""
    response = StarletteResponse(JSON, 404, media_type="application/json")
    response.headers.append("Set-Cookie", "a=1; expires=Thu, 01 Jan 2099 00:00:00 GMT")
    response.headers.append("Set-Cookie", "b=2")
    return response


class LibraryTests(HTTPAssertions, JsonAssertions, FailureAssertions):
    """The same assertions on the responses of each library."""

    url: str

    @classmethod
    def setUpClass(cls) -> None:
        """Serve the handler."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        cls.url = f"http://127.0.0.1:{server.server_port}/items/9?q=1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.001})
        thread.start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(server.shutdown)

    def get_with_requests(self, *, stream: bool = False) -> requests.Response:
        """Get the response with requests."""
        session = self.enterContext(requests.Session())
        session.trust_env = False
        response = session.get(self.url, stream=stream, timeout=5)
        self.addCleanup(response.close)
        return response

    def get_with_httpx(self) -> httpx.Response:
        """Get the response with httpx."""
        return self.enterContext(httpx.Client(trust_env=False)).get(self.url)

    def get_with_test_client(self) -> Any:
        """Get the response with Starlette's TestClient."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it would rather have httpx2, and says so
            from starlette.testclient import TestClient  # noqa: PLC0415 - the import is what warns
        app = Starlette(routes=[Route("/items/9", not_found)])
        return self.enterContext(TestClient(app)).get("/items/9?q=1")

    def make_bare(self) -> Any:
        """Make a response of three attributes."""
        headers = {"content-type": "application/json", "set-cookie": "b=2"}
        return SimpleNamespace(status_code=404, headers=headers, content=JSON)

    def test_libraries(self) -> None:
        """Each assertion passes, and fails with the same message, whatever library the response is of."""
        table: list[tuple[Callable[[], Any], str]] = [
            (self.get_with_requests, "GET /items/9?q=1"),
            (self.get_with_httpx, "GET /items/9?q=1"),
            (self.get_with_test_client, "GET /items/9?q=1"),
            (self.make_bare, "HTTP response"),
        ]
        for get, asked in table:
            with self.subTest(get=get.__name__):
                self.check(get(), asked)

    def check(self, response: Any, asked: str) -> None:
        """Make each assertion on a response."""
        self.assertStatus(response, 404)
        self.assertHeader(response, "Content-Type", "application/json")
        self.assertHeader(response, "Set-Cookie", "b=2")
        self.assertNoHeader(response, "ETag")
        self.assertCookie(response, "b", "2")
        self.assertNoCookie(response, "c")
        self.assertContentType(response, "application/json")
        self.assertHTTPError(response, 404, "Not Found")
        self.assertNotContains(response, "Widget")
        self.assertJsonNotEqual(response, {})
        self.assertContains(response, "Not Found", count=1)
        self.assertJsonEqual(response, {"detail": "Not Found"})
        got = 'got 404 Not Found; body: {"detail": "Not Found"}'
        with self.assertFails(f"{asked}: expected status 2xx, {got}"):
            self.assertStatus(response, "2xx")
        with self.assertFails(f"{asked}: expected a redirect to /, {got}"):
            self.assertRedirects(response, "/")

    def test_requests_stream(self) -> None:
        """A streamed response of requests is not read to be described."""
        self.assertEqual(describe_body(self.get_with_requests(stream=True)), "body: not read")

    def test_alone(self) -> None:
        """The mixin is a test case of its own."""
        self.assertIsInstance(HTTPAssertions(), unittest.TestCase)
