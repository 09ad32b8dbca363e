"""A class whose event loop begins each task at once: what works under uvicorn alone works here."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import anyio
from fastapi import BackgroundTasks, Depends, FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware

from fastapi_testing import AsyncServerTestCase


def eager_loop() -> asyncio.AbstractEventLoop:
    """Make a loop with eager tasks, where Python has them: since 3.12."""
    loop = asyncio.new_event_loop()
    loop.set_task_factory(getattr(asyncio, "eager_task_factory", None))
    return loop


async def number() -> AsyncIterator[int]:
    """Give what a request needs for a while."""
    await asyncio.sleep(0)
    yield 1
    await asyncio.sleep(0)


def make_app() -> FastAPI:
    """Make an app that has task groups in every place where Starlette and apps have them."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            app.state.done = []
            yield
            group.cancel_scope.cancel()

    app = FastAPI(lifespan=lifespan)

    async def pass_on(request: Any, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["x-passed"] = "yes"
        return response

    app.add_middleware(BaseHTTPMiddleware, dispatch=pass_on)

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def rows() -> AsyncIterator[str]:
            yield "1"
            await asyncio.sleep(0)
            yield "2"

        return StreamingResponse(rows())

    @app.get("/group")
    async def group(background: BackgroundTasks, one: int = Depends(number)) -> list[int]:
        found: list[int] = []

        async def find(value: int) -> None:
            await asyncio.sleep(0)
            found.append(value)

        async with anyio.create_task_group() as group:
            group.start_soon(find, one)
            group.start_soon(find, 2)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(find(3))
        background.add_task(app.state.done.append, "background")
        return sorted(found)

    @app.get("/thread")
    def thread() -> str:
        return "from a thread"

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(text)

    return app


class EagerTaskTests(AsyncServerTestCase):
    """The app on such a loop."""

    app = make_app()
    loop_factory = eager_loop

    async def test_stream(self) -> None:
        """A stream is sent to its end, through a middleware that has a task group of its own."""
        response = await self.client.get("/stream")
        self.assertEqual((response.text, response.headers["x-passed"]), ("12", "yes"))

    async def test_many_streams(self) -> None:
        """So are several at the same time."""
        responses = await asyncio.gather(*(self.client.get("/stream") for _ in range(5)))
        self.assertEqual([response.text for response in responses], ["12"] * 5)

    async def test_groups(self) -> None:
        """Task groups of anyio and of asyncio work in a handler, and what follows the response is done."""
        self.assertJsonEqual(await self.client.get("/group"), [1, 2, 3])
        self.assertIn("background", self.app.state.done)

    async def test_thread(self) -> None:
        """Handlers that run in a thread answer."""
        self.assertJsonEqual(await self.client.get("/thread"), "from a thread")

    async def test_websocket(self) -> None:
        """A WebSocket is answered."""
        async with self.ws.connect("/echo") as session:
            await session.send_text("hi")
            await self.assertWebSocketReceives(session, "hi")

    async def test_group_of_the_test(self) -> None:
        """A task group of the test's own can ask the app."""
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self.client.get("/group")) for _ in range(3)]
        self.assertEqual([task.result().json() for task in asked], [[1, 2, 3]] * 3)
