"""What failures say of requests that no route took: real servers, and each failure to the letter."""

import asyncio
from typing import Any

from fastapi import APIRouter, FastAPI, Header, HTTPException, WebSocket
from fastapi.exceptions import WebSocketRequestValidationError
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import BaseRoute, Host, Match, Mount, Route, Router
from websockets.exceptions import InvalidStatus

from fastapi_testing import AsyncServerTestCase, Server, ServerTestCase
from tests.assertions.failures import FailureAssertions

NOT_FOUND = '404 Not Found; body: {"detail":"Not Found"}'


def make_app() -> FastAPI:
    """Make a shop: routes of its own, an included router, and an app that is mounted."""
    app = FastAPI()
    router = APIRouter()

    @router.get("/items/{item_id}")
    async def read_item(item_id: int) -> int:
        raise HTTPException(404, "no such item")

    @router.put("/items/{item_id}")
    async def write_item(item_id: int) -> None:
        pass  # pragma: no cover - only its route is looked at

    @router.websocket("/chat/{room}")
    async def chat(websocket: WebSocket, room: str, token: str, x_count: int = Header()) -> None:
        pass  # pragma: no cover - only its parameters are looked at

    app.include_router(router, prefix="/v1")

    @app.get("/orders/")
    async def read_orders() -> None:
        pass  # pragma: no cover - only its route is looked at

    @app.websocket("/closed")
    async def close(websocket: WebSocket) -> None:
        await websocket.close()

    @app.websocket("/refused")
    async def refuse(websocket: WebSocket) -> None:
        try:
            int("no number")
        except ValueError:
            await websocket.close()

    users = FastAPI()

    @users.get("/users/{name}")
    async def read_user(name: str) -> None:
        pass  # pragma: no cover - only its route is looked at

    app.mount("/admin", users)
    return app


class HTTPTests(FailureAssertions, AsyncServerTestCase):
    """Requests that no route of a FastAPI takes."""

    app = make_app()

    async def assertSays(self, asked: str, got: str, said: str) -> None:
        """Fail unless an assertion on the response to a request says this, on a line of its own."""
        response = await self.client.request(*asked.split())
        with self.assertFails(f"{asked}: expected status 200, got {got}{said}"):
            self.assertStatus(response, 200)

    async def test_misspelt(self) -> None:
        """The nearest route is named, with its methods and the prefix of its router."""
        said = "\nno route of the app matches GET /v1/item/1; nearest: GET/PUT /v1/items/{item_id}"
        await self.assertSays("GET /v1/item/1", NOT_FOUND, said)

    async def test_query(self) -> None:
        """The query is no part of what routes are for."""
        said = "\nno route of the app matches GET /v1/item/1; nearest: GET/PUT /v1/items/{item_id}"
        await self.assertSays("GET /v1/item/1?page=2", NOT_FOUND, said)

    async def test_prefix(self) -> None:
        """A prefix that was left out is seen."""
        said = "\nno route of the app matches GET /items/1; nearest: GET/PUT /v1/items/{item_id}"
        await self.assertSays("GET /items/1", NOT_FOUND, said)

    async def test_mounted(self) -> None:
        """So are the routes of a mounted app, whether or not the path leads there."""
        for path in ("/admin/user/ada", "/users/ada"):
            said = f"\nno route of the app matches GET {path}; nearest: GET /admin/users/{{name}}"
            await self.assertSays(f"GET {path}", NOT_FOUND, said)

    async def test_nothing_near(self) -> None:
        """Where none is near, their number is told."""
        said = "\nno route of the app matches GET /x; none of its 7 routes is near"
        await self.assertSays("GET /x", NOT_FOUND, said)

    async def test_method(self) -> None:
        """405 says which methods the path has."""
        got = '405 Method Not Allowed; body: {"detail":"Method Not Allowed"}'
        said = "\nno route of the app matches DELETE /v1/items/1: /v1/items/{item_id} takes GET and PUT"
        await self.assertSays("DELETE /v1/items/1", got, said)

    async def test_websocket_route(self) -> None:
        """A path that only a WebSocket has is told as one."""
        said = "\nno route of the app matches GET /v1/chat/lobby; nearest: WebSocket /v1/chat/{room}"
        await self.assertSays("GET /v1/chat/lobby", NOT_FOUND, said)

    async def test_redirected_slash(self) -> None:
        """A redirect to the same path with a slash at its end is told as one."""
        got = f"307 Temporary Redirect to {self.server.url}/orders/; body: empty"
        said = (
            "\nno route of the app matches GET /orders, but GET /orders/ does, to which it redirects: "
            "write the path with the slash at its end"
        )
        await self.assertSays("GET /orders", got, said)

    async def test_redirected_slash_of_another_method(self) -> None:
        """So is one where the other path does not take the method either."""
        got = f"307 Temporary Redirect to {self.server.url}/orders/; body: empty"
        said = "\nno route of the app matches POST /orders; nearest: GET /orders/ (mind the slash at its end)"
        await self.assertSays("POST /orders", got, said)

    async def test_handler(self) -> None:
        """A 404 that a route's own function answered is left alone."""
        await self.assertSays("GET /v1/items/1", '404 Not Found; body: {"detail":"no such item"}', "")

    async def test_other_assertions(self) -> None:
        """Every assertion that describes an answer says it."""
        response = await self.client.get("/v1/item/1")
        said = "\nno route of the app matches GET /v1/item/1; nearest: GET/PUT /v1/items/{item_id}"
        with self.assertFails(
            f'GET /v1/item/1: expected HTTP error 404 with detail "gone", got {NOT_FOUND}{said}',
        ):
            self.assertHTTPError(response, 404, "gone")
        with self.assertFails(f"GET /v1/item/1: the OpenAPI schema has no such path; got {NOT_FOUND}{said}"):
            self.assertMatchesOpenAPI(response)


