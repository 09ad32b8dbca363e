"""Names of other frameworks: what is raised for each, to the letter, and that nothing else changes."""

import contextlib
import copy
import inspect
import itertools
import pickle
import re
import unittest
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

import httpx
from fastapi import FastAPI, WebSocket

from fastapi_testing import (
    AsyncServerTestCase,
    AsyncTestClient,
    Client,
    ServerTestCase,
    SyncClient,
    WebSocketClient,
)
from fastapi_testing.client.events.stream import EventStream
from fastapi_testing.client.transport.body import LoopbackResponse
from fastapi_testing.client.websocket.client import Connecting
from fastapi_testing.hints import foreign, names
from tests.running import run_classes

app = FastAPI()


@app.get("/")
async def read() -> dict[str, int]:
    """Answer."""
    return {"a": 1}


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    """Wait for the client to close."""
    await websocket.accept()
    await websocket.receive()


class RaisesAssertions(unittest.TestCase):
    """Asserts what is raised."""

    def assertRaisesText(self, expected: type[Exception], text: str, call: Callable[[], object]) -> None:
        """Fail unless a call raises an exception of the type, or of one below it, with this text."""
        with self.assertRaises(expected) as caught:
            call()
        self.assertEqual(str(caught.exception), text)


class AttributeTests(RaisesAssertions, AsyncServerTestCase):
    """Attributes of what an asynchronous test holds."""

    app = app

    def assertInstead(self, held: object, name: str, instead: str) -> None:
        """Fail unless an attribute is not there, and the error says what to write."""
        text = f"{type(held).__name__!r} object has no attribute {name!r}; write here: {instead}"
        self.assertRaisesText(AttributeError, text, lambda: getattr(held, name))
        self.assertFalse(hasattr(held, name))
        self.assertIsNone(getattr(held, name, None))

    def test_case(self) -> None:
        """A test case knows the assertions of Flask-Testing and Django, and the hooks of aiohttp."""
        self.assertInstead(self, "assert200", "self.assertStatus(response, 200)")
        self.assertInstead(self, "assert_404", "self.assertStatus(response, 404)")
        self.assertInstead(self, "assert_redirects", "self.assertRedirects(response, location)")
        self.assertInstead(self, "assert_template_used", "self.assertTemplateUsed(response, name)")
        self.assertInstead(self, "assertJSONEqual", "self.assertJsonEqual(response, {...})")
        self.assertInstead(self, "live_server_url", "self.server.url")
        self.assertInstead(self, "get_app", "app = app in the class, or the class method create_app()")

    async def test_client(self) -> None:
        """A client knows those of Starlette, Django, Flask and aiohttp."""
        self.assertInstead(self.client, "websocket_connect", "self.ws.connect(path)")
        login = "self.override_dependency(current_user, value=user), or a request that logs in"
        self.assertInstead(self.client, "login", login)
        self.assertInstead(self.client, "set_cookie", "self.client.cookies.set(name, value)")
        url = 'f"{self.server.url}/path", which requests of the client do not need'
        self.assertInstead(self.client, "make_url", url)

    async def test_response(self) -> None:
        """A response knows those of Flask, Django and aiohttp, also where its body has not come yet."""
        response = await self.client.get("/")
        self.assertInstead(response, "data", "response.content, response.text, or response.json()")
        self.assertInstead(response, "status", "response.status_code, or self.assertStatus(response, expected)")
        self.assertInstead(LoopbackResponse(200), "redirect_chain", "response.history")

    async def test_websockets(self) -> None:
        """What opens WebSockets knows what sessions have, and a session what aiohttp's have."""
        instead = "self.ws.connect(path) first, and then send_json() of the session that it opens"
        self.assertInstead(self.ws, "send_json", instead)
        instead = (
            "async with self.ws.connect(path) as session:, or session = await self.ws.connect(path), for the session "
            "that has it"
        )
        for name in ("send_json", "receive", "close", "subprotocol"):
            self.assertInstead(self.ws.connect("/echo"), name, instead)
        async with self.ws.connect("/echo") as session:
            self.assertInstead(session, "send_str", "send_text(text)")
            self.assertInstead(session, "accepted_subprotocol", "subprotocol")

    def test_tables(self) -> None:
        """No name of the tables is one that the object has."""
        for table, owner in {
            "CASE_NAMES": AsyncServerTestCase(),
            "CLIENT_NAMES": Client,
            "RESPONSE_NAMES": LoopbackResponse,
            "WEBSOCKET_CLIENT_NAMES": WebSocketClient,
            "CONNECTING_NAMES": Connecting,
        }.items():
            with self.subTest(table):
                self.assertEqual([name for name in getattr(names, table) if hasattr(owner, name)], [])
        instance = httpx.Response(200)
        self.assertEqual([name for name in names.RESPONSE_NAMES if hasattr(instance, name)], [])

    def test_class(self) -> None:
        """A class knows the names of its tests, too; runners that look at all it has find something there."""
        text = "type object 'AttributeTests' has no attribute 'assert200'; write here: self.assertStatus(response, 200)"
        assert200: Any = AttributeTests.assert200  # type: ignore[attr-defined]
        for use in (lambda: assert200(None, kind=""), lambda: assert200.a, lambda: [*assert200], lambda: not assert200):
            self.assertRaisesText(AttributeError, text, use)
        self.assertFalse(hasattr(assert200, "a"))
        text = "type object 'Client' has no attribute 'put_json'"
        with self.assertRaisesRegex(AttributeError, f"^{text}"):
            Client.put_json  # type: ignore[attr-defined]  # noqa: B018 - it raises

    async def test_listed(self) -> None:
        """None of the names is listed, nor slows a class down by a ``__getattr__``, and what a test sets is there."""
        response = await self.client.get("/")
        for held, table in [
            (self, names.CASE_NAMES),
            (self.client, names.CLIENT_NAMES),
            (response, names.RESPONSE_NAMES),
            (self.ws, names.WEBSOCKET_CLIENT_NAMES),
        ]:
            self.assertEqual({*table}.intersection(dir(held)), set())
            self.assertFalse(hasattr(type(held), "__getattr__"))
        self.settings = {"a": 1}
        self.assertEqual((self.settings, "settings" in dir(self)), ({"a": 1}, True))

    def test_another_name(self) -> None:
        """For any other name the error is Python's own."""
        text = "'AttributeTests' object has no attribute 'assertStatu'"
        self.assertRaisesText(AttributeError, text, lambda: self.assertStatu)  # type: ignore[attr-defined]

    def test_copies(self) -> None:
        """What is copied or pickled is as it was."""
        response = LoopbackResponse(200, content=b"x", request=httpx.Request("GET", "http://test/"))
        for made in (pickle.loads(pickle.dumps(response)), copy.copy(response)):  # noqa: S301 - pickled here
            self.assertEqual((type(made), made.content), (LoopbackResponse, b"x"))
        case = type(self)("test_copies")
        self.assertEqual(pickle.loads(pickle.dumps(case)).id(), self.id())  # noqa: S301 - pickled here


