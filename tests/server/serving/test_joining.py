"""Responses that the server sends in one piece, and those that it cannot."""

import asyncio
from collections.abc import AsyncIterator
from unittest import mock

from fastapi import FastAPI, Response, WebSocket
from starlette.responses import StreamingResponse

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.server.application import Receive, Scope, Send
from tests.server.apps import raw_request


def make_app() -> FastAPI:
    """Return an app that answers at once, and one piece after the other."""
    made = FastAPI()
    made.state.may_end = asyncio.Event()

    @made.api_route("/whole", methods=["GET", "HEAD"])
    async def whole() -> Response:
        return Response(b"all of it")

    @made.get("/pieces")
    async def pieces() -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            await made.state.may_end.wait()
            yield b"HTTP/1.1 is what this says"
            yield b", and more"

        return StreamingResponse(body(), headers={"content-length": "36"})

    @made.websocket("/echo")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())

    made.mount("/broken", broken)
    return made


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    """Begin a response, and fail."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
    raise LookupError("no body")


class JoiningTests(AsyncServerTestCase):
    """The head of a response, and what it waits for."""

    @classmethod
    async def create_app(cls) -> FastAPI:
        """Make the app of the class."""
        return make_app()

    async def test_writes_once(self) -> None:
        """A response that the app sends at once is written at once, head and body."""
        await self.client.get("/whole")
        (connection,) = self.server.server_state.connections
        transport = connection.transport
        with mock.patch.object(transport, "write", wraps=transport.write) as write:
            response = await self.client.get("/whole")
        self.assertEqual(response.content, b"all of it")
        ((data,),) = (call.args for call in write.call_args_list)
        self.assertTrue(data.startswith(b"HTTP/1.1 200 OK\r\n"), data)
        self.assertTrue(data.endswith(b"\r\n\r\nall of it"), data)

    async def test_has_all_of_a_transport(self) -> None:
        """A response may ask its transport for whatever transports have."""
        await self.client.get("/whole")
        (connection,) = self.server.server_state.connections
        self.assertEqual(connection.cycle.transport.get_extra_info("sockname")[1], self.server.port)

    async def test_does_not_wait_for_an_app_that_waits(self) -> None:
        """The head is sent while the app waits with the body, and the body follows in its order, whatever it says."""
        async with self.client.stream("GET", "/pieces") as response:
            self.assertEqual(response.status_code, 200)
            self.server.app.state.may_end.set()  # type: ignore[attr-defined]  # of FastAPI
            self.assertEqual(await response.aread(), b"HTTP/1.1 is what this says, and more")

    async def test_head(self) -> None:
        """A response to HEAD, which has no body, is sent as well."""
        response = await self.client.head("/whole")
        self.assertEqual(response.headers["content-length"], "9")

    async def test_closes_behind_the_head(self) -> None:
        """A head whose body never comes is sent before the connection is closed."""
        with self.assertServerRaises(LookupError):
            answer = await raw_request(self.server.host, self.server.port, "/broken/")
            await self.server.settle()
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n"), answer)

    async def test_websocket(self) -> None:
        """A WebSocket is served as before: nothing of it waits."""
        async with self.ws.connect("/echo") as session:
            await session.send_text("hello")
            self.assertEqual(await session.receive_text(), "hello")
