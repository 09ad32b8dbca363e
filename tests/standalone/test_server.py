"""The server: how it starts and stops, its app, and what it says of itself."""

import asyncio
import contextlib
import re
import unittest
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from fastapi_testing.errors import ConfigurationError, ServerError, ServerNotRunningError, ServerStartupError
from fastapi_testing.server import PortGenerator
from fastapi_testing.standalone import AsyncTestServer, Config, create_test_server, global_config
from tests.resources import held_resources
from tests.server.serving.test_ports import free_range
from tests.standalone.apps import make_app
from tests.timing import MS


class LifecycleTests(unittest.IsolatedAsyncioTestCase):
    """Start and stop."""

    async def test_context(self) -> None:
        """Entering a server starts it, and leaving it stops it."""
        async with create_test_server(make_app()) as server:
            self.assertEqual(server.base_url, f"http://{server.host}:{server.port}")
            await (await server.client.get("/items")).expect_status(200)
        self.assertEqual((server.host, server.port), ("127.0.0.1", None))

    async def test_start_and_stop(self) -> None:
        """A server can be started and stopped by hand, more than once."""
        server = AsyncTestServer(make_app())
        for _ in range(2):
            await server.start()
            await (await server.client.get("/items")).expect_status(200)
            await server.stop()

    async def test_start_twice(self) -> None:
        """A server that runs, or is being started, cannot be started."""
        server = create_test_server(make_app())
        starting = asyncio.gather(server.start(), server.start(), return_exceptions=True)
        self.assertEqual(
            [repr(outcome) for outcome in await starting], ["None", "ServerError('Server is already running')"]
        )
        with self.assertRaises(RuntimeError) as caught:
            await server.start()
        self.assertEqual(str(caught.exception), "Server is already running")
        await server.stop()

    async def test_stop_before_start(self) -> None:
        """Stopping a server that does not run does nothing."""
        server = create_test_server(make_app())
        await server.stop()
        async with server:
            await server.stop()
        await server.stop()

    async def test_not_running(self) -> None:
        """What there is of a running server only says so before and after."""
        server = create_test_server(make_app())
        for _ in range(2):
            for name in ("client", "base_url"):
                with self.assertRaises(ServerNotRunningError) as caught:
                    getattr(server, name)
                self.assertIsInstance(caught.exception, RuntimeError)
                self.assertEqual(str(caught.exception), "Server is not running")
            async with server:
                pass

    async def test_closed_client(self) -> None:
        """A client that was closed is replaced by a new one, which is disconnected when the server stops."""
        before = held_resources()
        async with create_test_server(make_app()) as server:
            async with server.client as client:
                self.assertIs(server.client, client)
                await client.get("/items")
            self.assertIsNot(server.client, client)
            self.assertIs(server.client, server.client)
            await (await server.client.get("/items")).expect_status(200)
        self.assertEqual(held_resources(), before)

    async def test_startup_that_takes_too_long(self) -> None:
        """A start that times out names host, port and the line at which the app waits, and leaves nothing behind."""

        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            await asyncio.Event().wait()
            yield  # pragma: no cover - never reached

        before = held_resources()
        server = create_test_server(lifespan=lifespan, startup_timeout=20 * MS)
        with self.assertRaises(RuntimeError) as caught:
            await server.start()
        pattern = (
            r"Server startup timed out on host 127\.0\.0\.1 and port \d+: the lifespan of FastAPI 'FastAPI' did not "
            rf'complete its startup within {20 * MS:g} s: it waits at File ".*test_server\.py", line \d+, in lifespan'
        )
        self.assertRegex(str(caught.exception), re.compile(f"^{pattern}$"))
        self.assertEqual(held_resources(), before)
        with self.assertRaises(ServerNotRunningError):
            _ = server.base_url

    async def test_startup_that_fails(self) -> None:
        """The app's own exception is the cause of a start that fails; the server can be started when it is mended."""
        problems = [LookupError("no database")]

        @contextlib.asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            if problems:
                raise problems.pop()
            yield

        server = create_test_server(lifespan=lifespan)
        with self.assertRaisesRegex(ServerStartupError, "LookupError: no database") as caught:
            await server.start()
        self.assertIsInstance(caught.exception.__cause__, LookupError)
        async with server:
            await (await server.client.get("/openapi.json")).expect_status(200)

    async def test_shutdown_timeout(self) -> None:
        """A request that does not end is given so many seconds when the server stops."""
        app, asked = FastAPI(), asyncio.Event()

        @app.get("/")
        async def wait() -> None:
            asked.set()
            await asyncio.Event().wait()

        server = create_test_server(app, shutdown_timeout=20 * MS)
        await server.start()
        asking = asyncio.create_task(server.client.get("/"))
        await asked.wait()
        with (
            self.assertLogs("uvicorn.error"),
            self.assertRaisesRegex(ServerError, "^not ended within .*\n  GET /, in "),
        ):
            await server.stop()
        await asyncio.wait([asking])
        self.assertIsNotNone(asking.exception())
        self.assertIsNone(server.port)

    async def test_leaves_nothing_behind(self) -> None:
        """Twenty servers later, there are the same tasks, threads and file descriptors."""
        await use_a_server()
        before = (asyncio.all_tasks(), held_resources())
        for _ in range(20):
            await use_a_server()
        self.assertEqual((asyncio.all_tasks(), held_resources()), before)


