"""The test case of plain tests: an app served on a thread beside them."""

import asyncio
import contextlib
import contextvars
import os
import pickle
import re
import signal
import ssl
import threading
import time
import unittest
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar
from unittest import mock

import httpx
from fastapi import Depends, FastAPI

from fastapi_testing import (
    AsyncServerTestCase,
    Server,
    ServerNotRunningError,
    ServerTestCase,
    ServerThread,
    SyncClient,
    SyncWebSocketSession,
    override_dependencies,
)
from tests.case import failing, shop
from tests.case.loops.test_class_case import FrameResult
from tests.resources import held_resources
from tests.running import outcomes, run_classes
from tests.server.apps import bare_app
from tests.timing import MS, answer_within

seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="nothing")


class ServedTests(ServerTestCase):
    """What every test of a class with an app has."""

    app = shop.app
    ports: ClassVar[set[int]] = set()

    def test_server(self) -> None:
        """The server is there, and it serves the app."""
        self.ports.add(self.server.port)
        self.assertIs(self.server.app, shop.app)
        self.assertIs(self.app, shop.app)
        self.assertEqual(self.server.state, {"pool": "open"})

    def test_same_server(self) -> None:
        """It is the same for every test of the class."""
        self.ports.add(self.server.port)
        self.assertEqual(len(self.ports), 1)

    def test_client(self) -> None:
        """The client makes requests to the server, and they are recorded."""
        response = self.client.get("/request")
        self.assertIsInstance(self.client, SyncClient)
        self.assertStatus(response, 200)
        self.assertJsonContains(response, {"cookies": {}})
        self.assertEqual([str(exchange) for exchange in self.server.exchanges], ["GET /request"])

    def test_cookies(self) -> None:
        """Cookies are one client's own."""
        self.client.get("/login")
        self.assertJsonContains(self.client.get("/request"), {"cookies": {"session": "abc"}})
        self.assertJsonContains(self.new_client().get("/request"), {"cookies": {}})

    def test_cookies_of_another_test(self) -> None:
        """The cookies of one test are not another's, whichever comes first."""
        self.assertJsonContains(self.client.get("/request"), {"cookies": {}})
        self.client.get("/login")

    def test_websocket(self) -> None:
        """WebSockets connect to the server."""
        with self.ws.connect("/echo") as echo:
            self.assertIsInstance(echo, SyncWebSocketSession)
            echo.send_text("hello")
            self.assertWebSocketReceives(echo, "hello")

    def test_another_server(self) -> None:
        """A second server in a test has clients of its own."""
        other = self.enterContext(ServerThread(bare_app, lifespan="off"))
        self.assertStatus(self.new_client(server=other).get("/"), 204)

    def test_settled(self) -> None:
        """A request is over when it returns, background tasks and all."""
        shop.app.state.handled.clear()
        self.client.get("/background")
        self.assertTrue(shop.app.state.handled.is_set())

    def test_other_clients(self) -> None:
        """Clients of other makers find the server as well."""
        self.assertEqual(httpx.get(f"{self.server.url}/request", trust_env=False).status_code, 200)
        self.server.settle()

    def test_subtests(self) -> None:
        """Tests have parts."""
        for path in ("/request", "/login"):
            with self.subTest(path=path):
                self.assertStatus(self.client.get(path), 200)

    def test_own_cleanups(self) -> None:
        """A test may call its cleanups itself, and the client is new afterwards."""
        self.client.get("/login")
        self.doCleanups()


class AttributesTests(ServerTestCase):
    """Class attributes that the client and the loop are made with."""

    class Loop(asyncio.SelectorEventLoop):
        """A loop that can be told from others."""

    app = shop.app
    headers: ClassVar[dict[str, str] | None] = {"X-Tenant": "blue"}
    follow_redirects = True
    loop_factory = Loop

    def test_headers(self) -> None:
        """Headers go with every request, and with those of new clients unless they have others."""
        for client, tenant in ((self.client, "blue"), (self.new_client(headers={"X-Tenant": "red"}), "red")):
            self.assertJsonContains(client.get("/request"), {"headers": {"x-tenant": tenant}})

    def test_follow_redirects(self) -> None:
        """Redirects are followed."""
        self.assertRedirects(self.client.get("/moved"), "/request")

    def test_loop(self) -> None:
        """The event loop is the factory's."""
        self.assertIsInstance(self.run_async(running_loop()), self.Loop)


