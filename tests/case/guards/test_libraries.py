"""Real libraries that start a task when they are first used, and keep it: each of them, in every kind of case."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import mcp.server
import socketio
from fastapi import FastAPI
from mcp.types import ListToolsResult, Tool
from sse_starlette.sse import EventSourceResponse

from fastapi_testing import AsyncServerTestCase, ServerTestCase

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "tests", "version": "1"},
    },
}
"""How a client of MCP begins (its specification of 2025-06-18, "Lifecycle")."""

HEADERS = {"accept": "application/json, text/event-stream"}


def prices_app() -> FastAPI:
    """Return an app that streams events with sse-starlette."""
    app = FastAPI()

    @app.get("/prices")
    async def prices() -> EventSourceResponse:
        async def read() -> AsyncIterator[dict[str, str]]:
            for price in ("1", "2", "3"):
                yield {"data": price}

        return EventSourceResponse(read())

    return app


def watchers() -> list["asyncio.Task[Any]"]:
    """Return the tasks by which sse-starlette looks whether the server stops, on the running loop."""
    return [task for task in asyncio.all_tasks() if "_shutdown_watcher" in repr(task.get_coro())]


class SSETests(AsyncServerTestCase):
    """sse-starlette, whose watcher is the event loop's."""

    app = prices_app()
    leaks = "fail"
    found: ClassVar[Any]

    async def test_read(self) -> None:
        """A stream is read to its end, and what watches is what the test before has started, if there was one."""
        async with self.client.sse("/prices") as stream:
            await self.assertEvents(stream, [{"data": "1"}, {"data": "2"}, {"data": "3"}])
        found = watchers()  # none on the second loop of a thread that has two, as with servers of modules
        self.assertEqual(found, vars(type(self)).get("found", found))
        type(self).found = found

    async def test_read_again(self) -> None:
        """So it is in the next test."""
        await self.test_read()


class SSEServersTests(SSETests):
    """The same with a server for each test."""

    server_scope = "test"


class WholeModuleSSETests(SSETests):
    """The same with a server for the module."""

    server_scope = "module"


class PlainSSETests(ServerTestCase):
    """The same with plain tests."""

    app = prices_app()
    leaks = "fail"
    found: ClassVar[Any]

    def test_read(self) -> None:
        """A stream is read to its end, and the one watcher is what the test before has started, if there was one."""

        async def find() -> list["asyncio.Task[Any]"]:
            return watchers()

        with self.client.sse("/prices") as stream:
            self.assertEvents(stream, [{"data": "1"}, {"data": "2"}, {"data": "3"}])
        found = self.run_async(find())
        self.assertLessEqual(len(found), 1)  # older ones end it with the stream
        self.assertEqual(found, vars(type(self)).get("found", found))
        type(self).found = found

    def test_read_again(self) -> None:
        """So it is in the next test."""
        self.test_read()


class SocketIOTests(AsyncServerTestCase):
    """python-socketio, whose service task is the server object's."""

    leaks = "fail"
    sio: ClassVar[Any]

    @classmethod
    async def create_app(cls) -> Any:
        """Return an app that answers in rooms."""
        cls.sio = socketio.AsyncServer(async_mode="asgi")

        @cls.sio.event  # type: ignore[untyped-decorator]
        async def say(sid: str, text: str) -> None:
            await cls.sio.emit("said", text, to=sid)

        return socketio.ASGIApp(cls.sio, FastAPI())

    async def test_talk(self) -> None:
        """A client is answered, and the service task goes on after the test."""
        async with socketio.AsyncSimpleClient() as client:
            await client.connect(self.server.url)
            await client.emit("say", "hello")
            self.assertEqual(await client.receive(timeout=5), ["said", "hello"])
        self.assertFalse(self.sio.eio.service_task_handle.done())

    async def test_talk_again(self) -> None:
        """So it is in the next test."""
        await self.test_talk()

    async def test_stays_connected(self) -> None:
        """A client that only polls, and is left, is waited for by a ping that stays as well."""
        self.assertStatus(await self.client.get("/socket.io/?transport=polling&EIO=4"), 200)


class PlainSocketIOTests(ServerTestCase):
    """The same with plain tests."""

    leaks = "fail"
    sio: ClassVar[Any]

    @classmethod
    async def create_app(cls) -> Any:
        """Return an app with nothing but Socket.IO."""
        cls.sio = socketio.AsyncServer(async_mode="asgi")
        return socketio.ASGIApp(cls.sio)

    def test_poll(self) -> None:
        """A client begins to poll, and the service task goes on after the test."""
        self.assertStatus(self.client.get("/socket.io/?transport=polling&EIO=4"), 200)
        self.assertFalse(self.sio.eio.service_task_handle.done())

    def test_poll_again(self) -> None:
        """So it is in the next test."""
        self.test_poll()


class MCPTests(AsyncServerTestCase):
    """MCP, whose sessions are tasks in a task group of the lifespan's."""

    leaks = "fail"
    headers: ClassVar[dict[str, str]] = HEADERS
    session: ClassVar[str]

    @classmethod
    async def create_app(cls) -> Any:
        """Return a server of tools, which has one."""

        async def list_tools(*_: Any) -> ListToolsResult:
            return ListToolsResult(tools=[Tool(name="add", input_schema={"type": "object"})])

        return mcp.server.Server("tools", on_list_tools=list_tools).streamable_http_app()

    async def test_initialize(self) -> None:
        """A session begins, if there is none, and outlives its test; it answers in the next one."""
        if "session" not in vars(type(self)):
            response = await self.client.post("/mcp", json=INITIALIZE)
            self.assertStatus(response, 200)
            type(self).session = response.headers["mcp-session-id"]
        listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
        headers = {"mcp-session-id": self.session, "mcp-protocol-version": "2025-06-18"}
        response = await self.client.post("/mcp", json=listing, headers=headers)
        self.assertStatus(response, 200)
        self.assertIn('"add"', response.text)

    async def test_list_again(self) -> None:
        """So it is in the next test."""
        await self.test_initialize()


class WholeModuleMCPTests(MCPTests):
    """The same with a server for the module."""

    server_scope = "module"


class PlainMCPTests(ServerTestCase):
    """The same with plain tests."""

    leaks = "fail"
    headers: ClassVar[dict[str, str]] = HEADERS
    create_app = MCPTests.create_app

    def test_initialize(self) -> None:
        """A session begins."""
        self.assertStatus(self.client.post("/mcp", json=INITIALIZE), 200)

    def test_initialize_again(self) -> None:
        """So does one in the next test."""
        self.test_initialize()