class AppTests(unittest.IsolatedAsyncioTestCase):
    """The app, its lifespan, and what is added to it."""

    async def test_added_before_and_after_the_start(self) -> None:
        """Routes, routers and dependency overrides may be added before the start and after it."""

        def name() -> str:
            return "nobody"

        server = create_test_server()
        app: FastAPI = server.app
        router = APIRouter(prefix="/router")

        @app.get("/before")
        @router.get("/")
        async def show(name: str = Depends(name)) -> str:
            return name

        async with server:
            app.get("/after")(show)
            app.include_router(router)
            for expected in ("nobody", "Ada"):
                for path in ("/before", "/after", "/router/"):
                    self.assertEqual(await (await server.client.get(path)).json(), expected)
                app.dependency_overrides[name] = lambda: "Ada"

    async def test_import_string(self) -> None:
        """An app may be named by an import string; it is there before the start."""
        server = create_test_server("tests.server.apps:app")
        self.assertEqual(server.app.title, "shop")

    async def test_replaced_app(self) -> None:
        """An app that is put in the place of the empty one is served."""
        server = AsyncTestServer()
        server.app = make_app()
        async with server:
            await (await server.client.get("/items")).expect_status(200)

    async def test_lifespans(self) -> None:
        """A lifespan may be made by asynccontextmanager or not; it runs from the start to the stop."""

        async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
            app.state.log = ["started"]
            yield {"pool": "open"}
            app.state.log.append("stopped")

        for given in (lifespan, contextlib.asynccontextmanager(lifespan)):
            async with create_test_server(lifespan=given) as server:
                self.assertEqual(server.app.state.log, ["started"])
            self.assertEqual(server.app.state.log, ["started", "stopped"])

    async def test_app_and_lifespan(self) -> None:
        """An app has a lifespan of its own."""
        with self.assertRaises(TypeError) as caught:
            create_test_server(make_app(), lifespan=contextlib.nullcontext)
        self.assertEqual(
            str(caught.exception),
            "got both an app and a lifespan, which is for servers without an app: give it to the app",
        )

    async def test_no_app(self) -> None:
        """What is no app is refused when the server is made."""
        with self.assertRaisesRegex(TypeError, "^app must be an ASGI 3 application"):
            create_test_server(42)  # type: ignore[arg-type]


class ConfigurationTests(unittest.IsolatedAsyncioTestCase):
    """What the configuration says of a server."""

    def setUp(self) -> None:
        before = dict(vars(global_config))
        self.addCleanup(vars(global_config).update, before)
        self.addCleanup(vars(global_config).clear)

    async def test_range(self) -> None:
        """A server has the first free port of a range that is set, and gives it back when it stops."""
        start, end = free_range(2)
        config = Config(port_range_start=start, port_range_end=end)
        servers = [create_test_server(make_app(), config=config) for _ in range(3)]
        async with servers[0], servers[1]:
            self.assertEqual([server.port for server in servers], [start, start + 1, None])
            with self.assertRaises(RuntimeError) as caught:
                await servers[2].start()
            self.assertEqual(str(caught.exception), f"No available ports in range {start}-{end}")
        async with servers[2]:
            self.assertEqual(servers[2].port, start)
        self.assertTrue(PortGenerator.is_port_available(start))

    async def test_range_and_a_failing_start(self) -> None:
        """A server that cannot start gives its port back."""
        port, _ = free_range(1)
        server = create_test_server(config=Config(port_range_start=port, port_range_end=port), startup_timeout=-1)
        for _ in range(2):
            with self.assertRaisesRegex(ValueError, "^startup_timeout must be a positive number of seconds, got -1$"):
                await server.start()

    async def test_global(self) -> None:
        """A change of the global configuration holds for servers that are made after it."""
        before = create_test_server(make_app())
        port, _ = free_range(1)
        global_config.PORT_RANGE_START = global_config.PORT_RANGE_END = port
        global_config.WS_MAX_QUEUE_SIZE = 5
        async with before, create_test_server(make_app()) as after:
            self.assertNotEqual(before.port, port)
            self.assertEqual(after.port, port)
            for server, size in ((before, 32), (after, 5)):
                session = (await server.client.websocket("/echo")).websocket()
                self.assertEqual(session.recv_messages.high, size)

    async def test_reversed_range(self) -> None:
        """A reversed range is an error where the server is made."""
        global_config.PORT_RANGE_START = 9500
        with self.assertRaises(ConfigurationError):
            create_test_server()


async def use_a_server() -> None:
    """Start a server, ask it something in each way, and stop it."""
    async with create_test_server(make_app()) as server:
        await server.client.get("/items")
        await server.client.websocket("/echo")


class OptionsTests(unittest.IsolatedAsyncioTestCase):
    """How else an app is served."""

    async def test_options(self) -> None:
        """Options reach the server; a factory is called once, when the server is made."""
        server = create_test_server(
            "tests.server.apps:make_app",
            server_options={"factory": True, "root_path": "/api", "headers": [("X-Served-By", "tests")]},
        )
        app = server.app
        self.assertIsInstance(app, FastAPI)
        for _ in range(2):
            async with server:
                response = await server.client.get("/openapi.json")
                self.assertEqual((await response.json())["servers"], [{"url": "/api"}])
                self.assertEqual(response.headers["X-Served-By"], "tests")
                self.assertIs(server.app, app)

    def test_refused(self) -> None:
        """What is no option, or is none of this server, is refused when it is made."""
        host = "it listens on 127.0.0.1; Server(app, host=...) takes it"
        port = "say it by Config(port_range_start=..., port_range_end=...), or leave it out for a free one"
        refused: list[tuple[Any, str]] = [
            ({"rootpath": "/api"}, "there is no option 'rootpath': is root_path meant?"),
            ({"host": "::1"}, f"host is no option of this server: {host}"),
            ({"port": 8000}, f"port is no option of this server: {port}"),
        ]
        for options, text in refused:
            with self.subTest(options=options), self.assertRaises(TypeError) as caught:
                create_test_server(server_options=options)
            self.assertEqual(str(caught.exception), text)