class TimeoutTests(ServerTestCase):
    """The attribute that has a class of its own, as the others are in no hurry."""

    app = shop.app
    timeout = answer_within(20)

    def test_slow_response(self) -> None:
        """A response that takes longer is httpx's ReadTimeout."""
        self.assertRaises(httpx.ReadTimeout, self.client.get, "/slow")


class RunAsyncTests(ServerTestCase):
    """Coroutines in plain tests."""

    loop: ClassVar[asyncio.AbstractEventLoop]

    @classmethod
    def setUpClass(cls) -> None:
        """Run one for the class."""
        super().setUpClass()
        cls.loop = cls.run_async(running_loop())

    def test_same_loop(self) -> None:
        """They run on the server's event loop, for the class as for its tests."""
        self.assertIs(self.run_async(running_loop()), self.loop)

    def test_context(self) -> None:
        """They see the context of the test, which is the test's own."""
        self.assertEqual(self.run_async(look()), "nothing")
        seen.set("something")
        self.assertEqual(self.run_async(look()), "something")

    def test_context_of_another_test(self) -> None:
        """Whichever comes first."""
        self.test_context()

    def test_time(self) -> None:
        """They may be given a time."""
        with self.assertRaisesRegex(TimeoutError, "^not ended within "):
            self.run_async(asyncio.sleep(60), timeout=MS)

    def test_no_coroutine(self) -> None:
        """A function that was not called is refused."""
        with self.assertRaisesRegex(TypeError, "^a coroutine is needed, got <function look at "):
            self.run_async(look)  # type: ignore[arg-type]


class TLSTests(ServerTestCase):
    """A server that speaks TLS."""

    app = shop.app
    tls = True

    def test_https(self) -> None:
        """The clients trust it, and speak https and wss."""
        self.assertTrue(self.server.url.startswith("https://"))
        self.assertStatus(self.client.get("/request"), 200)
        with self.ws.connect("/echo") as echo:
            echo.send_text("hello")
            echo.expect("hello")

    def test_other_context(self) -> None:
        """A client with a context of its own trusts whom that trusts."""
        trusting = self.new_client(verify=self.server.client_ssl_context())
        self.assertStatus(trusting.get("/request"), 200)
        with trusting.ws.connect("/echo"), self.assertRaises(httpx.ConnectError):
            self.new_client(verify=ssl.create_default_context()).get("/request")

    def test_other_clients(self) -> None:
        """Clients of other makers are told whom to trust."""
        context = ssl.create_default_context(cafile=self.server.ca_certificate)
        self.assertEqual(httpx.get(f"{self.server.url}/request", verify=context, trust_env=False).status_code, 200)

    def test_another_server(self) -> None:
        """A second server's clients trust that."""
        other = self.enterContext(ServerThread(bare_app, lifespan="off", tls=True))
        self.assertStatus(self.new_client(server=other).get("/"), 204)


class ScopeTests(ServerTestCase):
    """A server for each test."""

    server_scope = "test"
    apps: ClassVar[set[int]] = set()

    @classmethod
    def create_app(cls) -> FastAPI:  # type: ignore[override]
        """Return a new app for each."""
        made = FastAPI()
        made.dependency_overrides = {}
        return made

    def test_new_app(self) -> None:
        """Each test has an app of its own."""
        self.apps.add(id(self.app))
        self.assertStatus(self.client.get("/docs"), 200)

    def test_another_new_app(self) -> None:
        """And so has the next."""
        self.app.add_api_route("/here", read_mood)
        self.assertStatus(self.client.get("/here"), 200)


def read_mood() -> str:
    """Return what is overridden."""
    return "fine"


