"""The test case with a server: which app it serves, for how long, and what each test has of it."""

import asyncio
import contextlib
import signal
import unittest
import warnings
from collections.abc import AsyncIterator
from typing import Any, ClassVar
from unittest import mock

import httpx
from fastapi import FastAPI, Request

from fastapi_testing import (
    AsyncServerTestCase,
    Client,
    ForeignURLError,
    Server,
    ServerNotRunningError,
    WebSocketSession,
)
from fastapi_testing.server.application import Receive, Scope, Send
from tests.case import shop
from tests.resources import held_resources
from tests.running import outcomes, run_classes
from tests.server.apps import bare_app
from tests.timing import MS, answer_within


class ServedTests(AsyncServerTestCase):
    """What every test of a class with an app has."""

    app = shop.app
    ports: ClassVar[set[int]] = set()

    async def test_server(self) -> None:
        """The server is there, and it serves the app."""
        self.ports.add(self.server.port)
        self.assertIs(self.server.app, shop.app)
        self.assertIs(self.app, shop.app)
        self.assertEqual(self.server.state, {"pool": "open"})

    async def test_same_server(self) -> None:
        """It is the same for every test of the class."""
        self.ports.add(self.server.port)
        self.assertEqual(len(self.ports), 1)

    async def test_client(self) -> None:
        """The client makes requests to the server."""
        response = await self.client.get("/request")
        self.assertStatus(response, 200)
        self.assertJsonContains(response, {"cookies": {}})

    async def test_redirects(self) -> None:
        """Redirects are not followed, unless a client is made to."""
        self.assertRedirects(await self.client.get("/moved"), "/request", 307)
        self.assertStatus(await self.new_client(follow_redirects=True).get("/moved"), 200)

    async def test_cookies(self) -> None:
        """Cookies are one client's own, and its WebSockets'."""
        await self.client.get("/login")
        self.assertJsonContains(await self.client.get("/request"), {"cookies": {"session": "abc"}})
        self.assertJsonContains(await self.new_client().get("/request"), {"cookies": {}})

    async def test_cookies_of_another_test(self) -> None:
        """The cookies of one test are not another's, whichever comes first."""
        await self.test_client()
        await self.client.get("/login")

    async def test_websocket(self) -> None:
        """WebSockets connect to the server."""
        async with self.ws.connect("/echo") as echo:
            await echo.send_text("hello")
            await self.assertWebSocketReceives(echo, "hello")

    async def test_foreign_url(self) -> None:
        """The client speaks to no other server, nor follows a redirect to one."""
        for url in ("http://example.org/", "https://127.0.0.1/", f"http://127.0.0.1:{self.server.port + 1}/", "/away"):
            with self.subTest(url=url), self.assertRaises(ForeignURLError):
                await self.new_client(follow_redirects=True).get(url)

    async def test_foreign_url_in_words(self) -> None:
        """The error says which server is meant, and what to do."""
        with self.assertRaises(ForeignURLError) as caught:
            await self.client.get("http://example.org/")
        self.assertEqual(
            str(caught.exception),
            f"http://example.org/ is not on the test server at {self.server.url}: this client speaks to the test "
            "server only; give it a path such as '/items', or use a client of your own for other servers",
        )

    async def test_server_for_itself(self) -> None:
        """The app's own absolute URLs are the server's."""
        self.assertStatus(await self.client.get(f"{self.server.url}/request"), 200)

    async def test_another_server(self) -> None:
        """A second server in a test has clients of its own."""
        other = await self.enterAsyncContext(Server(bare_app, lifespan="off"))
        self.assertStatus(await self.new_client(server=other).get("/"), 204)

    async def test_environment(self) -> None:
        """Proxies of the environment are for other clients."""
        with mock.patch.dict("os.environ", {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}):
            self.assertStatus(await self.new_client().get("/request"), 200)
            await (await self.ws.connect("/echo")).close()

    def test_sync(self) -> None:
        """A sync test sees the running server too."""
        self.assertTrue(self.server.is_running)
        self.assertTrue(type(self).server.is_running)


