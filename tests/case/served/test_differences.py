"""What is otherwise than with Starlette's TestClient, as docs/migrating/testclient.rst says it."""

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar

import httpx
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from fastapi_testing import AsyncServerTestCase, ServerTestCase

tenant: ContextVar[str] = ContextVar("tenant", default="nobody")


def make_app() -> FastAPI:
    """Return an app that shows the differences."""
    made = FastAPI()

    @made.get("/tenant")
    async def show_tenant() -> str:
        return tenant.get()

    @made.get("/broken")
    async def broken() -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            yield "first"
            await asyncio.sleep(0)
            raise LookupError("no more")

        return StreamingResponse(pieces())

    @made.api_route("/method", methods=["FROB"])
    async def method() -> str:
        return "frobbed"

    return made


class AsyncTests(AsyncServerTestCase):
    """In a class of coroutines."""

    app = make_app()

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Say who it is before the server starts, and otherwise afterwards."""
        tenant.set("before the start")
        await super().asyncSetUpClass()
        tenant.set("after it")

    async def test_context_variables(self) -> None:
        """The app sees the context variables of who has started the server, and none of a test's."""
        tenant.set("the test")
        self.assertJsonEqual(await self.client.get("/tenant"), "before the start")

    async def test_stream_that_breaks_off(self) -> None:
        """The request raises what a client gets of it, with the app's exception in a note."""
        with self.assertServerRaises(LookupError), self.assertRaises(httpx.RemoteProtocolError) as caught:
            await self.client.get("/broken")
        (note,) = caught.exception.__notes__
        self.assertRegex(note, r"(?s)^the app raised, for GET /broken, .*LookupError: no more$")

    async def test_unknown_method(self) -> None:
        """A method that httptools does not know is answered 400 by the server."""
        with self.assertLogs("uvicorn.error", "WARNING"):
            self.assertStatus(await self.client.request("FROB", "/method"), 400)


class H11Tests(AsyncServerTestCase):
    """With the other implementation of HTTP."""

    app = make_app()
    server_options = {"http": "h11"}  # noqa: RUF012 - as users write it

    async def test_unknown_method(self) -> None:
        """It takes any method."""
        self.assertJsonEqual(await self.client.request("FROB", "/method"), "frobbed")


class SyncTests(ServerTestCase):
    """In a class of sync tests, whose server is on a thread of its own."""

    app = make_app()

    def test_context_variables(self) -> None:
        """The app sees no context variable of a test."""
        tenant.set("the test")
        self.assertJsonEqual(self.client.get("/tenant"), "nobody")