Mood = Depends(read_mood)

overridden_app = FastAPI()


@overridden_app.get("/mood")
def mood(mood: str = Mood) -> str:
    """Return what the dependency says."""
    return mood


class OverrideTests(ServerTestCase):
    """Dependencies that are overridden."""

    app = overridden_app
    dependency_overrides: ClassVar[dict[Callable[..., Any], Callable[..., Any]]] = {read_mood: lambda: "of the class"}

    def test_class(self) -> None:
        """What the class declares holds in each test."""
        self.assertJsonEqual(self.client.get("/mood"), "of the class")

    def test_method(self) -> None:
        """A test overrides for itself."""
        self.override_dependency(read_mood, value="of the test")
        self.assertJsonEqual(self.client.get("/mood"), "of the test")

    @override_dependencies({read_mood: lambda: "of the method"})
    def test_decorator(self) -> None:
        """So does its decorator, and a block in it."""
        self.assertJsonEqual(self.client.get("/mood"), "of the method")
        with override_dependencies({read_mood: lambda: "of the block"}):
            self.assertJsonEqual(self.client.get("/mood"), "of the block")

    def test_environment(self) -> None:
        """Environment variables are the test's too."""
        self.override_env(MOOD="good")
        self.assertEqual(os.environ["MOOD"], "good")


class AfterClassTests(unittest.TestCase):
    """What a class leaves: nothing."""

    def test_nothing_is_left(self) -> None:
        """Threads, sockets, loops, overrides and the class that is meant by override_dependencies are gone."""
        before = held_resources()
        result = run_classes(OverrideTests, ScopeTests, RunAsyncTests)
        self.assertTrue(result.wasSuccessful())
        del RunAsyncTests.loop
        self.assertEqual(held_resources(), before)
        self.assertEqual(overridden_app.dependency_overrides, {})
        with self.assertRaisesRegex(RuntimeError, "finds no running test"), override_dependencies({}):
            self.fail("entered")  # pragma: no cover - there is no app

    def test_alone(self) -> None:
        """A test that is run by itself, as some runners do, has its class set up; a skipped one needs none."""
        for _ in range(2):
            result = unittest.TestResult()
            ServedTests("test_client").run(result)
            self.assertEqual((result.testsRun, result.wasSuccessful()), (1, True))
        alone = ServedTests("test_client").run()
        self.assertIsNotNone(alone)

    def test_traceback(self) -> None:
        """A failure ends on the user's line for every runner, in a part of a test as well."""

        def test(self: ServerTestCase) -> None:
            with self.subTest("a part"):
                self.assertStatus(self.client.get("/fail"), 200)
            self.assertStatus(self.client.get("/fail"), 200)

        result = FrameResult()
        unittest.TestLoader().loadTestsFromTestCase(type("Case", (FailingCase,), {"test": test})).run(result)
        self.assertEqual(result.last_frames, ["test", "test"])

    def test_pickle(self) -> None:
        """A case is its class and its method, also after it has run."""
        case = ServedTests("test_client")
        unittest.TestSuite([case]).run(unittest.TestResult())
        again = pickle.loads(pickle.dumps(ServedTests("test_client")))  # noqa: S301 - our own
        self.assertEqual(again, case)


class FailingCase(ServerTestCase):
    """The base of the cases that are run inside a test."""

    app = failing.app
    settle_timeout: ClassVar[float] = 20 * MS
    blocked_after: ClassVar[float] = 0  # as there


def verdicts(test: Any, **attributes: Any) -> list[str]:
    """Run a function as the only test of a case, and return the text of each error and failure, without tracebacks."""
    return failing.failures(test, FailingCase, **attributes)


