"""What a test gives itself for its client: who can be that, how it settles, and who closes it."""

import asyncio
import unittest
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
from fastapi import BackgroundTasks, FastAPI, Response, WebSocket
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
from tests.loops import LOOPS
from tests.running import outcomes, run_classes

ADVICE = (
    "leave the line out, as self.client is there already, or write self.client = self.new_client(headers=..., "
    "cookies=...)"
)

app = FastAPI()
done: list[str] = []


@app.get("/")
async def read(tasks: BackgroundTasks) -> str:
    """Answer, and do something after it that takes a few turns of the event loop."""

    async def work() -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        done.append("work")

    tasks.add_task(work)
    return "read"


@app.get("/fail")
async def fail() -> None:
    """Raise what a response shows."""
    raise LookupError("no stock")


@app.get("/number")
async def number() -> int:
    """Answer with what the schema does not describe."""
    return Response('"nought"', media_type="application/json")  # type: ignore[return-value]


@app.get("/login")
async def login(response: Response) -> None:
    """Set a cookie."""
    response.set_cookie("sid", "1")


@app.websocket("/cookies")
async def send_cookies(websocket: WebSocket) -> None:
    """Send what cookies came."""
    await websocket.accept()
    await websocket.send_json(websocket.cookies)


def troubles(base: type[unittest.TestCase], give: Callable[[Any], Any], test: Any, **body: Any) -> dict[str, str]:
    """Run a class whose set-up gives a test its client, and return what goes wrong."""

    def set_up(case: Any) -> None:
        case.client = give(case)

    return outcomes(run_classes(type("Case", (base,), {"app": app, "setUp": set_up, "test": test, **body})))


def refusal(give: Callable[[Any], Any], base: type[unittest.TestCase] = AsyncServerTestCase, **body: Any) -> str:
    """Return why a client is refused, without the port of the server."""
    ports: list[str] = []

    def noted(case: Any) -> Any:
        ports.append(str(case.server.port))
        return give(case)

    text = troubles(base, noted, lambda _: None, **body)["test"]
    return text.replace(ports[0], "PORT")


ASYNC: tuple[Callable[[Any], Any], ...] = (
    lambda case: httpx.AsyncClient(base_url=case.server.url),
    lambda case: httpx2.AsyncClient(base_url=f"http://localhost:{case.server.port}/"),
    lambda case: Client(case.server.url),
    lambda case: case.new_client(),
)
SYNC: tuple[Callable[[Any], Any], ...] = (
    lambda case: httpx.Client(base_url=case.server.url),
    lambda case: httpx2.Client(base_url=case.server.url),
    lambda case: SyncClient(case.server.url, thread=case.server),
    lambda case: case.new_client(),
)


