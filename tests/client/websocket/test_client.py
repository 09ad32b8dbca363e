"""Tests of the WebSocket client: how a connection opens, what the server sees of it, and how all are closed."""

import asyncio
import socket
from typing import Any, cast

import httpx
from websockets.exceptions import (
    ConnectionClosedError,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    NegotiationError,
)
from websockets.protocol import State

from fastapi_testing import Client, Server
from fastapi_testing.client.websocket.client import WebSocketClient
from fastapi_testing.client.websocket.session import WebSocketSession
from fastapi_testing.errors import ForeignURLError
from tests.client.parity_app import app
from tests.client.peers import TLS, WebSocketTestCase, deaf, serve_peer, url_of
from tests.timing import MS


class ConnectTests(WebSocketTestCase):
    """Opening a connection."""

    async def test_await(self) -> None:
        """A connection that is awaited stays open until it is closed."""
        session = await self.ws.connect("/echo")
        self.assertIsInstance(session, WebSocketSession)
        self.assertIs(session.state, State.OPEN)
        await session.close()
        self.assertIs(session.state, State.CLOSED)

    async def test_enter(self) -> None:
        """A connection that is entered closes with its block, normally."""
        async with self.ws.connect("/echo") as session:
            self.assertIs(session.state, State.OPEN)
        self.assertEqual((session.state, session.close_code), (State.CLOSED, 1000))

    async def test_enter_and_raise(self) -> None:
        """A connection whose block raises closes with an internal error, and the exception goes on."""
        with self.assertRaises(ZeroDivisionError):
            async with self.ws.connect("/echo") as session:
                raise ZeroDivisionError
        self.assertEqual((session.state, session.close_code), (State.CLOSED, 1011))

    async def test_target(self) -> None:
        """What connects has the request target and the time-out of its handshake, for messages about it."""
        connecting = self.ws.connect("/echo", params={"a": "1"}, open_timeout=2.5)
        self.assertEqual((connecting.target, connecting.open_timeout), ("/echo?a=1", 2.5))

    async def test_await_twice(self) -> None:
        """Each await opens a connection of its own."""
        connecting = self.ws.connect("/echo")
        self.assertIsNot(await connecting, await connecting)

    async def test_enter_twice(self) -> None:
        """Each block has a connection of its own, also inside another block of the same."""
        connecting = self.ws.connect("/echo")
        async with connecting as outer:
            async with connecting as inner:
                self.assertIsNot(inner, outer)
            self.assertEqual((inner.state, outer.state), (State.CLOSED, State.OPEN))
        self.assertIs(outer.state, State.CLOSED)

    async def test_nothing_before(self) -> None:
        """Nothing happens before the connection is awaited: not even a URL is looked at."""
        connecting = self.ws.connect("ws://elsewhere.example/echo")
        with self.assertRaises(ForeignURLError):
            await connecting

    async def test_subprotocol(self) -> None:
        """A subprotocol that the server chooses is known to the session."""
        session = await self.ws.connect("/request/me?subprotocol=v2", subprotocols=["v1", "v2"])
        self.assertEqual(session.subprotocol, "v2")
        self.assertEqual((await session.receive_json())["headers"]["sec-websocket-protocol"], "v1, v2")

    async def test_subprotocol_not_offered(self) -> None:
        """A subprotocol that was not offered fails the handshake."""
        with self.assertRaisesRegex(NegotiationError, "unsupported subprotocol: v3"):
            await self.ws.connect("/request/me?subprotocol=v3", subprotocols=["v1", "v2"])

    async def test_compression(self) -> None:
        """Messages are compressed only where it was asked for."""
        plain = await self.ws.connect("/echo")
        deflated = await self.ws.connect("/echo", compression="deflate")
        self.assertEqual(plain.protocol.extensions, [])
        self.assertEqual([extension.name for extension in deflated.protocol.extensions], ["permessage-deflate"])

    async def test_options(self) -> None:
        """What websockets can limit, a test can limit; keep-alive pings are sent only if asked for."""
        plain = await self.ws.connect("/echo")
        pinging = await self.ws.connect("/echo", ping_interval=20, ping_timeout=10, close_timeout=3, max_size=10)
        self.assertEqual((plain.ping_interval, plain.close_timeout), (None, 1))
        self.assertEqual((pinging.ping_interval, pinging.ping_timeout, pinging.close_timeout), (20, 10, 3))
        await pinging.send_text("eleven bytes")
        with self.assertRaises(ConnectionClosedError):
            await pinging.receive()

    async def test_timeout(self) -> None:
        """A session waits as long as it was told, or else as long as its client."""
        self.assertEqual((await self.ws.connect("/echo")).timeout, 5)
        self.assertEqual((await self.ws.connect("/echo", timeout=7)).timeout, 7)

    async def test_rejected(self) -> None:
        """A handshake that is rejected raises what websockets raises."""
        with self.assertRaises(InvalidStatus) as caught:
            await self.ws.connect("/forbidden")
        self.assertEqual(caught.exception.response.status_code, 403)

    async def test_denied(self) -> None:
        """A handshake that is answered with HTTP raises too, and what it set in the cookie jar stays."""
        with self.assertRaises(InvalidStatus) as caught:
            await self.ws.connect("/denied")
        self.assertEqual(caught.exception.response.body, b"Who are you?")
        self.assertEqual(dict(self.client.cookies), {"asked": "yes"})

    async def test_refused(self) -> None:
        """A server that is not there raises what the operating system says."""
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))  # bound, and not listening
            async with self.new_client(url_of(sock)) as client:
                with self.assertRaises(ConnectionRefusedError):
                    await WebSocketClient(client).connect("/")

    async def test_handshake_not_answered(self) -> None:
        """A handshake that nobody answers ends in time, and says what was waited for."""
        with socket.create_server(("127.0.0.1", 0)) as sock:  # connects, and never accepts
            async with self.new_client(url_of(sock)) as client:
                with self.assertRaises(TimeoutError) as caught:
                    await WebSocketClient(client).connect("/slow?a=1", timeout=10 * MS)
        message = f"WebSocket /slow?a=1: the handshake was not answered within {10 * MS:g} s"
        self.assertEqual(str(caught.exception), message)

    async def test_open_timeout(self) -> None:
        """The handshake may have a time-out other than the receives'."""
        with socket.create_server(("127.0.0.1", 0)) as sock:
            async with self.new_client(url_of(sock)) as client:
                with self.assertRaisesRegex(TimeoutError, f"{20 * MS:g} s$"):
                    await WebSocketClient(client).connect("/slow", timeout=60, open_timeout=20 * MS)

    async def test_tls(self) -> None:
        """A server of https:// is spoken to with TLS, by the context that was given."""
        received = asyncio.get_running_loop().create_future()

        async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            received.set_result(await reader.readexactly(2))
            writer.close()

        server = await asyncio.start_server(peer, "127.0.0.1", 0)
        url = url_of(server.sockets[0]).replace("http", "https")
        async with server, self.new_client(url) as client:
            with self.assertRaises(OSError):
                await WebSocketClient(client).connect("/", ssl=TLS)
            self.assertEqual(await received, b"\x16\x03")  # a handshake record of TLS (RFC 8446 §5.1)

    async def test_no_answer(self) -> None:
        """A server that closes the connection without an answer is websockets' own error."""

        async def peer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(peer, "127.0.0.1", 0)
        async with server, self.new_client(url_of(server.sockets[0])) as client:
            with self.assertRaises(InvalidMessage):
                await WebSocketClient(client).connect("/")