class ClientAttributesTests(AsyncServerTestCase):
    """Class attributes that the client is made with."""

    app = shop.app
    headers: ClassVar[dict[str, str] | None] = {"X-Tenant": "blue"}
    follow_redirects = True

    async def test_headers(self) -> None:
        """Headers go with every request, and with those of new clients unless they have others."""
        for client, tenant in ((self.client, "blue"), (self.new_client(headers={"X-Tenant": "red"}), "red")):
            self.assertJsonContains(await client.get("/request"), {"headers": {"x-tenant": tenant}})

    async def test_follow_redirects(self) -> None:
        """Redirects are followed."""
        self.assertRedirects(await self.client.get("/moved"), "/request")


class TimeoutTests(AsyncServerTestCase):
    """The attribute that has a class of its own, as the others are in no hurry."""

    app = shop.app
    timeout = answer_within(20)

    async def test_timeout_of_a_request(self) -> None:
        """A response that takes longer is httpx's ReadTimeout."""
        with self.assertRaises(httpx.ReadTimeout):
            await self.client.get("/slow")


class ChosenAppTests(unittest.TestCase):
    """How a class says which app it is for."""

    def served(self, **attributes: Any) -> Any:
        """Run a class with these attributes, and return the app that its test saw."""
        seen = []

        async def test(case: AsyncServerTestCase) -> None:
            seen.append(case.app)

        case = type("Case", (AsyncServerTestCase,), {**attributes, "test": test})
        self.assertEqual(outcomes(run_classes(case)), {})
        return seen[0]

    def refused(self, **attributes: Any) -> str:
        """Run a class with these attributes, and return the error of its set-up."""
        case = type("Case", (AsyncServerTestCase,), {**attributes, "test": lambda _: None})
        return outcomes(run_classes(case))["setUpClass"]

    def test_import_string(self) -> None:
        """An import string is followed."""
        self.assertIs(self.served(app="tests.case.shop:app"), shop.app)

    def test_function(self) -> None:
        """An app that is a function is not taken for a method of the class."""
        self.assertIs(self.served(app=bare_app), bare_app)

    def test_create_app(self) -> None:
        """create_app() makes the app, once for the class."""
        made = shop.make_app()
        create_app = mock.AsyncMock(return_value=made)
        self.assertIs(self.served(create_app=create_app), made)
        create_app.assert_awaited_once_with()

    def test_nearest_in_the_inheritance(self) -> None:
        """Of an app and an inherited create_app(), or the reverse, the one nearer to the class counts."""
        made = shop.make_app()

        class Base(AsyncServerTestCase):
            @classmethod
            async def create_app(cls) -> Any:
                return made

        class Named(Base):
            app = shop.app

        class Wrapped(Named):
            @classmethod
            async def create_app(cls) -> Any:
                inner = cls.app

                async def app(scope: Scope, receive: Receive, send: Send) -> None:
                    await inner(scope, receive, send)

                return app

        for base, expected in ((Base, made), (Named, shop.app), (Wrapped, None)):

            class Case(base):  # type: ignore[misc,valid-type]
                expected_app = expected

                async def test(self) -> None:
                    if self.expected_app is not None:
                        self.assertIs(self.app, self.expected_app)
                    self.assertStatus(await self.client.get("/request"), 200)

            self.assertEqual(outcomes(run_classes(Case)), {})

    def test_empty_app(self) -> None:
        """Without an app, an empty FastAPI with the class's lifespan is served, and tests add the routes."""

        class Case(AsyncServerTestCase):
            lifespan = contextlib.asynccontextmanager(shop.lifespan.__wrapped__)  # type: ignore[attr-defined]

            async def test(self) -> None:
                @self.app.get("/late")  # type: ignore[untyped-decorator]  # the app is Any
                async def late(request: Request) -> dict[str, Any]:
                    return {"pool": request.state.pool}

                self.assertJsonEqual(await self.client.get("/late"), {"pool": "open"})

        self.assertEqual(outcomes(run_classes(Case)), {})

    def test_lifespan_beside_an_app(self) -> None:
        """A lifespan that would never be run is refused."""
        self.assertEqual(
            self.refused(app=shop.app, lifespan=shop.lifespan),
            "TypeError: Case has both an app and a lifespan: `lifespan` is for classes without an app; "
            "give it to the app instead",
        )

    def test_wrong_app(self) -> None:
        """What is no app is refused when the class is set up."""
        self.assertRegex(self.refused(app=FastAPI), r"^TypeError: app must be an ASGI 3 application")

    def test_create_app_without_async(self) -> None:
        """A create_app() that waits for nothing need not be asynchronous."""
        self.assertIs(self.served(create_app=classmethod(lambda _: shop.app)), shop.app)

    def test_create_app_that_is_no_class_method(self) -> None:
        """A create_app() without @classmethod is told what it lacks."""
        self.assertEqual(
            self.refused(create_app=lambda _: shop.app),
            "TypeError: Case.create_app must be a class method: write @classmethod above it",
        )

    def test_unknown_server_option(self) -> None:
        """A server option that there is not is answered with those that there are."""
        self.assertEqual(
            self.refused(app=shop.app, server_options={"prot": 1}),
            "TypeError: Case.server_options: there is no option 'prot': is port meant?",
        )

    def test_check_openapi(self) -> None:
        """With check_openapi, a response that the schema does not describe fails its test."""

        class Case(AsyncServerTestCase):
            check_openapi = True

            async def test(self) -> None:
                @self.app.get("/number", response_model=None, responses={200: {"model": int}})  # type: ignore[untyped-decorator]
                async def number() -> str:
                    return "one"

                await self.client.get("/number")

        ((_, text),) = run_classes(Case).failures
        self.assertTrue(
            text.endswith(
                "AssertionError: GET /number: not as the schema documents 200, 1 error:\n"
                "  body at $: 'one' is not of type 'integer'\n"
                'got 200 OK; body: "one"\n'
            ),
            text,
        )

    def test_wrong_scope(self) -> None:
        """An unknown scope is answered with the known ones."""
        self.assertEqual(
            self.refused(app=shop.app, server_scope="package"),
            "ValueError: server_scope must be 'run', 'module', 'class' or 'test', got 'package'",
        )

    def test_server_options(self) -> None:
        """The server is made with the class's options and time-outs."""

        class Case(AsyncServerTestCase):
            app = shop.app
            server_options: ClassVar[Any] = {"host": "::1", "http": "h11", "lifespan": "off"}
            startup_timeout = 1.5
            shutdown_timeout = 2.5

            async def test(self) -> None:
                self.assertEqual((self.server.host, self.server.config.http, self.server.state), ("::1", "h11", {}))
                self.assertEqual((self.server.startup_timeout, self.server.shutdown_timeout), (1.5, 2.5))
                self.assertStatus(await self.client.get("/request"), 200)
                await (await self.ws.connect("/echo")).close()

        self.assertEqual(outcomes(run_classes(Case)), {})


