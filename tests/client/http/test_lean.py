"""Requests that are handed on at once: what httpx would have done is done, and what it has to do it still does."""

import asyncio
import logging
import unittest
from typing import Any
from unittest import mock

import httpx
import httpx2
from fastapi import BackgroundTasks, FastAPI, Response
from fastapi.responses import RedirectResponse

from fastapi_testing import AsyncClassTestCase, Client, Server, ServerThread, SyncClient
from fastapi_testing.client.http import remembering

SENDS = ("send", "_send_single_request")
"""What others replace to see, or to answer, what a client of httpx sends."""


class Clock:
    """What the package asks for the time; it stands but for what the app takes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = asyncio.Event()

    def perf_counter(self) -> float:
        """Return the time, in seconds."""
        self.asked.set()
        return self.now


def make_app(clock: Clock) -> FastAPI:
    """Return an app that takes its time: seconds before its answer, or hours behind it."""
    app = FastAPI()

    @app.get("/background")
    async def background(tasks: BackgroundTasks) -> None:
        async def work() -> None:
            await clock.asked.wait()  # as the client does once it has the response
            clock.now += 3600

        clock.now += 1
        clock.asked.clear()
        tasks.add_task(work)

    @app.get("/undecodable")
    async def undecodable() -> Response:
        return Response(b"not gzip", headers={"Content-Encoding": "gzip"})

    @app.get("/redirect")
    async def redirect() -> RedirectResponse:
        clock.now += 2
        return RedirectResponse("/elsewhere")

    return app


class LeanClientTests(AsyncClassTestCase):
    """Of the client that is awaited."""

    async def asyncSetUp(self) -> None:
        """Serve the app, and make a client that has sent a request already."""
        await super().asyncSetUp()
        clock = Clock()
        self.enterContext(mock.patch.object(remembering, "time", clock))
        server = await self.enterAsyncContext(Server(make_app(clock)))
        self.client: Any = Client(server.url)
        self.addAsyncCleanup(self.client.aclose)
        await self.client.get("/")

    async def test_elapsed(self) -> None:
        """The time that a response has taken ends with the response, and not with what the app does behind it."""
        response = await self.client.get("/background")
        self.assertEqual(response.elapsed.total_seconds(), 1)

    async def test_redirect(self) -> None:
        """A response that leads elsewhere has taken its time, too, followed or not."""
        left = await self.client.get("/redirect")
        self.assertIsNotNone(left.next_request)
        followed = await self.client.get("/redirect", follow_redirects=True)
        self.assertEqual([each.elapsed.seconds for each in (left, *followed.history)], [2, 2])
        self.assertEqual(followed.url.path, "/elsewhere")

    async def test_error(self) -> None:
        """An error knows the request that it is of."""
        for path in ("/", "/background"):
            with mock.patch.object(Client, "_is_plain", return_value=path != "/"):
                request = self.client.build_request("GET", path, headers={"X": "a\x00"})
                with self.subTest(path), self.assertRaises(httpx.LocalProtocolError) as caught:
                    await self.client.send(request)
                self.assertIs(caught.exception.request, request)

    async def test_replaced(self) -> None:
        """What others put in the place of httpx's sending is asked, each time."""
        for name in SENDS:
            answer = httpx.Response(299, request=httpx.Request("GET", "http://elsewhere"), content=b"")
            with mock.patch.object(httpx.AsyncClient, name, mock.AsyncMock(return_value=answer)), self.subTest(name):
                self.assertEqual([(await self.client.get("/")).status_code for _ in range(2)], [299, 299])
        with mock.patch.object(self.client, "_send_single_request", mock.AsyncMock(return_value=answer)):
            self.assertEqual((await self.client.get("/")).status_code, 299)

    async def test_replaced_before(self) -> None:
        """So is what was there before this package was imported, as Sentry's where the app's module comes first."""
        for library in (httpx, httpx2):
            self.assertIsNone(remembering.its_own(library, lambda: None))
            self.assertIsNone(remembering.its_own(library, mock.AsyncMock()))
            self.assertIsNotNone(remembering.its_own(library, library.AsyncClient.send))

    async def test_wrapped_transport(self) -> None:
        """Who wraps the transport sees each request once, as OpenTelemetry does."""
        handle: Any = self.client._transport.handle_async_request
        seen = []

        async def wrapped(request: httpx.Request) -> httpx.Response:
            seen.append(request.url.path)
            response: httpx.Response = await handle(request)
            return response

        with mock.patch.object(self.client._transport, "handle_async_request", wrapped):
            await self.client.get("/redirect")
            await self.client.get("/elsewhere")
        self.assertEqual(seen, ["/redirect", "/elsewhere"])

    async def test_mounts(self) -> None:
        """What is mounted for some URLs answers each time."""
        mounts = {"all://": httpx.MockTransport(lambda _: httpx.Response(297))}
        options: Any = {"mounts": mounts}
        async with Client(str(self.client.base_url), **options) as client:
            self.assertEqual([(await client.get("/")).status_code for _ in range(2)], [297, 297])

    async def test_undecodable(self) -> None:
        """A response that cannot be read gives its connection back, and its error knows the request."""
        async with Client(str(self.client.base_url), limits=httpx.Limits(max_connections=1), timeout=1) as client:
            await client.get("/")
            for _ in range(2):
                with self.assertRaises(httpx.DecodingError) as caught:
                    await client.get("/undecodable")
                self.assertEqual(caught.exception.request.url.path, "/undecodable")

    async def test_closed_meanwhile(self) -> None:
        """Where the client is closed while an answer that leads elsewhere is on its way, nothing is left open."""
        handle = self.client._way._transport.handle_async_request

        async def closing(request: httpx.Request) -> httpx.Response:
            response: httpx.Response = await handle(request)
            self.client._state = httpx._client.ClientState.CLOSED
            kept.append(response)
            return response

        kept: list[httpx.Response] = []
        with (
            mock.patch.object(self.client._way._transport, "handle_async_request", closing),
            self.assertRaisesRegex(RuntimeError, "the client has been closed"),
        ):
            await self.client.get("/redirect")
        self.assertTrue(kept[0].is_closed)

    async def test_replaced_transport(self) -> None:
        """So is a transport that stands in the place of the client's own, as old suites put one there."""
        self.client._transport = httpx.MockTransport(lambda _: httpx.Response(298))
        self.assertEqual([(await self.client.get("/")).status_code for _ in range(2)], [298, 298])

    async def test_state(self) -> None:
        """A client that has been used cannot be entered, and one that is closed sends nothing, as with httpx."""
        with self.assertRaisesRegex(RuntimeError, "Cannot open a client instance more than once"):
            await self.client.__aenter__()
        await self.client.aclose()
        with self.assertRaisesRegex(RuntimeError, "the client has been closed"):
            await self.client.get("/")

    async def test_log(self) -> None:
        """The line that httpx logs is there."""
        with self.assertLogs("httpx", logging.INFO) as logs:
            await self.client.get("/elsewhere")
        line = f'INFO:httpx:HTTP Request: GET {self.client.base_url}/elsewhere "HTTP/1.1 404 Not Found"'
        self.assertEqual(logs.output, [line])

    async def test_log_of_others(self) -> None:
        """Nothing is logged where nobody wants to know."""
        with (
            self.assertNoLogs("httpx", logging.INFO),
            mock.patch.object(logging.getLogger("httpx"), "disabled", new=True),
        ):
            await self.client.get("/")

    async def test_own_authentication(self) -> None:
        """What a URL says of who asks is sent."""
        url = self.client.base_url.copy_with(username="ann", password="secret", raw_path=b"/")
        response = await self.client.get(str(url))
        self.assertEqual(response.request.headers["Authorization"], "Basic YW5uOnNlY3JldA==")