class ServerErrorTests(unittest.TestCase):
    """What the app raises."""

    def test_missed(self) -> None:
        """What no response could show fails the test that caused it."""

        def test(self: ServerTestCase) -> None:
            self.client.get("/background")

        (text,) = verdicts(test)
        self.assertRegex(
            text, r"^AssertionError: the app raised what no response could show; .*assertServerRaises\(\): "
        )
        self.assertRegex(text, "LookupError: no paper$")

    def test_expected(self) -> None:
        """What was expected does not, whether a response shows it or not."""

        def test(self: ServerTestCase) -> None:
            for path in ("/background", "/fail"):
                with self.assertServerRaises(LookupError, "^no ") as raised:
                    self.client.get(path)
                self.assertIsInstance(raised.exception, LookupError)

        self.assertEqual(verdicts(test), [])

    def test_expected_of_a_websocket(self) -> None:
        """It waits for what the app still does."""

        def test(self: ServerTestCase) -> None:
            with self.assertServerRaises(LookupError, "no room"):
                self.ws.connect("/chat").send_text("hello")

        self.assertEqual(verdicts(test, settle_timeout=5), [])

    def test_expected_in_vain(self) -> None:
        """What does not come fails there."""

        def test(self: ServerTestCase) -> None:
            with self.assertServerRaises(LookupError):
                self.client.get("/plain")

        (text,) = verdicts(test)
        self.assertEqual(
            text,
            "AssertionError: expected the app to raise LookupError, it raised nothing; "
            "it was asked for GET /plain (200)",
        )

    def test_raised(self) -> None:
        """With raise_server_exceptions it is raised where the request is made."""

        def test(self: ServerTestCase) -> None:
            with self.assertRaisesRegex(LookupError, "^no stock$"):
                self.client.get("/fail")

        self.assertEqual(verdicts(test, raise_server_exceptions=True), [])

    def test_raised_by_a_websocket(self) -> None:
        """So is one that ends a WebSocket, where the test receives, and where it sends."""

        def receive(self: ServerTestCase) -> None:
            with self.ws.connect("/chat") as chat, self.assertRaisesRegex(LookupError, "^no room$"):
                chat.send_text("hello")
                chat.receive()

        def send(self: ServerTestCase) -> None:
            with self.ws.connect("/chat") as chat, self.assertRaisesRegex(LookupError, "^no room$"):
                chat.send_text("hello")
                chat.recv_events_thread.join()  # wait_closed() is of websockets 15.1
                chat.send_text("again")

        for test in (receive, send):
            with self.subTest(test.__name__):
                self.assertEqual(verdicts(test, raise_server_exceptions=True), [])

    def test_behind_an_error(self) -> None:
        """An error of the test shows what the app raised and has not been seen."""

        def test(self: ServerTestCase) -> None:
            with self.client.stream("GET", "/fail"):
                raise ValueError("mine")

        (text,) = verdicts(test)
        self.assertRegex(text, "(?s)^ValueError: mine\n.*GET /fail.*LookupError: no stock\n")


