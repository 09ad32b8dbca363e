"""assertServerRaises, where the app's exception became another one on the way to the server."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import fastapi
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, WebSocket
from starlette.responses import Response

from fastapi_testing import AsyncServerTestCase, ServerTestCase

app = FastAPI()


async def teapot() -> AsyncIterator[None]:
    """Raise when the answer has begun."""
    yield
    raise HTTPException(418, "no coffee")


@app.get("/dependency")
async def depend(_: Annotated[None, Depends(teapot)]) -> None:
    """Answer before a dependency fails."""


@app.get("/late")
async def late(tasks: BackgroundTasks) -> None:
    """Answer before a background task fails."""

    async def fail() -> None:
        raise HTTPException(418, "no coffee")

    tasks.add_task(fail)


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Raise what Starlette answers over HTTP, which it cannot any more."""
    await websocket.accept()
    await websocket.receive_text()
    raise HTTPException(418, "no coffee")


@app.get("/wrapped")
async def wrapped(*, group: bool = False) -> None:
    """Raise one exception from another, by itself or in a group."""
    error = ValueError("no price")
    error.__cause__ = LookupError("no row")
    raise ExceptionGroup("several", [error]) if group else error


@app.get("/handled")
async def handled(*, silently: bool = False) -> None:
    """Fail in handling an exception."""
    try:
        stock: dict[str, int] = {}
        stock["pears"]
    except LookupError:
        if silently:
            raise ValueError("no price") from None
        raise ValueError("no price")  # noqa: B904 - is what is tested


@app.get("/named")
async def named() -> None:
    """Raise what has an attribute by the name of a group's."""
    error = ValueError("no price")
    error.exceptions = ["one", "two"]  # type: ignore[attr-defined]
    raise error


@app.get("/circle")
async def circle() -> None:
    """Raise what is its own cause, in the end."""
    error = ValueError("no price")
    error.__cause__ = LookupError("no row")
    error.__cause__.__cause__ = error
    raise error


@app.exception_handler(KeyError)
async def answer(_: Request, __: Exception) -> Response:
    """Fail in answering an exception."""
    raise ValueError("no price")


@app.get("/answered")
async def answered() -> None:
    """Raise what the handler above answers."""
    raise KeyError("row")


class CausesTests(AsyncServerTestCase):
    """Which exceptions count."""

    app = app

    async def test_dependency(self) -> None:
        """So does one of the exit of a dependency with ``yield``."""
        if tuple(map(int, fastapi.__version__.split(".")[:2])) < (0, 118):  # pragma: no cover - on the lower bounds
            # It leaves dependencies before it answers, and answers for what they raise.
            self.assertStatus(await self.client.get("/dependency"), 418)
            return
        with self.assertServerRaises(HTTPException, "no coffee"):
            await self.client.get("/dependency")

    async def test_background_task(self) -> None:
        """An HTTPException counts that comes when the answer has begun: Starlette raises another one from it."""
        with self.assertServerRaises(HTTPException, "no coffee") as raised:
            await self.client.get("/late")
        self.assertIsInstance(raised.exception, HTTPException)
        assert raised.exchange is not None
        self.assertIsInstance(raised.exchange.exception, RuntimeError)

    async def test_websocket(self) -> None:
        """So does one that comes when a WebSocket was accepted, where Starlette fails in answering it."""
        with self.assertServerRaises(HTTPException, "no coffee"):
            async with self.ws.connect("/chat") as session:
                await session.send_text("hello")
        self.assertIsInstance(self.server.exchanges[-1].exception, RuntimeError)

    async def test_what_came_out(self) -> None:
        """What has come out of the app counts as well."""
        with self.assertServerRaises(RuntimeError, "already started") as raised:
            await self.client.get("/late")
        assert raised.exchange is not None
        self.assertIs(raised.exception, raised.exchange.exception)

    async def test_cause(self) -> None:
        """The user's own `raise ... from` is the same, within a group too; one in a circle ends."""
        for path in ("/wrapped", "/wrapped?group=true", "/circle"):
            for kind, text in ((LookupError, "row"), (ValueError, "price")):
                with self.subTest(path=path, kind=kind), self.assertServerRaises(kind, text):
                    await self.client.get(path)

    async def test_raised_in_the_test(self) -> None:
        """With raise_server_exceptions, the context takes what comes out."""
        client = self.new_client()
        client._settling.raise_server_exceptions = True
        with self.assertServerRaises(LookupError):
            await client.get("/wrapped")


class PlainCausesTests(ServerTestCase):
    """The same in a plain test."""

    app = app

    def test_websocket(self) -> None:
        """An HTTPException counts that comes when a WebSocket was accepted."""
        with self.assertServerRaises(HTTPException, "no coffee"), self.ws.connect("/chat") as session:
            session.send_text("hello")


class OtherTests(AsyncServerTestCase):
    """Which exceptions do not count, and what is said then."""

    app = app

    @contextmanager
    def says(self, beginning: str) -> Iterator[None]:
        """Check how a failure begins."""
        with self.assertRaises(AssertionError) as caught:
            yield
        self.assertEqual(str(caught.exception).partition("\n")[0], beginning)

    async def raises(self, path: str, kind: type[BaseException], *regex: Any) -> None:
        """Expect the app to raise for a path."""
        with self.assertServerRaises(kind, *regex):
            await self.client.get(path)

    async def raises_for_both(self, kind: type[BaseException]) -> None:
        """Expect it for one of two."""
        with self.assertServerRaises(kind):
            await self.client.get("/wrapped")
            await self.client.get("/handled?silently=true")

    async def test_chain(self) -> None:
        """A failure names the type that came out, and those that it came from."""
        with self.says("expected the app to raise KeyError, it raised RuntimeError from HTTPException:"):
            await self.raises("/late", KeyError)
        with self.says("expected the app to raise LookupError matching 'x', it raised ValueError from LookupError:"):
            await self.raises("/wrapped", LookupError, "x")
        with self.says("expected the app to raise KeyError, it raised ValueError from LookupError:"):
            await self.raises("/circle", KeyError)
        with self.says("expected the app to raise KeyError, it raised:"):
            await self.raises("/named", KeyError)

    async def test_handled(self) -> None:
        """What the user's code was handling when it failed does not count, and a failure says so."""
        does_not_count = "which does not count without `raise ... from`"
        with self.says(
            f"expected the app to raise LookupError, it raised ValueError while it handled KeyError, {does_not_count}:"
        ):
            await self.raises("/handled", LookupError)
        with self.says(
            f"expected the app to raise KeyError, it raised ValueError while it handled KeyError, {does_not_count}:"
        ):
            await self.raises("/answered", KeyError)

    async def test_handled_and_gone(self) -> None:
        """One whose traceback is gone is not seen through either."""
        with self.assertRaises(AssertionError), self.assertServerRaises(LookupError) as raised:
            await self.client.get("/handled?silently=true")
        self.assertIsNone(raised.exception)
        with self.assertRaises(AssertionError), self.assertServerRaises(LookupError) as raised:
            await self.client.get("/handled")
            error = self.server.exchanges[-1].exception
            assert error is not None
            assert error.__context__ is not None
            error.__context__.__traceback__ = None
        self.assertIsNone(raised.exception)

    async def test_several(self) -> None:
        """Of several, each is named."""
        with self.says("expected the app to raise OSError, it raised ValueError from LookupError and ValueError:"):
            await self.raises_for_both(OSError)
