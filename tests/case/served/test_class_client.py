"""The client of a class: made in its hooks, closed at its end, and what each of its tests begins with."""

import tempfile
import unittest
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI, Request, Response, WebSocket
from starlette.testclient import TestClient

from fastapi_testing import (
    AsyncServerTestCase,
    AsyncTestClient,
    Client,
    Server,
    ServerNotRunningError,
    ServerTestCase,
    SyncClient,
)
from tests.case.served.test_given_client import ADVICE
from tests.processes import run_python
from tests.running import outcomes, run_classes

app = FastAPI()


@app.post("/login")
async def login(response: Response) -> None:
    """Set a cookie."""
    response.set_cookie("sid", "ada")


@app.get("/user")
async def show(request: Request) -> list[str]:
    """Answer with what makes a user."""
    return [request.headers.get(name, "") for name in ("cookie", "x-tenant", "authorization")]


@app.get("/number")
async def number() -> int:
    """Answer with what the schema does not describe."""
    return Response('"nought"', media_type="application/json")  # type: ignore[return-value]


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Send what comes, until the client goes."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


class AsyncTests(AsyncServerTestCase):
    """A class that logs in once."""

    app = app

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        await cls.client.post("/login")
        cls.client.headers["X-Tenant"] = "red"

    async def test_begins(self) -> None:
        """Each test is logged in, and what it does to its client is of no other test."""
        self.assertJsonEqual(await self.client.get("/user"), ["sid=ada", "red", ""])
        self.client.cookies.clear()
        del self.client.headers["X-Tenant"]
        self.assertJsonEqual(await self.client.get("/user"), ["", "", ""])

    test_begins_again = test_begins

    async def test_others(self) -> None:
        """The client of the class is another, and further ones of a test are nobody's."""
        self.assertIsNot(self.client, type(self).client)
        self.assertIs(type(self).client, type(self).client)
        self.assertJsonEqual(await self.new_client().get("/user"), ["", "", ""])
        self.assertJsonEqual(await type(self).client.get("/user"), ["sid=ada", "red", ""])

    async def test_own(self) -> None:
        """What a hook or the test sets on itself comes first, and it may have a client of its own."""
        self.headers, self.cookies = {"X-Tenant": "blue"}, {"sid": "bob"}  # type: ignore[misc]
        self.assertJsonEqual(await self.client.get("/user"), ["sid=bob", "blue", ""])
        self.client = self.new_client(headers={"X-Tenant": "green"}, cookies={})
        self.assertJsonEqual(await self.client.get("/user"), ["", "green", ""])
        self.client = type(self).client  # which is not closed by this
        self.assertJsonEqual(await self.client.get("/user"), ["sid=ada", "red", ""])


class SyncTests(ServerTestCase):
    """The same with plain tests."""

    app = app

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.client.post("/login")
        cls.client.headers["X-Tenant"] = "red"

    def test_begins(self) -> None:
        """Each test is logged in, and what it does to its client is of no other test."""
        self.assertJsonEqual(self.client.get("/user"), ["sid=ada", "red", ""])
        self.client.cookies.clear()
        del self.client.headers["X-Tenant"]
        self.assertJsonEqual(self.client.get("/user"), ["", "", ""])

    test_begins_again = test_begins

    def test_own(self) -> None:
        """What a hook or the test sets on itself comes first, and it may have a client of its own."""
        self.headers, self.cookies = {"X-Tenant": "blue"}, {"sid": "bob"}  # type: ignore[misc]
        self.assertJsonEqual(self.client.get("/user"), ["sid=bob", "blue", ""])
        self.client = type(self).client  # which is not closed by this
        self.assertJsonEqual(self.client.get("/user"), ["sid=ada", "red", ""])


class InheritedTests(AsyncTests):
    """A class that inherits from another has a client of its own, which its own hook makes."""

    async def test_inherited(self) -> None:
        """It has asked once."""
        self.assertIsNot(type(self).client, vars(AsyncTests).get("_framework_class_client"))
        self.assertJsonEqual(await self.client.get("/user"), ["sid=ada", "red", ""])


class SharedTests(AsyncTests):
    """One whose server is its module's has a client of its own, too."""

    server_scope = "module"


class SharedSyncTests(SyncTests):
    """The same with plain tests."""

    server_scope = "module"


class SyncHookTests(AsyncServerTestCase):
    """A hook that cannot await, of a class whose tests do."""

    app = app

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.client.headers["X-Tenant"] = "red"
        cls.client.auth = ("ada", "1")

    async def test_begins(self) -> None:
        """It can say what the client of the class, and of each test, sends."""
        self.assertJsonEqual(await self.client.get("/user"), ["", "red", "Basic YWRhOjE="])