class EndTests(unittest.TestCase):
    """The end of a test."""

    def test_leaks(self) -> None:
        """A task that the app was made to leave is cancelled and told, as the class says."""

        def test(self: ServerTestCase) -> None:
            self.client.get("/task")

        (text,) = verdicts(test, leaks="fail")
        self.assertRegex(text, r"^AssertionError: .*\.test left a task running, cancelled now:\n  task 'worker' of ")
        (text,) = verdicts(test)
        self.assertRegex(text, "^ResourceWarning: ")
        self.assertEqual(verdicts(test, leaks="ignore"), [])

    def test_leaks_of_the_test(self) -> None:
        """So is one that the test itself started."""

        def test(self: ServerTestCase) -> None:
            self.kept = self.run_async(leave_task())  # type: ignore[attr-defined]

        (text,) = verdicts(test, leaks="fail")
        self.assertRegex(text, "left a task running, cancelled now:\n  task 'left' of ")

    def test_clients_are_closed(self) -> None:
        """Clients and their sessions are closed, also where one cannot be."""
        kept: list[Any] = []

        def test(self: ServerTestCase) -> None:
            kept.extend([self.client, self.new_client(), self.ws.connect("/chat")])
            self.new_client().close = fail  # type: ignore[method-assign]

        self.assertEqual(verdicts(test, settle_timeout=5), ["LookupError: cannot close"])
        self.assertEqual([client.is_closed for client in kept[:2]], [True, True])
        self.assertEqual(kept[2].close_code, 1001)

    def test_overrides_are_undone(self) -> None:
        """What a test overrides by hand is undone."""

        def test(self: ServerTestCase) -> None:
            self.app.dependency_overrides[read_mood] = read_mood

        self.assertEqual(verdicts(test), [])
        self.assertEqual(failing.app.dependency_overrides, {})

    def test_blocked_loop(self) -> None:
        """A test that leaves the server's event loop blocked is told the line, and nothing besides."""
        done = threading.Event()

        def test(self: ServerTestCase) -> None:
            self.server._loop.call_soon_threadsafe(done.wait)  # type: ignore[union-attr]
            type(self).addClassCleanup(done.set)

        with mock.patch("fastapi_testing.server.threads.calls._GRACE", 20 * MS):
            (text,) = verdicts(test)
        self.assertRegex(text, r"\A.*LoopBlockedError: the event loop is blocked at:\n")

    def test_blocked_loop_and_clients(self) -> None:
        """A client that cannot be closed because of that does not wait without end."""
        done = threading.Event()

        def test(self: ServerTestCase) -> None:
            self.client.get("/plain")
            self.server._loop.call_soon_threadsafe(done.wait)  # type: ignore[union-attr]
            type(self).addClassCleanup(done.set)

        with mock.patch("fastapi_testing.server.threads.calls._GRACE", 20 * MS):
            (text,) = verdicts(test)
        self.assertRegex(text, r"LoopBlockedError: the event loop is blocked at:\n(?s:.*)waiter\.acquire\(\)")


class WrongTests(unittest.TestCase):
    """What cannot be meant."""

    def test_both_kinds(self) -> None:
        """A class that is of both kinds of case is refused where it is made."""
        with self.assertRaises(TypeError) as caught:
            type("ItemTests", (ServerTestCase, AsyncServerTestCase), {})
        self.assertEqual(
            str(caught.exception),
            "class ItemTests: ServerTestCase is for plain tests, and AsyncServerTestCase is for async ones: use "
            "AsyncServerTestCase instead of ServerTestCase",
        )

    def test_asynchronous(self) -> None:
        """A test, a hook or a cleanup that is a coroutine does not pass without being run."""

        async def asynchronous(self: ServerTestCase) -> None:
            raise AssertionError("never run")  # pragma: no cover - that is the point

        async def generator(self: ServerTestCase) -> Any:
            yield 1  # pragma: no cover - that is the point

        def test(self: ServerTestCase) -> None:
            self.addCleanup(asynchronous, self)

        def test_generator(self: ServerTestCase) -> None:
            self.addCleanup(generator, self)

        text = (
            "is asynchronous, and nothing awaits it in a ServerTestCase: make it a plain `def` that calls "
            "self.run_async(), or make the class an AsyncServerTestCase"
        )
        for found in (
            verdicts(asynchronous),
            verdicts(test),
            verdicts(test_generator),
            verdicts(passing, setUp=asynchronous),
            verdicts(passing, tearDown=asynchronous),
        ):
            self.assertEqual([re.sub(r"^TypeError: \S+ ", "", line) for line in found], [text])

    def test_set_up_class_without_super(self) -> None:
        """A class whose set-up does not start the server is told to."""
        result = run_classes(type("Case", (FailingCase,), {"test": passing, "setUpClass": classmethod(passing)}))
        self.assertEqual(
            outcomes(result)["test"],
            "fastapi_testing.errors.ServerNotRunningError: "
            "the server of Case is not running: call super().setUpClass() in yours",
        )

    def test_server_that_does_not_run(self) -> None:
        """Outside of its time, the server says when it runs."""
        with self.assertRaisesRegex(
            ServerNotRunningError, "^the server of ServedTests .*: it runs from setUpClass to "
        ):
            _ = ServedTests.server.url
        with self.assertRaisesRegex(ServerNotRunningError, "it runs from before setUp to the end of each test$"):
            _ = ScopeTests.server.url

    def test_servers_of_clients(self) -> None:
        """A client is one of a thread's server, and of one that runs."""

        def stopped(self: ServerTestCase) -> None:
            self.new_client(server=ServerThread(failing.app))

        def other(self: ServerTestCase) -> None:
            self.new_client(server=Server(failing.app))  # type: ignore[arg-type]

        self.assertEqual(
            [*verdicts(stopped), *verdicts(other)],
            [
                (
                    "fastapi_testing.errors.ServerNotRunningError: the server of FastAPI 'FastAPI' is not running: "
                    "enter it with `with`, or call its start()"
                ),
                (
                    "TypeError: the clients of a ServerTestCase are those of a ServerThread, "
                    "got <Server of FastAPI 'FastAPI' stopped>"
                ),
            ],
        )

    def test_websocket_on_the_loop(self) -> None:
        """A handshake is not waited for on the event loop that would answer it."""

        async def connect(test: ServerTestCase) -> None:
            test.ws.connect("/chat")

        def test(self: ServerTestCase) -> None:
            self.run_async(connect(self))

        self.assertEqual(
            verdicts(test),
            [
                (
                    "fastapi_testing.errors.ServerError: the server of Case was called on its own event loop, which "
                    "would wait for itself without end: await what is asynchronous, or make this call in a plain `def` "
                    "handler, or a thread"
                )
            ],
        )

    def test_result_that_is_not_none(self) -> None:
        """A test that returns something is warned of, as unittest does."""

        def test(self: ServerTestCase) -> int:
            return 1

        with self.assertWarnsRegex(DeprecationWarning, "^It is deprecated to return a value that is not None from a "):
            run_classes(type("Case", (FailingCase,), {"test": test}))