class SyncAttributeTests(RaisesAssertions, ServerTestCase):
    """The same in plain tests, which share the tables."""

    app = app

    def test_everything(self) -> None:
        """Case, client, response, and what opens WebSockets."""
        response = self.client.get("/")
        end = "object has no attribute"
        for held, name, instead in [
            (self, "assert404", "self.assertStatus(response, 404)"),
            (self.client, "ws_connect", "self.ws.connect(path)"),
            (response, "body", "response.content"),
            (self.ws, "websocket_connect", "self.ws.connect(path)"),
        ]:
            text = f"{type(held).__name__!r} {end} {name!r}; write here: {instead}"
            self.assertRaisesText(AttributeError, text, partial(getattr, held, name))

    def test_session(self) -> None:
        """A session, too."""
        with self.ws.connect("/echo") as session:
            text = "'SyncWebSocketSession' object has no attribute 'receive_str'; write here: receive_text()"
            self.assertRaisesText(AttributeError, text, lambda: session.receive_str)  # type: ignore[attr-defined]


class TracebackTests(ServerTestCase):
    """Where the traceback of such an error ends."""

    app = app

    def test_users_line(self) -> None:
        """On the user's line, be the name in the tables or not; that of a property's own error, in the property."""

        def foreign_name(case: Any) -> None:
            case.assert200(None)

        def unknown_name(case: Any) -> None:
            case.assertStatu(None)

        def of_client(case: Any) -> None:
            case.client.gett("/")

        def in_property(case: Any) -> None:
            case.broken  # noqa: B018 - it raises

        broken = property(lambda _: object().missing)  # type: ignore[attr-defined]
        for base, test in itertools.product(
            (AsyncServerTestCase, ServerTestCase), (foreign_name, unknown_name, of_client, in_property)
        ):
            with self.subTest(base=base, test=test.__name__):
                body = {"app": app, "test": test, "broken": broken}
                ((_, text),) = run_classes(type("Case", (base,), body)).errors
                files = re.findall(r'^  File "(.+?)", line', text, re.MULTILINE)
                if test is in_property:
                    self.assertEqual((files[0], files[-1]), (__file__, __file__))
                else:
                    self.assertEqual(files, [__file__])

    def test_suggestion(self) -> None:
        """The error has what Python suggests a name by that is spelt alike."""
        with self.assertRaises(AttributeError) as caught:
            self.client.gett  # type: ignore[attr-defined]  # noqa: B018 - it raises
        self.assertEqual((caught.exception.name, caught.exception.obj), ("gett", self.client))