class WebSocketTests(FailureAssertions, AsyncServerTestCase):
    """Handshakes that no route takes, or none as it is."""

    app = make_app()

    async def assertNoted(self, path: str, note: str, **options: Any) -> None:
        """Fail unless the exception of a rejected handshake has this note."""
        with self.assertRaises(InvalidStatus) as caught:
            await self.ws.connect(path, **options)
        self.assertEqual(caught.exception.__notes__, [f"WebSocket {path}: the handshake was rejected{note}"])

    async def test_no_route(self) -> None:
        """That no route is for the path is said in place of the status."""
        said = "no route of the app matches WebSocket /v1/chats/lobby; nearest: WebSocket /v1/chat/{room}"
        await self.assertNoted("/v1/chats/lobby", f": {said}")
        with self.assertFails(
            "WebSocket /v1/chats/lobby: expected the handshake to be rejected with 401, got 403 Forbidden; "
            f"body: empty\n{said}"
        ):
            await self.assertWebSocketRejected("/v1/chats/lobby", 401)

    async def test_missing_parameters(self) -> None:
        """A parameter that is missing is named, and so is one that is of the wrong type."""
        where = f"{__name__}.make_app.<locals>.chat"
        said = (
            f"the handshake is not as {where} takes it: query.token: Field required (missing); header.x-count: Input "
            "should be a valid integer, unable to parse string as an integer (int_parsing)"
        )
        await self.assertNoted("/v1/chat/lobby", f": {said}", headers={"X-Count": "x"})
        with self.assertFails(
            f"WebSocket /v1/chat/lobby: expected the handshake to be rejected with 401, got 403 Forbidden; "
            f"body: empty\n{said}"
        ):
            connecting = self.ws.connect("/v1/chat/lobby", headers={"X-Count": "x"})
            await self.assertWebSocketRejected(connecting, 401)

    async def test_closed_by_the_handler(self) -> None:
        """A handler that rejects by itself leaves the status as it is, also where it handles an exception."""
        await self.assertNoted("/closed", " with 403 Forbidden")
        await self.assertNoted("/refused", " with 403 Forbidden")