class Hooks:
    """Classes whose hook does something, in both kinds."""

    @staticmethod
    def run(base: type[unittest.TestCase], hook: Any, test: Any = None, **body: Any) -> dict[str, str]:
        """Run a class whose set-up calls a hook once the server is there, and return what goes wrong."""

        async def set_up_async(cls: Any) -> None:
            await super(cls, cls).asyncSetUpClass()  # type: ignore[misc]
            await hook(cls)

        def set_up(cls: Any) -> None:
            super(cls, cls).setUpClass()  # type: ignore[misc]
            hook(cls)

        async def passes(_: Any) -> None: ...

        is_sync = base is ServerTestCase
        name, function = ("setUpClass", set_up) if is_sync else ("asyncSetUpClass", set_up_async)
        tests = {"test": test or ((lambda _: None) if is_sync else passes), name: classmethod(function)}
        return outcomes(run_classes(type("Case", (base,), {"app": app, **tests, **body})))


class LifeTests(unittest.TestCase):
    """From when to when there is a client of a class."""

    def test_closed_with_class(self) -> None:
        """All that a hook makes are closed at the end, also where it fails after that, and their WebSockets before."""
        made: list[Any] = []

        async def hook(cls: Any) -> None:
            made.extend([cls.client, cls.new_client(headers={"X-Tenant": "red"})])
            await made[-1].get("/user")
            await cls.client.ws.connect("/echo")

        async def failing_hook(cls: Any) -> None:
            await hook(cls)
            raise ZeroDivisionError

        def sync_hook(cls: Any) -> None:
            made.extend([cls.client, cls.new_client(headers={"X-Tenant": "red"})])
            made[-1].get("/user")
            cls.client.ws.connect("/echo")

        def failing_sync_hook(cls: Any) -> None:
            sync_hook(cls)
            raise ZeroDivisionError

        self.assertEqual(Hooks.run(AsyncServerTestCase, hook), {})
        self.assertEqual(Hooks.run(AsyncServerTestCase, failing_hook), {"setUpClass": "ZeroDivisionError"})
        self.assertEqual(Hooks.run(ServerTestCase, sync_hook), {})
        self.assertEqual(Hooks.run(ServerTestCase, failing_sync_hook), {"setUpClass": "ZeroDivisionError"})
        self.assertEqual([type(each) for each in made], [Client] * 4 + [SyncClient] * 4)
        self.assertEqual([each.is_closed for each in made], [True] * 8)

    def test_open_websocket(self) -> None:
        """What it has open is there for each test, and no guard takes it for the test's."""

        async def hook(cls: Any) -> None:
            cls.session = await cls.client.ws.connect("/echo")

        async def test(case: Any) -> None:
            await case.session.send_text("hello")
            case.assertEqual(await case.session.receive_text(), "hello")

        self.assertEqual(Hooks.run(AsyncServerTestCase, hook, test, test_2=test, leaks="fail"), {})

    def test_not_made(self) -> None:
        """Where nobody asks for it, there is none."""

        def test(case: Any) -> None:
            case.assertStatus(case.client.get("/user"), 200)
            case.assertNotIn("_framework_class_client", vars(type(case)))

        self.assertEqual(Hooks.run(ServerTestCase, lambda _: None, test), {})

    def test_not_running(self) -> None:
        """Before and after, and where each test has a server of its own, the error says when there is one."""

        class Case(AsyncServerTestCase):
            app = app

            async def test(self) -> None: ...

        self.assertEqual(outcomes(run_classes(Case)), {})
        text = f"the server of {Case.__qualname__} is not running: it runs from asyncSetUpClass to the class cleanups"
        with self.assertRaises(ServerNotRunningError) as raised:
            _ = Case.client.headers
        self.assertEqual(str(raised.exception), text)

        statuses: list[int] = []

        async def hook(cls: Any) -> None:
            other = await cls.enterAsyncClassContext(Server(app))
            statuses.append((await cls.new_client(server=other).get("/user")).status_code)
            await cls.client.get("/user")

        told = Hooks.run(AsyncServerTestCase, hook, server_scope="test")
        text = "with server_scope = 'test' it runs from before asyncSetUp to the end of each test"
        text = f"{ServerNotRunningError.__module__}.ServerNotRunningError: the server of Case is not running: {text}"
        self.assertEqual((told, statuses), ({"setUpClass": text}, [200]))

    def test_openapi(self) -> None:
        """With check_openapi its responses are checked as well."""

        def hook(cls: Any) -> None:
            cls.client.get("/number")

        told = Hooks.run(ServerTestCase, hook, check_openapi=True)
        self.assertEqual(told, {"setUpClass": 'got 200 OK; body: "nought"'})

    def test_overridden_maker(self) -> None:
        """A new_client() that is a method of tests is theirs, and the class has the one of its base."""

        def hook(cls: Any) -> None:
            cls.client.post("/login")

        def of_tests(case: Any, **options: Any) -> SyncClient:
            client: SyncClient = ServerTestCase.new_client(case, **options)  # type: ignore[call-arg]
            client.headers["X-Tenant"] = "red"
            return client

        def test(case: Any) -> None:
            case.assertJsonEqual(case.client.get("/user"), ["sid=ada", "red", ""])

        self.assertEqual(Hooks.run(ServerTestCase, hook, test, new_client=of_tests), {})

    def test_wrapper(self) -> None:
        """What wraps a client of HTTP has its cookies and headers for it."""

        async def hook(cls: Any) -> None:
            await cls.client.post("/login")

        async def test(case: Any) -> None:
            case.assertJsonEqual(await case.client.get("/user"), ["sid=ada", "", ""])

        self.assertEqual(Hooks.run(AsyncServerTestCase, hook, test, client_class=AsyncTestClient), {})