class LifeOfAServerTests(unittest.TestCase):
    """From when to when there is a server."""

    def test_class_scope(self) -> None:
        """The app is started once, in asyncSetUpClass, and shut down after asyncTearDownClass."""
        app = shop.make_app()

        class Case(AsyncServerTestCase):
            @classmethod
            async def create_app(cls) -> Any:
                return app

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                async with Client(cls.server.url) as client:
                    await client.get("/request")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                assert app.state.running
                await super().asyncTearDownClass()

            async def test_a(self) -> None: ...

            async def test_b(self) -> None: ...

        self.assertEqual(outcomes(run_classes(Case)), {})
        self.assertEqual((app.state.starts, app.state.running), (1, False))

    def test_test_scope(self) -> None:
        """Each test has a server and an app of its own, which is there before and after its own hooks."""
        apps = []

        class Case(AsyncServerTestCase):
            server_scope = "test"

            @classmethod
            async def create_app(cls) -> Any:
                apps.append(shop.make_app())
                return apps[-1]

            async def asyncSetUp(self) -> None:
                assert self.app.state.running
                self.addAsyncCleanup(self.client.get, "/request")

            async def test_a(self) -> None:
                self.assertStatus(await self.client.get("/request"), 200)

            async def test_b(self) -> None:
                self.assertFalse(apps[0].state.running)
                self.assertFalse(hasattr(type(self), "client_of_the_class"))

        self.assertEqual(outcomes(run_classes(Case)), {})
        self.assertEqual([(app.state.starts, app.state.running) for app in apps], [(1, False)] * 2)

    def test_failing_start_in_test_scope(self) -> None:
        """A server that does not start is an error of each test."""

        class Case(AsyncServerTestCase):
            server_scope = "test"

            @classmethod
            @contextlib.asynccontextmanager
            async def failing_lifespan(cls, _: FastAPI) -> AsyncIterator[None]:
                raise LookupError("no database")
                yield

            @classmethod
            async def create_app(cls) -> Any:
                return FastAPI(lifespan=cls.failing_lifespan)

            async def test(self) -> None: ...

        self.assertEqual(
            outcomes(run_classes(Case)),
            {
                "test": "fastapi_testing.errors.ServerStartupError: the lifespan of FastAPI 'FastAPI' failed in its "
                "startup: LookupError: no database"
            },
        )

    def test_forgotten_super(self) -> None:
        """Where asyncSetUpClass does not call super(), each test says so."""

        class ItemTests(AsyncServerTestCase):
            app = shop.app

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                pass

            async def test(self) -> None: ...

        name = ItemTests.__qualname__
        self.assertEqual(
            outcomes(run_classes(ItemTests)),
            {
                "test": f"fastapi_testing.errors.ServerNotRunningError: the server of {name} is not running: "
                "call await super().asyncSetUpClass() in yours"
            },
        )

    def test_asked_outside(self) -> None:
        """Outside of the class's life, the error says when there is a server."""
        for scope, when in (
            ("class", "it runs from asyncSetUpClass to the class cleanups"),
            ("module", "it runs from asyncSetUpClass to the class cleanups"),
            ("test", "with server_scope = 'test' it runs from before asyncSetUp to the end of each test"),
        ):
            case: Any = type("Case", (AsyncServerTestCase,), {"server_scope": scope})
            with self.subTest(scope=scope), self.assertRaises(ServerNotRunningError) as caught:
                case.server.url  # noqa: B018 - it is the asking that fails
            self.assertEqual(str(caught.exception), f"the server of Case is not running: {when}")

    def test_inherited_classes(self) -> None:
        """A class that inherits from another has a server of its own."""
        ports = []

        class Base(AsyncServerTestCase):
            app = shop.app

            async def test(self) -> None:
                ports.append(self.server.port)

        class Derived(Base): ...

        self.assertEqual(outcomes(run_classes(Base, Derived)), {})
        self.assertEqual(len(set(ports)), 2)

    def test_interrupted(self) -> None:
        """Ctrl-C in a test stops the server and shuts the app down."""
        app = shop.make_app()

        class Case(AsyncServerTestCase):
            @classmethod
            async def create_app(cls) -> Any:
                return app

            async def test(self) -> None:
                signal.raise_signal(signal.SIGINT)
                await self.client.get("/slow")

        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, handler)
        with self.assertRaises(KeyboardInterrupt):
            run_classes(Case)
        self.assertFalse(app.state.running)

    def test_interrupted_in_a_request(self) -> None:
        """The request that Ctrl-C finds in flight is noted, and holds up no shutdown, whoever has the server."""
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, handler)
        for scope in ("class", "test", "module"):
            made = FastAPI(lifespan=shop.lifespan)

            @made.get("/never")
            async def never() -> None:
                signal.raise_signal(signal.SIGINT)
                await asyncio.Event().wait()

            class Case(AsyncServerTestCase):
                app = made
                server_scope = scope
                settle_timeout = 60.0

                async def test(self) -> None:
                    await self.client.get("/never", timeout=None)

            with self.subTest(scope=scope), warnings.catch_warnings():
                warnings.simplefilter("error")
                with self.assertRaises(KeyboardInterrupt) as caught:
                    run_classes(Case)
                name = f"{__name__}.{never.__qualname__}"
                line = never.__code__.co_firstlineno + 3
                self.assertEqual(
                    caught.exception.__notes__,
                    [f'in flight: GET /never, in {name}, waits at File "{__file__}", line {line}, in never'],
                )
                self.assertFalse(made.state.running)

    def test_failing_shutdown(self) -> None:
        """An app that fails in its shutdown fails the class."""

        @contextlib.asynccontextmanager
        async def failing_lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield
            raise LookupError("no database")

        class Case(AsyncServerTestCase):
            lifespan = failing_lifespan

            async def test(self) -> None: ...

        self.assertEqual(
            outcomes(run_classes(Case)),
            {
                "tearDownClass": "fastapi_testing.errors.ServerShutdownError: the lifespan of FastAPI 'FastAPI' "
                "failed in its shutdown: LookupError: no database"
            },
        )


