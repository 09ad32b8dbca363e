"""A suite whose clients are of httpx2."""

from typing import ClassVar
from unittest import mock

import httpx2
import respx
from fastapi_testing import AsyncServerTestCase, Client, ServerTestCase, create_test_server
from respx.mocks import HTTPCoreMocker

import exchange_office


class OfficeTests(AsyncServerTestCase):
    """Requests, responses and exceptions are those of httpx2."""

    app = exchange_office.app
    http_library = "httpx2"
    timeout = httpx2.Timeout(5, connect=1)

    async def test_till(self) -> None:
        """Who works here sees what is in the till."""
        clerk = self.new_client(auth=httpx2.BasicAuth("ann", "secret"))
        response = await clerk.get("/till")
        self.assertIsInstance(response, httpx2.Response)
        self.assertJsonEqual(response, {"euros": 500})

    async def test_stranger(self) -> None:
        """Nobody else does, nor sees the board."""
        response = await self.client.get("/till")
        with self.assertRaises(httpx2.HTTPStatusError):
            response.raise_for_status()
        await self.assertWebSocketRejected("/board", 401)


class SyncOfficeTests(ServerTestCase):
    """So are they in tests that are no coroutines."""

    app = exchange_office.app
    http_library = "httpx2"

    def test_stranger(self) -> None:
        """Nobody else sees what is in the till."""
        self.assertHTTPError(self.client.get("/till"), 401, "who are you?")


class AloneTests(AsyncServerTestCase):
    """The word is known elsewhere, too."""

    app = exchange_office.app

    async def test_client(self) -> None:
        """A client takes it, in a class of httpx as well."""
        newer = self.new_client(http_library="httpx2")
        self.assertIsInstance(newer, httpx2.AsyncClient)
        async with Client(self.server.url, http_library="httpx2") as newest:
            self.assertIsInstance(await newest.get("/till"), httpx2.Response)

    async def test_server(self) -> None:
        """So does a server without a test class."""
        async with create_test_server(exchange_office.app, http_library="httpx2") as server:
            response = await server.client.get("/till")
            self.assertIsInstance(response.headers, httpx2.Headers)


class MockTransportTests(AsyncServerTestCase):
    """The client of the app is answered by httpx2's own mock; that of the test is not."""

    app = exchange_office.app
    http_library = "httpx2"

    async def asyncSetUp(self) -> None:
        """Answer what goes out through the transports of httpx2."""
        self.rates: dict[str, float] = {}
        answering = httpx2.MockTransport(self.answer).handle_async_request
        self.enterContext(mock.patch.object(httpx2.AsyncHTTPTransport, "handle_async_request", answering))

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as the rates API does."""
        rate = self.rates.get(request.url.path)
        return httpx2.Response(404) if rate is None else httpx2.Response(200, json=rate)

    async def test_dollars(self) -> None:
        """The office asks for the rate, and copes where there is none."""
        response = await self.client.get("/dollars", params={"euros": 4})
        self.assertHTTPError(response, 502, "the rates API is out of order")
        self.rates["/eur/usd"] = 1.25
        self.assertJsonEqual(await self.client.get("/dollars", params={"euros": 4}), 5.0)


class HTTPCore2Mocker(HTTPCoreMocker):
    """Teaches respx where httpx2 sends its requests."""

    name = "httpcore2"
    targets: ClassVar[list[str]] = [
        "httpcore2._sync.connection.HTTPConnection",
        "httpcore2._sync.connection_pool.ConnectionPool",
        "httpcore2._async.connection.AsyncHTTPConnection",
        "httpcore2._async.connection_pool.AsyncConnectionPool",
    ]


class RespxTests(AsyncServerTestCase):
    """The same by respx."""

    app = exchange_office.app
    http_library = "httpx2"

    async def asyncSetUp(self) -> None:
        """Mock the API at its address."""
        self.rates = self.enterContext(respx.mock(base_url="https://rates.example", using="httpcore2"))

    async def test_dollars(self) -> None:
        """The office asks for the rate."""
        self.rates.get("/eur/usd").respond(json=1.25)
        self.assertJsonEqual(await self.client.get("/dollars", params={"euros": 4}), 5.0)

    async def test_time_out(self) -> None:
        """An exception of httpx2 is raised as it is made; respx makes those of httpx only."""
        self.rates.get("/eur/usd").mock(side_effect=httpx2.ReadTimeout("too late"))
        response = await self.client.get("/dollars", params={"euros": 4})
        self.assertHTTPError(response, 502, "the rates API is out of order")