class SeeingTestCase(WebSocketTestCase):
    """With a look at what the app sees."""

    async def seen(self, path: str = "/request/me", **options: Any) -> dict[str, Any]:
        """Return what the app sees of a handshake."""
        async with self.ws.connect(path, **options) as session:
            return cast("dict[str, Any]", await session.receive_json())


class RequestTests(SeeingTestCase):
    """What the server sees of a handshake."""

    async def test_path_and_query(self) -> None:
        """Parameters of the client, of the path and of the call are sent as httpx merges them."""
        self.client.params = httpx.QueryParams(page=1)
        seen = await self.seen("/request/a b;c=1", params={"q": "ü"})
        self.assertEqual((seen["path"], seen["query"]), ("/request/a b;c=1", "page=1&q=%C3%BC"))

    async def test_query_of_the_path(self) -> None:
        """A query that is part of the path stays as it is, and is part of the session's target."""
        session = await self.ws.connect("/request/me?a=1;b=2#part")
        self.assertEqual((await session.receive_json())["query"], "a=1;b=2")
        self.assertEqual(session.target, "/request/me?a=1;b=2")

    async def test_base_path(self) -> None:
        """A path is appended to the one of the base URL, as httpx does it."""
        self.client.base_url = httpx.URL(f"{self.url}/request")
        self.assertEqual((await self.seen("/you"))["path"], "/request/you")

    async def test_headers(self) -> None:
        """Headers of the client and of the call are sent, and the client names itself."""
        self.client.headers["X-Team"] = "blue"
        headers = (await self.seen(headers={"Authorization": "Bearer t", "X-Team": "red"}))["headers"]
        self.assertEqual((headers["authorization"], headers["x-team"]), ("Bearer t", "red"))
        self.assertEqual(headers["user-agent"], self.client.headers["user-agent"])

    async def test_headers_of_the_handshake(self) -> None:
        """Headers that make up a handshake are the handshake's own."""
        theirs = {"Connection": "close", "Content-Length": "3", "Sec-WebSocket-Version": "12", "Upgrade": "h2c"}
        headers = (await self.seen(headers=theirs))["headers"]
        self.assertEqual(headers.keys() & {"accept-encoding", "content-length"}, set())
        names = ("connection", "sec-websocket-version", "upgrade")
        self.assertEqual([headers[name] for name in names], ["Upgrade", "13", "websocket"])

    async def test_host(self) -> None:
        """The Host header is the server's address, or else the user's, and only one is sent."""
        self.assertEqual((await self.seen())["headers"]["host"], self.url.removeprefix("http://"))
        session = await self.ws.connect("/request/me", headers={"Host": "shop.example:81"})
        self.assertEqual((await session.receive_json())["headers"]["host"], "shop.example:81")
        self.assertEqual(cast("Any", session.request).headers.get_all("Host"), ["shop.example:81"])

    async def test_origin(self) -> None:
        """The Origin header can be said, and replaces the one of the client."""
        self.client.headers["Origin"] = "https://one.example"
        session = await self.ws.connect("/request/me", origin="https://two.example")
        self.assertEqual(cast("Any", session.request).headers.get_all("Origin"), ["https://two.example"])

    async def test_cookies(self) -> None:
        """Cookies of the client and of the call are sent."""
        self.client.cookies.set("session", "s1")
        self.assertEqual((await self.seen(cookies={"theme": "dark"}))["cookies"], {"session": "s1", "theme": "dark"})

    async def test_set_cookie(self) -> None:
        """A cookie that the handshake sets is in the client's jar, and is sent the next time."""
        self.assertEqual((await self.seen())["cookies"], {})
        self.assertEqual((await self.seen())["cookies"], {"seen": "yes"})

    async def test_cookies_at_the_time(self) -> None:
        """The cookies are those of the moment when the connection opens."""
        connecting = self.ws.connect("/request/me")
        self.client.cookies.set("late", "1")
        async with connecting as session:
            self.assertEqual((await session.receive_json())["cookies"], {"late": "1"})