class SetUpTests(unittest.TestCase):
    """Hooks that fail, and tests that are not run."""

    def test_startup_failure(self) -> None:
        """An app that cannot start is the class's error, or with a server for each test the test's; nothing is left."""
        before = held_resources()
        for scope, name in (("class", "setUpClass"), ("test", "test")):
            attributes = {"test": passing, "app": None, "lifespan": broken_lifespan, "server_scope": scope}
            result = run_classes(type("Case", (ServerTestCase,), attributes))
            with self.subTest(scope):
                self.assertRegex(
                    outcomes(result)[name], "ServerStartupError: the lifespan of .*: LookupError: no data$"
                )
        del result
        self.assertEqual(held_resources(), before)

    def test_order(self) -> None:
        """Hooks and cleanups come in unittest's order, while the server runs."""
        calls: list[str] = []

        class Case(FailingCase):
            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                cls.addClassCleanup(cls.note, "class cleanup")
                cls.note("setUpClass")

            @classmethod
            def tearDownClass(cls) -> None:
                cls.note("tearDownClass")
                super().tearDownClass()

            @classmethod
            def note(cls, what: str) -> None:
                calls.append(f"{what}: {cls.server.is_running}")

            def setUp(self) -> None:
                self.addCleanup(self.note, "cleanup")
                self.note("setUp")

            def tearDown(self) -> None:
                self.note("tearDown")

            def test(self) -> None:
                self.note("test")

        self.assertEqual(outcomes(run_classes(Case)), {})
        names = ["setUpClass", "setUp", "test", "tearDown", "cleanup", "tearDownClass", "class cleanup"]
        self.assertEqual(calls, [f"{name}: True" for name in names])

    def test_failing_set_up(self) -> None:
        """A test whose set-up fails is cleaned up after."""

        def set_up(self: ServerTestCase) -> None:
            self.client.get("/background")
            raise LookupError("no table")

        found = verdicts(passing, setUp=set_up)
        self.assertEqual([text.partition(":")[0] for text in found], ["LookupError", "AssertionError"])

    def test_skipped_and_expected(self) -> None:
        """Tests are skipped, and expected to fail, as anywhere."""

        class Case(FailingCase):
            @unittest.skip("not now")
            def test_skipped(self) -> None:
                """Not run."""

            def test_skips_itself(self) -> None:
                self.skipTest("not here")

            @unittest.expectedFailure
            def test_fails(self) -> None:
                self.assertStatus(self.client.get("/fail"), 200)

        result = run_classes(Case)
        self.assertEqual([reason for _, reason in result.skipped], ["not now", "not here"])
        self.assertEqual((len(result.expectedFailures), result.wasSuccessful()), (1, True))

    def test_inheritance(self) -> None:
        """A class that inherits from another has a server of its own."""

        class Base(FailingCase):
            ports: ClassVar[list[int]] = []

            def test(self) -> None:
                self.ports.append(self.server.port)
                self.assertStatus(self.client.get("/plain"), 200)

        self.assertEqual(outcomes(run_classes(Base, type("Derived", (Base,), {}))), {})
        self.assertEqual(len(Base.ports), 2)