class TakenTests(unittest.TestCase):
    """Clients that are taken, of whatever maker."""

    def each(self, test: Any, sync_test: Any, **body: Any) -> list[dict[str, str]]:
        """Return what goes wrong with each kind of client, in tests of both kinds."""
        return [
            *(troubles(AsyncServerTestCase, give, test, **body) for give in ASYNC),
            *(troubles(ServerTestCase, give, sync_test, **body) for give in SYNC),
        ]

    def test_settles(self) -> None:
        """A request returns when the app's call has ended, and has its exchange; unless the request says otherwise."""

        async def test(case: AsyncServerTestCase) -> None:
            done.clear()
            response = await case.client.get("/")
            case.assertEqual(done, ["work"])
            case.assertEqual(response.extensions["exchange"].endpoint, f"{__name__}.read")
            case.assertJsonEqual(await case.client.get("/", extensions={"settle": False}), "read")

        def sync_test(case: ServerTestCase) -> None:
            done.clear()
            response = case.client.get("/")
            case.assertEqual(done, ["work"])
            case.assertEqual(response.extensions["exchange"].endpoint, f"{__name__}.read")
            case.assertJsonEqual(case.client.get("/", extensions={"settle": False}), "read")

        self.assertEqual(self.each(test, sync_test), [{}] * 8)

    def test_server_exceptions(self) -> None:
        """With raise_server_exceptions a request raises what the app has raised, and left by another, it does not."""

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertRaisesRegex(LookupError, "no stock"):
                await case.client.get("/fail")
            with case.assertRaises(ZeroDivisionError):
                async with case.client.stream("GET", "/fail"):
                    raise ZeroDivisionError

        def sync_test(case: ServerTestCase) -> None:
            with case.assertRaisesRegex(LookupError, "no stock"):
                case.client.get("/fail")
            with case.assertRaises(ZeroDivisionError), case.client.stream("GET", "/fail"):
                raise ZeroDivisionError

        self.assertEqual(self.each(test, sync_test, raise_server_exceptions=True), [{}] * 8)

    def test_closing(self) -> None:
        """The connection of a request for which the app has raised is not used again: uvicorn is about to close it."""
        self.check_closing(LOOPS[0])

    def test_closing_on_another_loop(self) -> None:
        """So it is on uvloop, where sockets are shut down in another way."""
        self.check_closing(LOOPS[-1])

    def check_closing(self, factory: Callable[[], asyncio.AbstractEventLoop] | None) -> None:
        """Check it on one kind of event loop."""

        def address(response: Any) -> Any:
            return response.extensions["exchange"].client

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertServerRaises(LookupError):
                first = address(await case.client.get("/fail"))
            case.assertNotEqual(address(await case.client.get("/")), first)

        def sync_test(case: ServerTestCase) -> None:
            with case.assertServerRaises(LookupError):
                first = address(case.client.get("/fail"))
            case.assertNotEqual(address(case.client.get("/")), first)

        self.assertEqual(self.each(test, sync_test, loop_factory=factory), [{}] * 8)

    def test_openapi(self) -> None:
        """With check_openapi its responses are checked as well."""

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertRaisesRegex(AssertionError, "not as the schema documents 200"):
                await case.client.get("/number")

        def sync_test(case: ServerTestCase) -> None:
            with case.assertRaisesRegex(AssertionError, "not as the schema documents 200"):
                case.client.get("/number")

        self.assertEqual(self.each(test, sync_test, check_openapi=True), [{}] * 8)

    def test_websockets(self) -> None:
        """``self.ws`` opens WebSockets as it does, with its cookies."""

        async def test(case: AsyncServerTestCase) -> None:
            await case.client.get("/login")
            ws = case.ws
            case.assertIs(case.ws, ws)
            async with ws.connect("/cookies") as session:
                case.assertEqual(await session.receive_json(), {"sid": "1"})
            case.client = case.new_client(cookies={"sid": "2"})
            async with case.ws.connect("/cookies") as session:
                case.assertEqual(await session.receive_json(), {"sid": "2"})

        def sync_test(case: ServerTestCase) -> None:
            case.client.get("/login")
            with case.ws.connect("/cookies") as session:
                case.assertEqual(session.receive_json(), {"sid": "1"})
            case.client = case.new_client(cookies={"sid": "2"})
            with case.ws.connect("/cookies") as session:
                case.assertEqual(session.receive_json(), {"sid": "2"})

        self.assertEqual(self.each(test, sync_test), [{}] * 8)

    def test_mocked(self) -> None:
        """What its mounts answer has no exchange, and is as it is."""
        mounts: Any = {"http://mail.example": httpx.MockTransport(lambda _: httpx.Response(202))}

        async def test(case: AsyncServerTestCase) -> None:
            response = await case.client.get("http://mail.example/sent")
            case.assertEqual((response.status_code, "exchange" in response.extensions), (202, False))

        def sync_test(case: ServerTestCase) -> None:
            response = case.client.get("http://mail.example/sent")
            case.assertEqual((response.status_code, "exchange" in response.extensions), (202, False))

        def give(case: Any) -> httpx.AsyncClient:
            return httpx.AsyncClient(base_url=case.server.url, mounts=mounts)

        def give_sync(case: Any) -> httpx.Client:
            return httpx.Client(base_url=case.server.url, mounts=mounts)

        self.assertEqual(troubles(AsyncServerTestCase, give, test), {})
        self.assertEqual(troubles(ServerTestCase, give_sync, sync_test), {})

    def test_wrapper(self) -> None:
        """What wraps a client of HTTP is taken too."""

        async def test(case: Any) -> None:
            response = await case.client.get("/")
            case.assertJsonEqual(response, "read")

        self.assertEqual(troubles(AsyncServerTestCase, lambda case: AsyncTestClient(case.server.url), test), {})

    def test_own_maker(self) -> None:
        """What the class's client_class makes is taken, whatever that is."""

        class Asker:
            def __init__(self, **_: Any) -> None: ...

            async def aclose(self) -> None: ...

        async def test(case: Any) -> None:
            case.assertIsInstance(case.client, Asker)

        give: Any = AsyncServerTestCase.new_client  # called with the test
        self.assertEqual(troubles(AsyncServerTestCase, give, test, client_class=Asker), {})

    def test_tls(self) -> None:
        """So is one that speaks TLS, and so do its WebSockets."""

        def give(case: AsyncServerTestCase) -> httpx.AsyncClient:
            return httpx.AsyncClient(
                base_url=case.server.url, verify=case.server.client_ssl_context(), timeout=httpx.Timeout(None)
            )

        async def test(case: AsyncServerTestCase) -> None:
            case.assertJsonEqual(await case.client.get("/"), "read")
            async with case.ws.connect("/cookies") as session:
                case.assertEqual(await session.receive_json(), {})

        self.assertEqual(troubles(AsyncServerTestCase, give, test, tls=True), {})


