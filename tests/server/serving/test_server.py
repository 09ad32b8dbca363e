"""The server: its start, its stop, and what it does with what goes wrong."""

import asyncio
import contextlib
import inspect
import logging
import os
import signal
import socket
import threading
import unittest
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any
from unittest import mock

import websockets
from fastapi import FastAPI

from fastapi_testing import Server, ServerError, ServerNotRunningError, ServerShutdownError, ServerStartupError
from fastapi_testing.server.application import describe_app
from tests.resources import held_resources
from tests.server import apps
from tests.server.apps import app, bare_app, in_flight, make_app, raw_request
from tests.timing import MS


async def handler_runs(server: Server) -> None:
    """Wait until the server handles a request."""
    while not server.server_state.tasks:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0)


def line_of(module: ModuleType, text: str) -> int:
    """Return the number of the first line of a module that holds a text."""
    return next(number for number, line in enumerate(inspect.getsource(module).splitlines(), 1) if text in line)


class RunningTests(unittest.IsolatedAsyncioTestCase):
    """A server that starts, answers and stops."""

    async def test_answers_requests(self) -> None:
        """The server answers on the port that it names."""
        async with Server(app) as server:
            answer = await raw_request(server.host, server.port)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)

    async def test_names_its_origin(self) -> None:
        """The URLs are origins, without a slash at the end."""
        async with Server(app) as server:
            self.assertEqual(server.url, f"http://127.0.0.1:{server.port}")
            self.assertEqual(server.ws_url, f"ws://127.0.0.1:{server.port}")

    async def test_listens_on_ipv6(self) -> None:
        """An IPv6 address is listened on, and written in brackets in the URL."""
        async with Server(app, host="::1") as server:
            self.assertEqual(server.url, f"http://[::1]:{server.port}")
            self.assertIn(b"200 OK", await raw_request("::1", server.port))

    async def test_listens_on_the_port_asked_for(self) -> None:
        """A fixed port is used, and free again once the server has stopped, although connections linger on it."""
        async with Server(app) as server:
            port = server.port
            await raw_request(server.host, port)
        async with Server(app, port=port) as server:
            self.assertEqual(server.port, port)
            self.assertIn(b"200 OK", await raw_request(server.host, port))

    async def test_says_what_it_is(self) -> None:
        """The representation names the app, and where it is served."""
        server = Server("tests.server.apps:app")
        self.assertEqual(repr(server), "<Server of tests.server.apps:app stopped>")
        async with server:
            self.assertEqual(repr(server), f"<Server of tests.server.apps:app at {server.url}>")

    async def test_accepted_sockets_have_no_delay(self) -> None:
        """Nagle's algorithm is off on the server's side of a connection."""
        async with Server(app) as server, in_flight(server.host, server.port, "/") as reader:
            await reader.readuntil(b"}}")
            (connection,) = server.server_state.connections
            accepted = connection.transport.get_extra_info("socket")
            self.assertTrue(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async def test_serves_with_each_http_implementation(self) -> None:
        """Both of uvicorn's HTTP/1.1 implementations serve."""
        for http in ("auto", "httptools", "h11"):
            with self.subTest(http=http):
                async with Server(app, http=http) as server:
                    self.assertIn(b"200 OK", await raw_request(server.host, server.port))

    async def test_keeps_the_date_fresh(self) -> None:
        """The Date header says the second in which the response was made, and the Server header is uvicorn's."""
        async with Server(app) as server:
            for now in (1_000_000_000, 1_000_000_001):
                with mock.patch("time.time", return_value=float(now)):
                    head = (await raw_request(server.host, server.port)).decode().partition("\r\n\r\n")[0]
                headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
                self.assertEqual(parsedate_to_datetime(headers["date"]).timestamp(), now)
                self.assertEqual(headers["server"], "uvicorn")

    async def test_has_a_date_for_every_clock(self) -> None:
        """A clock that a test has set anywhere gets an answer, with the nearest date that there is."""
        dates = {
            0: "Thu, 01 Jan 1970 00:00:00 GMT",
            -1e9: "Sun, 24 Apr 1938 22:13:20 GMT",
            -1e15: "Mon, 01 Jan 0001 00:00:00 GMT",
            1e15: "Fri, 31 Dec 9999 23:59:59 GMT",
        }
        for now, date in dates.items():
            with self.subTest(now=now):
                async with Server(app) as server:
                    with mock.patch("time.time", return_value=float(now)):
                        head = (await raw_request(server.host, server.port)).decode()
                self.assertIn(f"\r\ndate: {date}\r\n", head)

    async def test_serves_a_bare_callable(self) -> None:
        """An ASGI function without lifespan support is served."""
        with self.assertLogs("uvicorn.error", logging.INFO) as logs:
            async with Server(bare_app) as server:
                self.assertIn(b"204 No Content", await raw_request(server.host, server.port))
        self.assertEqual(logs.output, ["INFO:uvicorn.error:ASGI 'lifespan' protocol appears unsupported."])

    async def test_serves_an_app_with_defaults(self) -> None:
        """An app that could be called without arguments is not, as uvicorn would to see whether it is a factory."""
        calls = []

        async def careless(scope: Any = None, receive: Any = None, send: Any = None) -> None:
            calls.append(scope["type"])
            await bare_app(scope, receive, send)

        async with Server(careless, lifespan="off") as server:
            await raw_request(server.host, server.port)
        self.assertEqual(calls, ["http"])

    async def test_a_hundred_at_once(self) -> None:
        """A hundred servers run side by side, each with a port of its own."""
        async with contextlib.AsyncExitStack() as stack:
            servers = [Server(app) for _ in range(100)]
            await asyncio.gather(*(stack.enter_async_context(server) for server in servers))
            answers = await asyncio.gather(*(raw_request(server.host, server.port) for server in servers))
            self.assertEqual(len({server.port for server in servers}), 100)
        self.assertTrue(all(b"200 OK" in answer for answer in answers))

    async def test_reads_no_workers_from_the_environment(self) -> None:
        """WEB_CONCURRENCY, which is for production, changes nothing."""
        with mock.patch.dict(os.environ, {"WEB_CONCURRENCY": "4"}):
            self.assertEqual(Server(app).config.workers, 1)

    async def test_leaves_signals_alone(self) -> None:
        """No signal handler is installed."""
        before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        async with Server(app):
            self.assertEqual([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)], before)

    async def test_leaves_logging_alone(self) -> None:
        """No handler, level or propagation of a uvicorn logger is changed, and its logs can be asserted on."""
        loggers = [logging.getLogger(name) for name in ("", "uvicorn", "uvicorn.access", "uvicorn.error")]
        before = [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
        async with Server(app) as server:
            self.assertEqual([(logger.handlers[:], logger.level, logger.propagate) for logger in loggers], before)
            with self.assertLogs("uvicorn.access") as logs:
                await raw_request(server.host, server.port)
        self.assertIn('"GET / HTTP/1.1" 200', logs.output[0])

    async def test_keeps_idle_connections(self) -> None:
        """Uvicorn's keep-alive time-out is longer than a class will run."""
        self.assertEqual(Server(app).config.timeout_keep_alive, 86_400)


class StartTests(unittest.IsolatedAsyncioTestCase):
    """Starts that fail, and starts that should not have been tried."""

    async def test_started_twice(self) -> None:
        """Starting a running server is an error, and it runs on."""
        async with Server("tests.server.apps:app") as server:
            with self.assertRaises(ServerError) as caught:
                await server.start()
            self.assertIn(b"200 OK", await raw_request(server.host, server.port))
            self.assertEqual(
                str(caught.exception),
                f"cannot start <Server of tests.server.apps:app at {server.url}>: it has been started already; "
                "stop it first",
            )

    async def test_started_again(self) -> None:
        """A stopped server can be started again, and answers on its new port."""
        server = Server(app)
        for _ in range(2):
            async with server:
                self.assertIn(b"200 OK", await raw_request(server.host, server.port))

    async def test_asked_before_the_start(self) -> None:
        """Before the start, what only a running server has is an error that says what to do."""
        server = Server("tests.server.apps:app")
        self.assertFalse(server.is_running)
        for name in ("url", "ws_url", "port", "state"):
            with self.subTest(name=name), self.assertRaises(ServerNotRunningError) as caught:
                getattr(server, name)
            self.assertEqual(
                str(caught.exception),
                "the server of tests.server.apps:app is not running: enter it with `async with`, or await its start()",
            )

    async def test_port_is_taken(self) -> None:
        """A fixed port that is taken is named, with the system's reason."""
        async with Server(app) as first:
            with self.assertRaises(ServerStartupError) as caught:
                await Server(app, port=first.port).start()
        self.assertIsInstance(caught.exception.__cause__, OSError)
        self.assertEqual(
            str(caught.exception),
            f"cannot bind 127.0.0.1 port {first._socket_address[1]}: Address already in use; "
            "choose another port, or leave it at 0 for a free one",
        )

    async def test_port_is_taken_by_one_that_starts(self) -> None:
        """Of two servers that start at once on one port, the second is refused before its app is started."""
        starts = []

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            starts.append("started")
            await asyncio.sleep(0)
            yield

        async with Server(app) as server:
            port = server.port
        servers = [Server(FastAPI(lifespan=lifespan), port=port) for _ in range(2)]
        results = await asyncio.gather(*(server.start() for server in servers), return_exceptions=True)
        await servers[0].stop()
        self.assertIsNone(results[0])
        self.assertIsInstance(results[1], ServerStartupError)
        self.assertEqual(starts, ["started"])

    async def test_port_is_no_number(self) -> None:
        """A port that is no number is refused, and no socket is left."""
        with self.assertRaisesRegex(ServerStartupError, r"^cannot bind 127\.0\.0\.1 port 8000: '?str'? object"):
            await Server(app, port="8000").start()  # type: ignore[arg-type]

    async def test_port_is_impossible(self) -> None:
        """A port that does not exist is named."""
        with self.assertRaises(ServerStartupError) as caught:
            await Server(app, port=65_536).start()
        self.assertEqual(
            str(caught.exception),
            "cannot bind 127.0.0.1 port 65536: bind(): port must be 0-65535.; "
            "choose another port, or leave it at 0 for a free one",
        )

    async def test_host_is_a_name(self) -> None:
        """A host name is refused: it may stand for several addresses."""
        with self.assertRaises(ValueError) as caught:
            await Server(app, host="localhost").start()
        self.assertEqual(
            str(caught.exception), "host must be an IP address such as '127.0.0.1' or '::1', got 'localhost'"
        )

    async def test_failed_start_leaves_nothing(self) -> None:
        """After a failed start the port is free, no task is left, and the server can be started."""
        healthy = False

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            if not healthy:
                raise LookupError("no database")
            yield

        server = Server(FastAPI(lifespan=lifespan))
        before = held_resources()
        with self.assertRaises(ServerStartupError):
            await server.start()
        self.assertEqual(held_resources(), before)
        self.assertEqual(asyncio.all_tasks(), {asyncio.current_task()})
        healthy = True
        async with server:
            self.assertTrue(server.is_running)

    async def test_cancelled_start_leaves_nothing(self) -> None:
        """A start that is cancelled cancels the app's lifespan."""
        ended = asyncio.Event()

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            yield  # pragma: no cover - makes it a generator

        server = Server(FastAPI(lifespan=lifespan))
        with self.assertRaises(TimeoutError):
            await asyncio.wait_for(server.start(), 10 * MS)
        self.assertTrue(ended.is_set())
        self.assertEqual(repr(server), "<Server of FastAPI 'FastAPI' stopped>")
        self.assertEqual(asyncio.all_tasks(), {asyncio.current_task()})

    async def test_failing_listen_ends_the_lifespan(self) -> None:
        """Where the socket cannot be listened on, the lifespan that has started is shut down."""
        ended = asyncio.Event()

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield
            ended.set()

        loop = asyncio.get_running_loop()
        with mock.patch.object(loop, "create_server", side_effect=OSError("no more")), self.assertRaises(OSError):
            await Server(FastAPI(lifespan=lifespan)).start()
        self.assertTrue(ended.is_set())


class ArgumentTests(unittest.TestCase):
    """Arguments that a server cannot be made of."""

    def test_unknown_choices(self) -> None:
        """A word that is none of the choices is answered with the choices."""
        with self.assertRaisesRegex(ValueError, r"^lifespan must be one of 'auto', 'on', 'off', got 'maybe'$"):
            Server(app, lifespan="maybe")  # type: ignore[arg-type]
        with self.assertRaisesRegex(ValueError, r"^http must be one of 'auto', 'httptools', 'h11', got 'h2'$"):
            Server(app, http="h2")  # type: ignore[arg-type]

    def test_timeouts(self) -> None:
        """A time-out that is not positive is refused."""
        with self.assertRaisesRegex(ValueError, r"^startup_timeout must be a positive number of seconds, got 0$"):
            Server(app, startup_timeout=0)
        with self.assertRaisesRegex(ValueError, r"^shutdown_timeout must be a positive number of seconds, got -1$"):
            Server(app, shutdown_timeout=-1)


class StopTests(unittest.IsolatedAsyncioTestCase):
    """Stops: of what, in which order, and how long they take."""

    async def test_stopped_before_the_start(self) -> None:
        """Stopping a server that was never started does nothing."""
        await Server(app).stop()

    async def test_stopped_twice(self) -> None:
        """Stopping a stopped server does nothing."""
        async with Server(app) as server:
            await server.stop()
            self.assertFalse(server.is_running)

    async def test_stopped_while_stopping(self) -> None:
        """A second stop during the first one is an error."""
        server = Server(make_app())
        await server.start()
        async with in_flight(server.host, server.port, "/never"):
            await handler_runs(server)
            stopping = asyncio.create_task(server.stop())
            await asyncio.sleep(0)
            with self.assertRaises(ServerError) as caught:
                await server.stop()
            for task in server.server_state.tasks:
                task.cancel()
            with self.assertLogs("uvicorn.error"):
                await stopping
        self.assertEqual(
            str(caught.exception), "cannot stop <Server of FastAPI 'shop' stopping>: wait until that is done"
        )

    async def test_stopped_on_another_loop(self) -> None:
        """A server can only be stopped on its own event loop."""
        async with Server("tests.server.apps:app") as server:
            with self.assertRaises(ServerError) as caught:
                await asyncio.to_thread(asyncio.run, server.stop())
            self.assertEqual(
                str(caught.exception),
                f"cannot stop <Server of tests.server.apps:app at {server.url}> from here: "
                "it runs on the event loop that started it",
            )

    async def test_refuses_connections_once_stopped(self) -> None:
        """Nothing listens on the port any more."""
        async with Server(app) as server:
            port = server.port
        with self.assertRaises(ConnectionRefusedError):
            await raw_request(server.host, port)

    async def test_closes_idle_connections(self) -> None:
        """A kept-alive connection is closed at once; nobody waits for it."""
        async with Server(app) as server:
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            await reader.readuntil(b"}}")
        self.assertEqual(await reader.read(), b"")
        writer.close()

    async def test_closes_websockets(self) -> None:
        """An open WebSocket is closed with code 1012 (service restart), as uvicorn does."""
        async with Server(make_app()) as server:
            echo = await websockets.connect(f"{server.ws_url}/echo", proxy=None)
            await echo.send("hello")
            self.assertEqual(await echo.recv(), "hello")
        await echo.wait_closed()
        self.assertEqual(echo.close_code, 1012)

    async def test_waits_for_requests(self) -> None:
        """A request in flight is answered before the server stops."""
        gate = asyncio.Event()
        slow = FastAPI()

        @slow.get("/")
        async def wait_for_gate() -> str:
            await gate.wait()
            return "done"

        server = Server(slow)
        await server.start()
        async with in_flight(server.host, server.port, "/") as reader:
            await handler_runs(server)
            stopping = asyncio.create_task(server.stop())
            asyncio.get_running_loop().call_soon(gate.set)
            self.assertTrue((await reader.read()).endswith(b'"done"'))
            await stopping

    async def test_handler_that_never_ends(self) -> None:
        """A handler that does not end is cancelled at the time-out, and named with its line."""
        server = Server(make_app(), shutdown_timeout=20 * MS)
        await server.start()
        async with in_flight(server.host, server.port, "/never") as reader:
            await handler_runs(server)
            await asyncio.sleep(0)
            with self.assertLogs("uvicorn.error"), self.assertRaises(ServerShutdownError) as caught:
                await server.stop()
            self.assertIn(b"500 Internal Server Error", await reader.read())
        self.assertEqual(
            str(caught.exception),
            f"not ended within {20 * MS:g} s of stopping FastAPI 'shop', and cancelled:\n"
            "  GET /never, in tests.server.apps.make_app.<locals>.never, "
            f'waits at File "{apps.__file__}", line {line_of(apps, "Event().wait()")}, in never',
        )
        self.assertFalse(server.is_running)

    async def test_handler_that_ignores_its_cancellation(self) -> None:
        """A handler that does not even end when it is cancelled is left behind, and its connection cut."""
        stubborn = make_app()
        stubborn.state.let_go = asyncio.Event()
        self.addCleanup(stubborn.state.let_go.set)
        server = Server(stubborn, shutdown_timeout=20 * MS)
        await server.start()
        async with in_flight(server.host, server.port, "/stubborn") as reader:
            await handler_runs(server)
            grace = mock.patch("fastapi_testing.server.serving.server._CANCEL_GRACE", 20 * MS)
            with grace, self.assertRaisesRegex(ServerShutdownError, r"GET /stubborn"):
                await server.stop()
            self.assertEqual(await reader.read(), b"")
            self.assertFalse(server.server_state.connections)
            stubborn.state.let_go.set()
            await asyncio.wait(server.server_state.tasks)

    async def test_function_that_never_returns(self) -> None:
        """A handler that is no coroutine cannot be cancelled; it is said where it stands, and what that means."""
        async with self.stuck_thread(shutdown_timeout=20 * MS) as (server, thread):
            with self.assertRaises(ServerShutdownError) as caught:
                await server.stop()
        self.assertTrue(str(caught.exception).endswith(f"\n{thread}"), str(caught.exception))

    async def test_function_that_never_returns_once_cancelled(self) -> None:
        """The same of one that was cancelled before the server stops, as a test does at its end, is a warning."""
        async with self.stuck_thread() as (server, thread):
            (task,) = server.recorder.current
            task.cancel()
            with (
                mock.patch("fastapi_testing.server.serving.server._CANCEL_GRACE", 20 * MS),
                self.assertWarns(RuntimeWarning) as w,
            ):
                await server.stop()
        self.assertEqual(str(w.warning), f"stopped FastAPI 'shop'; {thread}")

    async def test_function_that_returns(self) -> None:
        """One that returns meanwhile is nothing to speak of."""
        async with self.stuck_thread() as (server, _):
            (task,) = server.recorder.current
            task.cancel()
            await asyncio.wait([task])
            asyncio.get_running_loop().call_later(MS, self.gate.set)
            await server.stop()

    @contextlib.asynccontextmanager
    async def stuck_thread(self, **options: Any) -> AsyncIterator[tuple[Server, str]]:
        """Start a server whose handler waits in its thread; yield it, and what is said of the thread."""
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)
        entered = asyncio.Event()
        loop = asyncio.get_running_loop()
        app = FastAPI(title="shop")

        @app.get("/stuck")
        def stick() -> None:
            loop.call_soon_threadsafe(entered.set)
            self.gate.wait()

        server = Server(app, **options)
        await server.start()
        thread = (
            "nothing can cancel a thread, and the process does not exit before this one is done: "
            f"GET /stuck, in {describe_app(stick)}, at:\n"
            f'  File "{__file__}", line {stick.__code__.co_firstlineno + 3}, in stick\n'
            "    self.gate.wait()"
        )
        with self.assertLogs("uvicorn.error"):  # of the cancellation
            async with in_flight(server.host, server.port, "/stuck"):
                await entered.wait()
                yield server, thread
                self.gate.set()

    async def test_cancelled_stop(self) -> None:
        """A stop that is cancelled cancels what it waited for, and shuts the app down."""
        ended = asyncio.Event()

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield
            ended.set()

        hanging = make_app()
        hanging.router.lifespan_context = lifespan
        server = Server(hanging)
        await server.start()
        async with in_flight(server.host, server.port, "/never"):
            await handler_runs(server)
            stopping = asyncio.create_task(server.stop())
            await asyncio.sleep(0)
            stopping.cancel()
            with self.assertLogs("uvicorn.error"), self.assertRaises(asyncio.CancelledError):
                await stopping
        self.assertTrue(ended.is_set())
        self.assertEqual(server.server_state.tasks, set())

    async def test_client_that_does_not_read(self) -> None:
        """A connection whose peer takes nothing is cut at the time-out."""
        flood = FastAPI()

        @flood.get("/")
        async def much() -> str:
            return "x" * 20_000_000

        server = Server(flood, shutdown_timeout=20 * MS)
        await server.start()
        sock = socket.create_connection((server.host, server.port))
        self.addCleanup(sock.close)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        await handler_runs(server)
        await asyncio.wait(server.server_state.tasks)
        with self.assertRaises(ServerShutdownError) as caught:
            await server.stop()
        self.assertEqual(
            str(caught.exception),
            f"not ended within {20 * MS:g} s of stopping FastAPI 'FastAPI', and cancelled:\n"
            "  a connection whose peer does not read what it was sent",
        )

    async def test_both_go_wrong(self) -> None:
        """Where the lifespan fails as well, it is the cause of the error about the requests."""

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield
            raise LookupError("no database")

        failing = make_app()
        failing.router.lifespan_context = lifespan
        server = Server(failing, shutdown_timeout=20 * MS)
        await server.start()
        async with in_flight(server.host, server.port, "/never"):
            await handler_runs(server)
            with self.assertLogs("uvicorn.error"), self.assertRaisesRegex(ServerShutdownError, "GET /never") as caught:
                await server.stop()
        self.assertRegex(str(caught.exception.__cause__), "no database")

    async def test_does_not_wait_on_the_clock(self) -> None:
        """Neither start nor stop sleeps: both would, in uvicorn's own loops."""
        with mock.patch("asyncio.sleep", side_effect=asyncio.sleep) as sleep:
            async with Server(app) as server:
                await raw_request(server.host, server.port)
        self.assertEqual([call.args for call in sleep.call_args_list if call.args != (0,)], [])

    async def test_leaves_nothing_behind(self) -> None:
        """Fifty servers later, there are the same tasks, threads and file descriptors."""
        await raw_request_of_new_server()
        before = (asyncio.all_tasks(), held_resources())
        for _ in range(50):
            await raw_request_of_new_server()
        self.assertEqual((asyncio.all_tasks(), held_resources()), before)


async def raw_request_of_new_server() -> None:
    """Start a server, ask it something, and stop it."""
    async with Server(app) as server:
        await raw_request(server.host, server.port)