class OriginTests(SeeingTestCase):
    """The client speaks to its own server only."""

    async def test_absolute_url(self) -> None:
        """An absolute URL on the server will do, whether as ws:// or as http://."""
        for url in (f"{self.url}/request/me", f"{self.url}/request/me".replace("http", "ws")):
            with self.subTest(url=url):
                self.assertEqual((await self.seen(url))["path"], "/request/me")

    async def test_foreign_url(self) -> None:
        """Another scheme, host or port is refused before anything is sent."""
        secure = self.url.replace("http", "wss")
        for url in (f"{secure}/", "ws://127.0.0.1:9/chat", "ws://localhost/", "ftp://127.0.0.1/"):
            with self.subTest(url=url), self.assertRaises(ForeignURLError) as caught:
                await self.ws.connect(url)
            self.assertEqual((caught.exception.url, caught.exception.origin), (url, self.url))

    async def test_foreign_base_url(self) -> None:
        """A client whose base URL is changed to another server's goes there neither by HTTP nor with a WebSocket."""
        async with Server(app) as other:
            async with Client(self.url) as client:
                client.base_url = httpx.URL(other.url)
                with self.assertRaises(ForeignURLError):
                    await client.get("/request/me")
                with self.assertRaises(ForeignURLError) as caught:
                    await client.ws.connect("/request/me")
            self.assertEqual((caught.exception.origin, len(other.exchanges)), (self.url, 0))

    async def test_default_port(self) -> None:
        """A scheme's own port is the same whether it is said or not."""
        for base, url in (("http://127.0.0.1", "ws://127.0.0.1:80/"), ("https://127.0.0.1", "wss://127.0.0.1:443/")):
            with self.subTest(url=url):
                async with self.new_client(base) as client:
                    with self.assertRaises((OSError, InvalidHandshake)):  # nobody is there
                        await WebSocketClient(client).connect(url, ssl=TLS if url.startswith("wss") else None)

    async def test_redirect(self) -> None:
        """A redirect is an answer like any other where the client does not follow it."""
        with self.assertRaises(InvalidStatus) as caught:
            await self.ws.connect("/redirect", params={"to": "/request/me"})
        self.assertEqual(caught.exception.response.status_code, 307)

    async def test_follow_redirect(self) -> None:
        """A client that follows redirects follows them here, with its headers and with the cookies they set."""
        self.client.follow_redirects = True
        headers = {"Cookie": "first=only", "X-Team": "red"}
        for to in ("you", "/request/you", f"{self.url}/request/you".replace("http", "ws")):
            with self.subTest(to=to):
                self.client.base_url = httpx.URL(self.url)
                seen = await self.seen("/redirect?to=/request/you", headers=headers)
                self.assertEqual((seen["path"], seen["query"]), ("/request/you", ""))
                self.assertEqual((seen["cookies"]["redirected"], seen["headers"]["x-team"]), ("yes", "red"))
                self.assertNotIn("first", seen["cookies"])

    async def test_follow_redirect_without_location(self) -> None:
        """A rejection that is no redirect is raised also where redirects are followed."""
        self.client.follow_redirects = True
        with self.assertRaisesRegex(InvalidStatus, "403"):
            await self.ws.connect("/forbidden")

    async def test_redirect_to_foreign_url(self) -> None:
        """A redirect that leads away from the server is not followed."""
        self.client.follow_redirects = True
        with self.assertRaises(ForeignURLError) as caught:
            await self.ws.connect("/redirect?to=ws://elsewhere.example/")
        self.assertEqual(caught.exception.url, "ws://elsewhere.example/")

    async def test_redirect_without_end(self) -> None:
        """Redirects in a circle are followed as often as the client allows, and no more."""
        self.client.follow_redirects, self.client.max_redirects = True, 3
        with self.assertRaisesRegex(httpx.TooManyRedirects, "Exceeded maximum allowed redirects"):
            await self.ws.connect("/redirect?to=%3Fto=%253Fto=%25253Fto=%2525253Fto=/echo")


class CloseTests(WebSocketTestCase):
    """Closing every session of a client."""

    async def test_aclose(self) -> None:
        """The client closes every session that is open, as one that goes away."""
        sessions = [await self.ws.connect("/echo") for _ in range(3)]
        await sessions[0].close()
        await self.ws.aclose()
        self.assertEqual([session.close_code for session in sessions], [1000, 1001, 1001])
        self.assertEqual({session.state for session in sessions}, {State.CLOSED})
        await self.ws.aclose()

    async def test_aclose_of_a_silent_server(self) -> None:
        """A server that does not answer a close is cut off."""
        async with serve_peer(deaf) as url, self.new_client(url) as client:
            ws = WebSocketClient(client)
            session = await ws.connect("/", close_timeout=20 * MS)
            await ws.aclose()
            self.assertEqual((session.state, session.close_code), (State.CLOSED, 1006))

    async def test_aclose_cancelled(self) -> None:
        """A close that is cancelled cuts the connection, and leaves nothing behind."""
        session = await self.ws.connect("/echo", close_timeout=60)
        closing = asyncio.create_task(self.ws.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await closing
        await session.wait_closed()
        self.assertTrue(session.transport.is_closing())