class FallbackTests(RaisesAssertions):
    """ForeignNames among other classes."""

    def test_mixin(self) -> None:
        """What a class further on defines is found, and one that makes attributes up is asked."""

        class Made:
            def __getattr__(self, name: str) -> str:
                return f"made {name}"

        class Defined:
            def assert200(self) -> str:
                return "defined"

        class Both(foreign.ForeignNames, Defined, Made):
            _foreign = names.CASE_NAMES

        self.assertEqual((Both().assert200(), getattr(Both(), "other", None)), ("defined", "made other"))
        self.assertEqual((Both.assert200(Both()), "assert200" in dir(Both())), ("defined", True))

    def test_property(self) -> None:
        """An AttributeError from inside of a property is the one that is seen."""

        class Held(foreign.ForeignNames):
            @property
            def broken(self) -> object:
                return object().missing  # type: ignore[attr-defined]

        text = "'object' object has no attribute 'missing'"
        self.assertRaisesText(AttributeError, text, lambda: Held().broken)


class KeywordTests(RaisesAssertions, AsyncServerTestCase):
    """Keyword arguments."""

    app = app

    def assertInstead(self, function: str, call: Callable[[], object], keyword: str, instead: str) -> None:
        """Fail unless a call, and nothing that is awaited, raises for the keyword argument."""
        text = f"{function}() got an unexpected keyword argument {keyword!r}; write here: {instead}"
        self.assertRaisesText(TypeError, text, call)

    async def test_requests(self) -> None:
        """The requests of a client raise at the call, not at the await."""
        get: Any = self.client.get
        self.assertInstead("AsyncClient.get", lambda: get("/", follow=True), "follow", "follow_redirects=...")
        instead = 'json=... or data=..., which set it, or headers={"Content-Type": ...} with content=...'
        self.assertInstead("AsyncClient.get", lambda: get("/", content_type="x"), "content_type", instead)
        self.assertInstead("AsyncClient.get", lambda: get("/", HTTP_X_A="b"), "HTTP_X_A", 'headers={"X-A": ...}')
        instead = 'self.client.request("GET", url, json=...)'
        self.assertInstead("AsyncClient.get", lambda: get("/", json={}), "json", instead)
        stream: Any = self.client.stream
        call = lambda: stream("GET", "/", query_string={})  # noqa: E731 - as above
        self.assertInstead("AsyncClient.stream", call, "query_string", "params={...}")

    async def test_handshake(self) -> None:
        """So does a handshake."""
        connect: Any = self.ws.connect
        call = lambda: connect("/echo", additional_headers={})  # noqa: E731 - as above
        self.assertInstead("WebSocketClient.connect", call, "additional_headers", "headers={...}")

    async def test_assertions(self) -> None:
        """So do the assertions whose names other frameworks have, too."""
        response = await self.client.get("/")
        contains: Any = self.assertContains
        self.assertInstead(
            "HTTPAssertions.assertContains",
            lambda: contains(response, "a", status_code=200),
            "status_code",
            "self.assertStatus(response, status), or status=... of assertRedirects()",
        )

    async def test_standalone(self) -> None:
        """The client of the standalone front end raises when it is awaited, as it always did."""
        async with AsyncTestClient(self.server.url) as client:
            with self.assertRaises(TypeError) as caught:
                await client.get("/", follow=True)
        text = "AsyncClient.request() got an unexpected keyword argument 'follow'; write here: follow_redirects=..."
        self.assertEqual(str(caught.exception), text)

    async def test_others(self) -> None:
        """What no table has, and what another function does not take, is raised as it is."""
        get: Any = self.client.get
        text = "AsyncClient.get() got an unexpected keyword argument 'foo'"
        self.assertRaisesText(TypeError, text, lambda: get("/", foo=1))

        def fail(**given: object) -> None:
            raise TypeError("get() got an unexpected keyword argument 'follow'" if given else "no keyword")

        explained = foreign.explain_keywords(names.REQUEST_KEYWORDS)(fail)
        self.assertRaisesText(TypeError, "no keyword", explained)
        self.assertRaisesText(
            TypeError, "get() got an unexpected keyword argument 'follow'", lambda: explained(follow=1)
        )

    async def test_still_coroutine_functions(self) -> None:
        """Mocks take a request of the client for what is awaited, and one of a plain client for what is not."""
        self.assertEqual((await self.client.get("/")).json(), {"a": 1})
        with mock.patch.object(self.client, "get") as mocked:
            self.assertIsInstance(mocked, mock.AsyncMock)
        self.assertTrue(inspect.iscoroutinefunction(Client.get) and inspect.iscoroutinefunction(self.client.get))
        self.assertIsInstance(mock.create_autospec(self.client).get, mock.AsyncMock)
        self.assertFalse(inspect.iscoroutinefunction(SyncClient.get))
        self.assertEqual(inspect.signature(Client.get), inspect.signature(httpx.AsyncClient.get))