class HangTests(unittest.TestCase):
    """Tests that do not end."""

    def test_request(self) -> None:
        """A test that waits for the app is ended, and both are shown."""

        def test(self: ServerTestCase) -> None:
            self.client.get("/never", timeout=None)

        text = verdicts(test, test_timeout=100 * MS, leaks="ignore")[0]
        self.assertRegex(
            text,
            r"(?s)^AssertionError: not ended within \S+ s; the test is at:\n"
            r'  File "[^"]*test_sync_case.py", line \d+, in test\n'
            r".*\nin flight: GET /never, in tests\.case\.failing\.never, at:\n  File .*\n    await asyncio\.Event",
        )

    def test_run_async(self) -> None:
        """A coroutine that hangs is shown by the line that runs it."""

        def test(self: ServerTestCase) -> None:
            self.run_async(asyncio.Event().wait())

        (text,) = verdicts(test, test_timeout=50 * MS)
        self.assertRegex(
            text,
            r"\AAssertionError: not ended within 0\.05 s; the test is at:\n"
            r'  File ".*test_sync_case\.py", line \d+, in test\n'
            r"    self\.run_async\(asyncio\.Event\(\)\.wait\(\)\)\Z",
        )

    def test_sleep(self) -> None:
        """Whatever it is that a test waits for."""

        def test(self: ServerTestCase) -> None:
            time.sleep(60)

        (text,) = verdicts(test, test_timeout=50 * MS)
        self.assertRegex(
            text, r"^AssertionError: not ended within \S+ s; the test is at:\n  File .*\n    time.sleep\(60\)$"
        )

    def test_sub_test(self) -> None:
        """A part of a test that takes too long ends the whole of it, and is told once."""
        begun: list[int] = []

        def test(self: ServerTestCase) -> None:
            for number in range(2):  # pragma: no branch - the first is the last
                with self.subTest(number=number):
                    begun.append(number)
                    time.sleep(60)

        (text,) = verdicts(test, test_timeout=50 * MS)
        self.assertTrue(text.endswith("    time.sleep(60)"), text)
        self.assertEqual(begun, [0])

    def test_blocked_loop(self) -> None:
        """A handler that blocks the event loop is shown."""
        served = FastAPI()

        @served.get("/block")
        async def block() -> None:
            time.sleep(0.5)  # noqa: ASYNC251 - that is what is tested

        def test(self: ServerTestCase) -> None:
            self.client.get("/block", timeout=None)

        text = verdicts(test, app=served, test_timeout=50 * MS, settle_timeout=5)[0]
        self.assertRegex(
            text, r"(?s)in flight: GET /block.*the server's event loop is blocked at:\n  File .*time\.sleep\("
        )

    def test_debugger(self) -> None:
        """A test that has stopped in a debugger may take as long as it likes."""
        looks: list[int] = []

        def is_debugging() -> bool:
            looks.append(1)
            return True

        def test(self: ServerTestCase) -> None:
            self.assertEventually(lambda: looks)
            time.sleep(60 * MS)

        with mock.patch("fastapi_testing.server.threads.lookout.is_debugging", is_debugging):
            self.assertEqual(verdicts(test, test_timeout=20 * MS), [])
        self.assertTrue(looks)

    def test_in_time(self) -> None:
        """A test that ends is not touched."""
        self.assertEqual(verdicts(passing, test_timeout=60), [])