class EndOfATestTests(unittest.TestCase):
    """What the end of a test closes."""

    def test_clients_and_websockets(self) -> None:
        """Clients and WebSockets are closed after the test's own cleanups, and the handlers have ended."""
        seen: dict[str, Any] = {}

        class Case(AsyncServerTestCase):
            app = shop.app

            async def asyncSetUp(self) -> None:
                self.addAsyncCleanup(self.say_goodbye)

            async def say_goodbye(self) -> None:
                await seen["session"].send_text("goodbye")
                await self.assertWebSocketReceives(seen["session"], "goodbye")
                self.assertStatus(await self.client.get("/request"), 200)

            async def test_a(self) -> None:
                seen["client"] = self.new_client()
                seen["session"] = await self.ws.connect("/echo")

            async def test_b(self) -> None:
                self.assertTrue(seen["client"].is_closed)
                self.assertIsInstance(seen["session"], WebSocketSession)
                self.assertEqual(seen["session"].state.name, "CLOSED")
                self.assertEqual(self.server.server_state.tasks, set())
                seen["session"] = await self.ws.connect("/echo")

        self.assertEqual(outcomes(run_classes(Case)), {})

    def test_background_tasks(self) -> None:
        """A background task of the app comes to its end before the next test."""
        app = shop.make_app()

        class Case(AsyncServerTestCase):
            @classmethod
            async def create_app(cls) -> Any:
                return app

            async def test_a(self) -> None:
                await self.client.get("/background")

            async def test_b(self) -> None:
                self.assertTrue(app.state.handled.is_set())

        self.assertEqual(outcomes(run_classes(Case)), {})

    def test_abandoned_request(self) -> None:
        """A handler that a test has left is cancelled after a while."""

        class Case(AsyncServerTestCase):
            app = shop.app
            settle_timeout = 10 * MS
            leaks = "ignore"

            async def test_a(self) -> None:
                with self.assertRaises(httpx.ReadTimeout):
                    await self.client.get("/never", timeout=answer_within(10))

            async def test_b(self) -> None:
                self.assertEqual(self.server.server_state.tasks, set())

        self.assertEqual(outcomes(run_classes(Case)), {})


class ResourceTests(unittest.TestCase):
    """What many classes leave behind."""

    def test_two_hundred_classes(self) -> None:
        """After 200 classes there are the same file descriptors, threads and tasks as before."""

        class Case(AsyncServerTestCase):
            app = shop.app

            async def test_http(self) -> None:
                self.assertStatus(await self.client.get("/request"), 200)

            async def test_websocket(self) -> None:
                async with self.ws.connect("/echo") as echo:
                    await echo.send_text("hello")
                    await self.assertWebSocketReceives(echo, "hello")

            async def test_streamed(self) -> None:
                async with self.client.stream("GET", "/request") as response:
                    self.assertStatus(response, 200)

        run_classes(Case)
        before = held_resources()
        result = run_classes(*(type(f"Case{number}", (Case,), {}) for number in range(200)))
        self.assertEqual((result.testsRun, outcomes(result)), (600, {}))
        self.assertEqual(held_resources(), before)