class RefusedTests(unittest.TestCase):
    """Clients that would ask somebody else, or nobody."""

    def test_in_process(self) -> None:
        """What calls the app in the process is told from what asks the server, wherever it says that it leads."""
        text = "ValueError: self.client ({}) calls an app itself, past the server of Case: " + ADVICE
        in_process = httpx.ASGITransport(app)
        self.assertEqual(
            refusal(lambda case: httpx.AsyncClient(transport=in_process, base_url=case.server.url)),
            text.format("httpx.AsyncClient"),
        )
        for base in (AsyncServerTestCase, ServerTestCase):
            told = refusal(lambda _: TestClient(app), base)
            self.assertEqual(told, text.format("starlette.testclient.TestClient"))

    def test_elsewhere(self) -> None:
        """It has to lead to the test's own server, be it one that new_client() has made."""
        text = "ValueError: self.client {} to the server of Case at http://127.0.0.1:PORT: " + ADVICE
        self.assertEqual(
            refusal(lambda _: httpx.AsyncClient(base_url="http://shop.example")),
            text.format("leads to http://shop.example, and not"),
        )
        self.assertEqual(
            refusal(lambda _: httpx.Client(), ServerTestCase), text.format("has no base_url, and does not lead")
        )

        async def test(case: AsyncServerTestCase) -> None:
            other = await case.enterAsyncContext(Server(app))
            with case.assertRaisesRegex(ValueError, f"^self.client leads to {other.url}, and not to the server of"):
                case.client = case.new_client(server=other)

        self.assertEqual(troubles(AsyncServerTestCase, lambda _: None, test), {})

    def test_other_kind(self) -> None:
        """One that blocks is refused in tests that await, and one that has to be awaited in plain ones."""
        self.assertEqual(
            refusal(lambda case: httpx.Client(base_url=case.server.url)),
            "TypeError: self.client (httpx.Client) would block the event loop on which the server of Case answers: "
            f"make it an httpx.AsyncClient(base_url=self.server.url), or {ADVICE}",
        )
        self.assertEqual(
            refusal(lambda case: httpx2.AsyncClient(base_url=case.server.url), ServerTestCase),
            "TypeError: self.client (httpx2.AsyncClient) would have to be awaited, which the tests of Case do not: "
            f"make it an httpx.Client(base_url=self.server.url), or {ADVICE}",
        )

    def test_no_client(self) -> None:
        """Anything else is to have another name; a coroutine may be a client that nobody has awaited."""
        text = "TypeError: self.client must be a client of httpx that leads to the server of Case, got "
        self.assertEqual(refusal(lambda _: 3), f"{text}3: give what else is called so another name")

        async def make() -> None: ...

        coroutine = make()
        self.assertEqual(refusal(lambda _: coroutine), f"{text}{coroutine!r}: was an `await` forgotten?")

    def test_closed(self) -> None:
        """One that is closed can ask nothing, such as one that a test before has had."""

        def give(case: ServerTestCase) -> httpx.Client:
            with httpx.Client(base_url=case.server.url) as client:
                return client

        self.assertEqual(
            refusal(give, ServerTestCase),
            "ValueError: self.client is closed, and cannot ask the server of Case: make it for each test",
        )

    def test_not_running(self) -> None:
        """A test that does not run has no client, and takes none."""

        class Case(AsyncServerTestCase):
            async def test(self) -> None: ...

        text = "is not running: it has a client from its set-up to its last cleanup"
        case = Case("test")
        with self.assertRaisesRegex(ServerNotRunningError, text):
            case.client = httpx.AsyncClient()
        with self.assertRaisesRegex(ServerNotRunningError, text):
            _ = case.client