class LeanSyncClientTests(unittest.TestCase):
    """Of the client that waits."""

    def setUp(self) -> None:
        """Serve the app, and make a client that has sent a request already."""
        clock = Clock()
        self.enterContext(mock.patch.object(remembering, "time", clock))
        server = self.enterContext(ServerThread(make_app(clock)))
        self.client = SyncClient(server.url, thread=server)
        self.addCleanup(self.client.close)
        self.client.get("/")

    def test_redirect(self) -> None:
        """A response that leads elsewhere has taken its time, followed or not."""
        left = self.client.get("/redirect")
        self.assertIsNotNone(left.next_request)
        followed = self.client.get("/redirect", follow_redirects=True)
        self.assertEqual([each.elapsed.seconds for each in (left, *followed.history)], [2, 2])

    def test_error(self) -> None:
        """An error knows the request that it is of."""
        request = self.client.build_request("GET", "/", headers={"X": "a\x00"})
        with self.assertRaises(httpx.LocalProtocolError) as caught:
            self.client.send(request)
        self.assertIs(caught.exception.request, request)

    def test_replaced(self) -> None:
        """What others put in the place of httpx's sending is asked, each time."""
        for name in SENDS:
            answer: Any = httpx.Response(299, request=httpx.Request("GET", "http://elsewhere"), content=b"")
            with mock.patch.object(httpx.Client, name, return_value=answer), self.subTest(name):
                self.assertEqual([self.client.get("/").status_code for _ in range(2)], [299, 299])