class SyncTests(FailureAssertions, ServerTestCase):
    """The same in plain tests."""

    app = make_app()

    def test_no_route(self) -> None:
        """No route, of HTTP and of WebSockets."""
        with self.assertFails(
            f"GET /v1/item/1: expected status 200, got {NOT_FOUND}\n"
            "no route of the app matches GET /v1/item/1; nearest: GET/PUT /v1/items/{item_id}"
        ):
            self.assertStatus(self.client.get("/v1/item/1"), 200)
        with self.assertRaises(InvalidStatus) as caught:
            self.ws.connect("/v1/chats/lobby")
        said = "no route of the app matches WebSocket /v1/chats/lobby; nearest: WebSocket /v1/chat/{room}"
        self.assertEqual(caught.exception.__notes__, [f"WebSocket /v1/chats/lobby: the handshake was rejected: {said}"])


async def ok(request: Request) -> PlainTextResponse:
    """Answer."""
    return PlainTextResponse("ok")  # pragma: no cover - only its route is looked at


async def gone(request: Request) -> PlainTextResponse:
    """Answer that it is not here."""
    return PlainTextResponse("gone", 404)


class Never(BaseRoute):
    """A route of a kind of its own, for nothing."""

    def matches(self, _: Any) -> tuple[Match, Any]:
        return Match.NONE, {}


class EndsWithGone(BaseRoute):
    """A route of the user's own making, which says nothing in the scope."""

    def matches(self, scope: Any) -> tuple[Match, Any]:  # noqa: ARG002 - it matches anything
        return Match.FULL, {}

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("gone", 404)(scope, receive, send)