held = httpx.Client()


class ClosingTests(unittest.TestCase):
    """Who closes a client."""

    given: list[Any]

    def setUp(self) -> None:
        self.given = []

    def test_made_by_test(self) -> None:
        """A test's own is closed at its end, also where the test has had others after it, and took it twice."""

        async def test(case: Any) -> None:
            first = case.client
            case.client = second = case.new_client()
            case.client = first
            self.given += [first, second]

        def sync_test(case: Any) -> None:
            self.given.append(case.client)
            case.client = None
            self.given.append(case.client)
            case.assertIsInstance(case.client, SyncClient)
            del case.client
            self.given.append(case.client)

        for give in ASYNC:
            self.assertEqual(troubles(AsyncServerTestCase, give, test), {})
        for give in SYNC:
            self.assertEqual(troubles(ServerTestCase, give, sync_test), {})
        self.assertEqual(len({*map(id, self.given)}), 20)
        self.assertEqual([client.is_closed for client in self.given], [True] * 20)

    def test_failing_set_up(self) -> None:
        """It is closed, too, where the set-up fails after it."""

        def give(case: Any) -> None:
            case.client = httpx.Client(base_url=case.server.url)
            case.client.get("/")
            self.given.append(case.client)
            raise ZeroDivisionError

        told = troubles(ServerTestCase, give, lambda _: None)
        self.assertEqual((told, self.given[0].is_closed), ({"test": "ZeroDivisionError"}, True))

    def test_held_by_class(self) -> None:
        """One that the class has is there for the next test, and each settles by it once."""

        async def set_up(cls: Any) -> None:
            await super(cls, cls).asyncSetUpClass()  # type: ignore[misc]
            cls.http = await cls.enterAsyncClassContext(httpx.AsyncClient(base_url=cls.server.url))

        async def test(case: Any) -> None:
            done.clear()
            await case.client.get("/")
            case.assertEqual((done, len(case.http.event_hooks["response"])), (["work"], 1))
            case.client.event_hooks = {"response": []}  # others, of the user's own

        hooks: dict[str, Any] = {"asyncSetUpClass": classmethod(set_up), "test_2": test}
        self.assertEqual(troubles(AsyncServerTestCase, lambda case: case.http, test, **hooks), {})

    def test_held_by_module(self) -> None:
        """So is one that its module has, and nothing of a test stays with it."""

        def test(case: Any) -> None:
            done.clear()
            case.client.get("/")
            case.assertEqual(done, ["work"])

        def give(case: Any) -> httpx.Client:
            held.base_url = case.server.url
            return held

        with held:
            named = {"test_2": test, "__module__": __name__}
            self.assertEqual(troubles(ServerTestCase, give, test, **named), {})
            self.assertEqual(held.event_hooks["response"], [])
