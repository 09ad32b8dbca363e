"""Class attributes that hold callables: read through the class, no function or partial of them is a method."""

import asyncio
import contextlib
import functools
import unittest
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase, Client, ServerTestCase, SyncClient
from tests.running import outcomes, run_classes

app = FastAPI()


@app.get("/agent")
async def read_agent() -> str:
    """Answer, for a client of any kind."""
    return "here"


def make_client(**options: Any) -> Client:
    """Make a client of the tests' own."""
    return Client(**options, event_hooks={})


def make_sync_client(**options: Any) -> SyncClient:
    """Make one of plain tests."""
    return SyncClient(**options, event_hooks={})


class MarkedClient(Client):
    """A client of a class of its own."""


class MarkedSyncClient(SyncClient):
    """One of plain tests."""


def kinds(kind: Any, function: Any) -> list[Any]:
    """Return all that can make the same clients."""
    return [kind, function, functools.partial(function), functools.partial(kind, cookies={}), staticmethod(function)]


async def ask(case: Any) -> None:
    """Ask by the test's client, and by one that the test has made."""
    for client in (case.client, case.new_client()):
        case.assertJsonEqual(await client.get("/agent"), "here")


def ask_and_wait(case: Any) -> None:
    """Do the same in a plain test."""
    for client in (case.client, case.new_client()):
        case.assertJsonEqual(client.get("/agent"), "here")


class ClientClassTests(unittest.TestCase):
    """What makes the clients."""

    def test_kinds(self) -> None:
        """It is a class, a function or a partial, static or not, in either kind of case and in the hooks of a class."""
        for make in kinds(MarkedClient, make_client):
            with self.subTest(make):

                async def hook(cls: Any) -> None:
                    await AsyncServerTestCase.asyncSetUpClass.__func__(cls)  # type: ignore[attr-defined]
                    cls.assertJsonEqual(cls("test"), await cls.new_client().get("/agent"), "here")

                attributes = {"app": app, "client_class": make, "test": ask, "asyncSetUpClass": classmethod(hook)}
                self.assertEqual(outcomes(run_classes(type("Case", (AsyncServerTestCase,), attributes))), {})
        for make in kinds(MarkedSyncClient, make_sync_client):
            with self.subTest(make):
                attributes = {"app": app, "client_class": make, "test": ask_and_wait}
                self.assertEqual(outcomes(run_classes(type("Case", (ServerTestCase,), attributes))), {})

    def test_set_in_a_hook(self) -> None:
        """A hook may set a function on the test."""

        class Case(AsyncServerTestCase):
            app = app
            client: Any

            def setUp(self) -> None:
                self.client_class = make_client  # type: ignore[method-assign,misc]

            async def test(self) -> None:
                await ask(self)
                self.assertNotIn("client_class", vars(type(self)))

        self.assertEqual(outcomes(run_classes(Case)), {})


class OtherAttributesTests(unittest.TestCase):
    """The other attributes that are called."""

    def test_loop_factory(self) -> None:
        """The event loop is made by a function or a partial."""
        made: list[asyncio.AbstractEventLoop] = []

        def make_loop() -> asyncio.AbstractEventLoop:
            made.append(asyncio.new_event_loop())
            return made[-1]

        cases: list[tuple[type, Callable[..., Any]]] = [(AsyncServerTestCase, ask), (ServerTestCase, ask_and_wait)]
        for base, test in cases:
            for factory in (make_loop, functools.partial(make_loop), staticmethod(make_loop)):
                for scope in ("class", "module", "test"):
                    with self.subTest(base=base, factory=factory, scope=scope):
                        made.clear()
                        attributes = {"app": app, "loop_factory": factory, "test": test, "server_scope": scope}
                        self.assertEqual(outcomes(run_classes(type("Case", (base,), attributes))), {})
                        self.assertEqual(len(made), 1)

    def test_app(self) -> None:
        """The app is a function or a partial."""

        async def bare(_: Any, scope: Any, receive: Any, send: Any) -> None:
            await app(scope, receive, send)

        cases: list[tuple[type, Callable[..., Any]]] = [(AsyncServerTestCase, ask), (ServerTestCase, ask_and_wait)]
        for base, test in cases:
            for scope in ("class", "test"):
                with self.subTest(base=base, scope=scope):
                    attributes = {"app": functools.partial(bare, None), "test": test, "server_scope": scope}
                    self.assertEqual(outcomes(run_classes(type("Case", (base,), attributes))), {})

    def test_lifespan(self) -> None:
        """The lifespan is a function or a partial."""
        started: list[str] = []

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI, name: str = "plain") -> AsyncIterator[None]:
            started.append(name)
            yield

        async def test(_: Any) -> None:
            """Do nothing: the server is there."""

        for each in (lifespan, functools.partial(lifespan, name="partial"), staticmethod(lifespan)):
            attributes = {"lifespan": each, "test": test}
            self.assertEqual(outcomes(run_classes(type("Case", (AsyncServerTestCase,), attributes))), {})
        self.assertEqual(started, ["plain", "partial", "plain"])

    def test_create_app(self) -> None:
        """What makes the app may be a partial."""

        def make(title: str) -> FastAPI:
            made = FastAPI(title=title)
            made.include_router(app.router)
            return made

        async def test(case: Any) -> None:
            await ask(case)
            case.assertEqual(case.app.title, "shop")

        attributes = {"create_app": functools.partial(make, "shop"), "test": test}
        self.assertEqual(outcomes(run_classes(type("Case", (AsyncServerTestCase,), attributes))), {})