class InterruptTests(unittest.TestCase):
    """Ctrl-C."""

    def test_stops_the_server(self) -> None:
        """It goes through, and the app is shut down before."""

        def test(self: ServerTestCase) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            self.client.get("/never")  # pragma: no cover - interrupted, mostly before

        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        for scope in ("class", "test"):
            with self.subTest(scope), self.assertRaises(KeyboardInterrupt):
                run_classes(type("Case", (FailingCase,), {"test": test, "app": shop.app, "server_scope": scope}))
            self.assertFalse(shop.app.state.running)

    def test_cleanups(self) -> None:
        """The cleanups of the test and of its class are called, and it says what was in flight."""
        events: list[str] = []

        def test(self: ServerTestCase) -> None:
            self.addCleanup(events.append, "test")
            type(self).addClassCleanup(events.append, "class")
            self.ws.connect("/chat")
            signal.raise_signal(signal.SIGINT)

        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        before = held_resources()
        with self.assertRaises(KeyboardInterrupt) as raised:
            run_classes(type("Case", (FailingCase,), {"test": test}))
        self.assertEqual(events, ["test", "class"])
        (note,) = raised.exception.__notes__
        self.assertRegex(note, r"^in flight: WebSocket /chat, in tests\.case\.failing\.chat, waits at File ")
        del raised
        self.assertEqual(held_resources(), before)

    def test_failing_end_of_the_app(self) -> None:
        """What fails as the server is stopped for it is a note of it, and does not take its place."""

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield
            raise LookupError("no database")

        def test(_: ServerTestCase) -> None:
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt) as raised:
            run_classes(type("Case", (ServerTestCase,), {"app": FastAPI(lifespan=lifespan), "test": test}))
        (note,) = raised.exception.__notes__
        self.assertTrue(note.startswith("and then, as the server was stopped:\n"), note)
        self.assertIn("LookupError: no database\n", note)

    def test_before_the_test(self) -> None:
        """It goes through also before there is a test to end."""

        def interrupt(_: object) -> None:
            raise KeyboardInterrupt

        case = type("Case", (FailingCase,), {"test": passing, "server_scope": "test", "_callSetUp": interrupt})
        with self.assertRaises(KeyboardInterrupt):
            run_classes(case)


class DebugTests(unittest.TestCase):
    """Tests that are run to stop in a debugger where they fail."""

    def test_failure(self) -> None:
        """What a test raises goes through, and the server is stopped before."""

        def test(self: ServerTestCase) -> None:
            self.assertTrue(self.app.state.running)
            raise LookupError("mine")

        before = held_resources()
        for scope in ("class", "test", "module"):
            case = type("Case", (FailingCase,), {"test": test, "app": shop.app, "server_scope": scope})
            with self.subTest(scope), self.assertRaisesRegex(LookupError, "^mine$"):
                unittest.defaultTestLoader.loadTestsFromTestCase(case).debug()
            self.assertFalse(shop.app.state.running)
        unittest.doModuleCleanups()
        self.assertEqual(held_resources(), before)


async def running_loop() -> asyncio.AbstractEventLoop:
    """Return the loop."""
    return asyncio.get_running_loop()


async def look() -> str:
    """Return the context variable."""
    return seen.get()


async def leave_task() -> "asyncio.Task[Any]":
    """Leave a task."""
    task = asyncio.create_task(asyncio.Event().wait(), name="left")
    await asyncio.sleep(0)
    return task


def passing(_: object) -> None:
    """Pass."""


def fail() -> None:
    """Fail."""
    raise LookupError("cannot close")


@contextlib.asynccontextmanager
async def broken_lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Fail to start."""
    raise LookupError("no data")
    yield  # pragma: no cover - makes it a generator