class SetTests(unittest.TestCase):
    """What a hook sets as the client of its class."""

    def setUp(self) -> None:
        self.given: list[Any] = []

    def tearDown(self) -> None:
        self.assertEqual([client.is_closed for client in self.given], [True] * len(self.given))

    def test_taken(self) -> None:
        """It is what tests begin with, of whatever maker, and closed with the class."""

        async def hook(cls: Any) -> None:
            cls.client = httpx2.AsyncClient(base_url=cls.server.url, headers={"X-Tenant": "red"}, auth=("ada", "1"))
            await cls.client.post("/login")
            self.given.append(cls.client)

        async def test(case: Any) -> None:
            case.assertJsonEqual(await case.client.get("/user"), ["sid=ada", "red", "Basic YWRhOjE="])
            case.assertIs(type(case).client, self.given[0])

        self.assertEqual(Hooks.run(AsyncServerTestCase, hook, test, test_2=test), {})

    def test_made(self) -> None:
        """So is what new_client() has made."""

        def hook(cls: Any) -> None:
            cls.client = cls.new_client(headers={"X-Tenant": "red"})
            cls.client.post("/login")
            self.given.append(cls.client)

        def test(case: Any) -> None:
            case.assertJsonEqual(case.client.get("/user"), ["sid=ada", "red", ""])

        self.assertEqual(Hooks.run(ServerTestCase, hook, test, test_2=test), {})

    def test_none(self) -> None:
        """After None, the next use makes a new one."""

        def hook(cls: Any) -> None:
            cls.client.post("/login")
            self.given.append(cls.client)
            cls.client = None

        def test(case: Any) -> None:
            case.assertJsonEqual(case.client.get("/user"), ["", "", ""])
            self.given.append(type(case).client)
            case.assertIsNot(*self.given)

        self.assertEqual(Hooks.run(ServerTestCase, hook, test), {})

    def test_refused(self) -> None:
        """Where it asks somebody else, each test says so."""

        def hook(cls: Any) -> None:
            cls.client = TestClient(app)

        advice = ADVICE.replace("self.", "cls.")
        text = "ValueError: cls.client (starlette.testclient.TestClient) calls an app itself, past the server of Case: "
        text += advice
        told = Hooks.run(ServerTestCase, hook, test_2=lambda _: None)
        self.assertEqual(told, {"test": text, "test_2": text})

    def test_body(self) -> None:
        """What the body of a class says is the user's."""

        def test(case: Any) -> None:
            case.assertEqual(case.client, "mine")

        client = property(lambda _: "mine")
        self.assertEqual(Hooks.run(ServerTestCase, lambda _: None, test, client=client), {})


class RunnerTests(unittest.TestCase):
    """Who runs the tests."""

    def test_pytest(self) -> None:
        """Under pytest the class logs in once, also for a part of its tests."""
        source = (
            "from tests.case.served.test_class_client import AsyncTests, SyncTests\n"
            "class Async(AsyncTests): ...\nclass Sync(SyncTests): ...\ndel AsyncTests, SyncTests\n"
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "test_own.py")
            path.write_text(source, "utf-8")
            # The test client of an older Starlette uses a name that anyio has deprecated since.
            strict = ("-W", "error", "-W", "ignore:The anyio.abc.BlockingPortal alias:DeprecationWarning")
            options = ("-q", "-p", "no:cacheprovider", *strict, "-k", "begins")
            told = run_python("-m", "pytest", *options, str(path), folder=Path(folder)).stdout
        self.assertRegex(told, r"(?m)^4 passed, \d+ deselected", told)