class SyncKeywordTests(RaisesAssertions, ServerTestCase):
    """The same in plain tests."""

    app = app

    def test_requests_and_handshakes(self) -> None:
        """Requests, and handshakes."""
        get: Any = self.client.get
        connect: Any = self.ws.connect
        text = "Client.get() got an unexpected keyword argument 'follow'; write here: follow_redirects=..."
        self.assertRaisesText(TypeError, text, lambda: get("/", follow=True))
        text = "connect() got an unexpected keyword argument 'extra_headers'; write here: headers={...}"
        self.assertRaisesText(TypeError, text, lambda: connect("/echo", extra_headers={}))


class WithTests(RaisesAssertions, AsyncServerTestCase):
    """``with`` in place of ``async with``."""

    app = app

    async def test_with(self) -> None:
        """It raises a TypeError that says what to write, wherever it is entered."""
        for held, name, instead in [
            (self.ws.connect("/echo"), "Connecting", "async with self.ws.connect(path) as session:"),
            (self.client.sse("/"), "EventStream", "async with self.client.sse(path) as events:"),
        ]:
            entered: Any = held
            with self.subTest(name):
                text = f"{name!r} object does not support the context manager protocol"
                with self.assertRaises(TypeError) as caught, entered:
                    self.fail("it was entered")  # pragma: no cover - it is not
                self.assertEqual(str(caught.exception), f"{text}; write here: {instead}")
                self.assertFalse(hasattr(entered, "__enter__") or hasattr(entered, "__exit__"))
                with self.assertRaises(TypeError), contextlib.ExitStack() as stack:
                    stack.enter_context(entered)

    async def test_printed(self) -> None:
        """It is printed, and goes to another process, as Python's own."""
        with self.assertRaises(TypeError) as caught:
            EventStream.__enter__  # type: ignore[attr-defined]  # noqa: B018 - it raises
        self.assertIs(type(pickle.loads(pickle.dumps(caught.exception))), TypeError)  # noqa: S301 - pickled here
        self.assertEqual(
            (type(caught.exception).__module__, type(caught.exception).__name__), ("builtins", "TypeError")
        )


class SyncWithTests(RaisesAssertions, ServerTestCase):
    """``async with`` in place of ``with``."""

    app = app

    def test_async_with(self) -> None:
        """It raises a TypeError that says what to write."""

        async def enter(held: Any) -> None:
            async with held:
                self.fail("it was entered")  # pragma: no cover - it is not

        with self.ws.connect("/echo") as session:
            for held, name, instead in [
                (session, "SyncWebSocketSession", "with self.ws.connect(path) as session:"),
                (self.client.sse("/"), "SyncEventStream", "with self.client.sse(path) as events:"),
            ]:
                with self.subTest(name):
                    text = f"{name!r} object does not support the asynchronous context manager protocol"
                    with self.assertRaises(TypeError) as caught:
                        self.run_async(enter(held))
                    self.assertEqual(str(caught.exception), f"{text}; write here: {instead}")