def without_the_prefix(app: Any) -> Any:
    """Return an app whose paths are rewritten before they are routed, as behind a proxy."""

    async def call(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope["path"] = scope["path"].removeprefix("/proxied")
        await app(scope, receive, send)

    call.app = app  # type: ignore[attr-defined]
    return call


def copying(app: Any) -> Any:
    """Return an app that is called with a copy of the scope."""

    async def call(scope: Any, receive: Any, send: Any) -> None:
        await app(dict(scope), receive, send)

    call.app = app  # type: ignore[attr-defined]
    return call


class OtherAppTests(AsyncServerTestCase, FailureAssertions):
    """Apps of Starlette, apps in middleware, and apps that show no routes."""

    async def said(self, app: Any, asked: str) -> str:
        """Return what is said, after a failed assertion's first line, of a request to an app."""
        server = await self.enterAsyncContext(Server(app))
        response = await self.new_client(server=server).request(*asked.split())
        with self.assertRaises(AssertionError) as caught:
            self.assertStatus(response, 299)
        return str(caught.exception).partition("\n")[2]

    async def test_starlette(self) -> None:
        """Convertors are shown, HEAD is not, and an endpoint that is a class takes any method."""
        app = Starlette(
            routes=[
                Route("/items/{item_id:int}", ok),
                Mount("/inner", routes=[Route("/thing", EndsWithGone().handle, methods=["GET"])]),
                Mount("/files", app=PlainTextResponse("a file", 404)),
                Host("api.example.org", app=Router([Route("/hosted", ok)])),
            ]
        )
        for asked, near in {
            "GET /items/abc": "GET /items/{item_id:int}",
            "GET /inner/things": "GET /inner/thing",
            "GET /hostet": "GET /hosted",
        }.items():
            with self.subTest(asked):
                said = f"no route of the app matches {asked}; nearest: {near}"
                self.assertEqual(await self.said(app, asked), said)
        self.assertEqual(await self.said(app, "GET /files/a"), "")

    async def test_any_method(self) -> None:
        """A route without methods takes any."""
        app = Starlette(routes=[Route("/items", PlainTextResponse("ok"))])
        said = "no route of the app matches PUT /item; nearest: any method /items"
        self.assertEqual(await self.said(app, "PUT /item"), said)
        self.assertEqual(await self.said(app, "PUT /items"), "")

    async def test_only_route(self) -> None:
        """An app with one route says so."""
        app = Starlette(routes=[Route("/items", ok)])
        said = "no route of the app matches GET /x; its only route is not near"
        self.assertEqual(await self.said(app, "GET /x"), said)

    async def test_without_the_slash(self) -> None:
        """A slash too many is told, too, also where the app does not redirect."""
        app = Starlette(routes=[Route("/items", ok)])
        self.assertEqual(
            await self.said(app, "GET /items/"),
            "no route of the app matches GET /items/, but GET /items does, to which it redirects: "
            "write the path without the slash at its end",
        )
        app.router.redirect_slashes = False
        self.assertEqual(
            await self.said(app, "GET /items/"),
            "no route of the app matches GET /items/; nearest: GET /items (mind the slash at its end)",
        )

    async def test_root_path(self) -> None:
        """A path may have the app's root path before it."""
        app = FastAPI()
        app.root_path = "/api"  # FastAPI's own argument for it is deprecated
        app.add_api_route("/items", ok, methods=["POST"], response_model=None)
        said = "no route of the app matches GET /api/items: /items takes POST"
        self.assertEqual(await self.said(app, "GET /api/items"), said)

    async def test_no_routes(self) -> None:
        """An app without any route is said to have none."""
        said = "no route of the app matches GET /items: the app has none"
        self.assertEqual(await self.said(FastAPI(), "GET /items"), said)

    async def test_middleware(self) -> None:
        """An app is seen through what stands around it, by what its router saw."""
        app = Starlette(routes=[Route("/items", ok), Route("/gone", gone)])
        said = "no route of the app matches GET /item; nearest: GET /items"
        self.assertEqual(await self.said(GZipMiddleware(app), "GET /item"), said)
        self.assertEqual(await self.said(without_the_prefix(app), "GET /proxied/item"), said)
        self.assertEqual(await self.said(without_the_prefix(app), "GET /proxied/gone"), "")

    async def test_copied_scope(self) -> None:
        """What a router saw in a scope of its own is not known, so nothing is said."""
        app = Starlette(routes=[Route("/items", ok), Route("/gone", gone)])
        self.assertEqual(await self.said(copying(app), "GET /item"), "")
        self.assertEqual(await self.said(copying(app), "GET /gone"), "")

    async def test_mounted_in_itself(self) -> None:
        """An app that is mounted in itself is looked at once."""
        app = Starlette(routes=[Route("/items", ok)])
        app.mount("/api", app)
        said = "no route of the app matches GET /item; nearest: GET /items"
        self.assertEqual(await self.said(app, "GET /item"), said)

    async def test_nothing_to_say(self) -> None:
        """Of an app that shows no routes, and of routes that answer in silence, nothing is said."""
        self.assertEqual(await self.said(PlainTextResponse("gone", 404), "GET /item"), "")
        self.assertEqual(await self.said(Starlette(routes=[Never()]), "GET /item"), "")
        self.assertEqual(await self.said(Starlette(routes=[EndsWithGone()]), "GET /item"), "")

    async def test_rejected_otherwise(self) -> None:
        """A handler of the app's own for invalid handshakes changes nothing in what is said of them."""
        app = FastAPI()

        @app.exception_handler(WebSocketRequestValidationError)
        async def deny(websocket: WebSocket, exc: WebSocketRequestValidationError) -> None:
            await websocket.send_denial_response(JSONResponse({"errors": len(exc.errors())}, 422))

        @app.websocket("/chat")
        async def chat(websocket: WebSocket, token: str) -> None:
            pass  # pragma: no cover - only its parameters are looked at

        server = await self.enterAsyncContext(Server(app))
        with self.assertRaises(InvalidStatus) as caught:
            await self.new_client(server=server).ws.connect("/chat")
        where = f"{__name__}.{type(self).__name__}.test_rejected_otherwise.<locals>.chat"
        said = f"the handshake is not as {where} takes it: query.token: Field required (missing)"
        self.assertEqual(caught.exception.__notes__, [f"WebSocket /chat: the handshake was rejected: {said}"])

    async def test_in_flight(self) -> None:
        """What is still being answered can be asked, too."""
        release = asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                await app(scope, receive, send)
                await release.wait()

        app = Starlette(routes=[Route("/items", ok)])
        slow.app = app  # type: ignore[attr-defined]
        server = await self.enterAsyncContext(Server(slow))
        response = await self.new_client(server=server).get("/item", extensions={"settle": False})
        said = "no route of the app matches GET /item; nearest: GET /items"
        self.assertEqual(response.extensions["exchange"].obstacle, said)
        release.set()

    async def test_lifespan(self) -> None:
        """A lifespan has no route to find."""
        assert self.server.recorder.lifespan is not None
        self.assertEqual(self.server.recorder.lifespan.obstacle, "")
