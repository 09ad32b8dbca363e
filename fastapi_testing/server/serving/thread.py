"""The server on a thread of its own, for whatever is no coroutine: plain tests, browsers, load generators."""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any, Unpack

from fastapi_testing.errors import ServerShutdownError, ServerStartupError
from fastapi_testing.server.application import AppFactory, ASGIApp, describe_app
from fastapi_testing.server.recording.recorder import Recorder
from fastapi_testing.server.serving.endpoint import Endpoint
from fastapi_testing.server.serving.options import ServerOptions
from fastapi_testing.server.serving.server import Server
from fastapi_testing.server.threads.calls import Call, LoopBlockedError
from fastapi_testing.server.threads.loop_thread import LoopThread
from fastapi_testing.server.tls.options import TLSOptions

__all__ = ["ServerThread", "ServerThreadOptions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class ServerThreadOptions(ServerOptions, total=False):
    """The keyword arguments of :class:`~fastapi_testing.Server`."""

    startup_timeout: float
    shutdown_timeout: float
    sock: socket.socket | None
    tls: TLSOptions | bool | None


class ServerThread(Endpoint, LoopThread):
    """
    Serve an ASGI application on a thread of its own, with an event loop of its own.

    It is a :class:`~fastapi_testing.Server` for code that is not asynchronous. Wherever a context manager can be
    entered, it can be::

        with ServerThread(app) as server:
            requests.get(f"{server.url}/items")


        class BrowserTests(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.server = cls.enterClassContext(ServerThread(app))

    It may be started again after it was stopped. One that nobody stops is stopped when the interpreter exits.

    Args:
        app: An ASGI 3 application, or an import string such as ``"shop.main:app"``.
        loop_factory: Makes the event loop, such as ``uvloop.new_event_loop``; None for asyncio's default.
        **options: As for :class:`~fastapi_testing.Server`.

    Attributes:
        server: The server, which is to be used on the event loop only: by :meth:`run`.
        tls: How the server speaks TLS; None if it does not.

    Raises:
        ServerStartupError: If an import string leads to nothing.
        TypeError: If ``app`` is not callable as ASGI 3.
        ValueError: If one of the options cannot be what it is.
    """

    def __init__(
        self,
        app: ASGIApp | AppFactory | str,
        *,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
        **options: Unpack[ServerThreadOptions],
    ) -> None:
        super().__init__(f"the server of {describe_app(app)}", loop_factory=loop_factory)
        self._take(Server(app, **options))

    @property
    def app(self) -> ASGIApp:
        """The application itself."""
        return self.server.app

    @property
    def host(self) -> str:
        """The IP address that the server listens on."""
        return self.server.host

    @property
    def recorder(self) -> Recorder:
        """What the app was asked and what became of it, from the first start on."""
        return self.server.recorder

    def start(self) -> None:
        """
        Start the thread and the server on it: bind the socket, run the app's lifespan up to its startup.

        Raises:
            ServerError: If it is running.
            ServerStartupError: If the address cannot be bound, or the app's startup fails or takes longer than
                ``startup_timeout``, or blocks the event loop for so long; its ``__cause__`` is the app's own exception.
                No thread is left then, unless it is blocked.
        """
        super().start()

    def stop(self) -> None:
        """
        Stop the server, and the thread with it; one that is stopped stays so.

        Requests in flight may end, and the app's lifespan is run to its end.

        Raises:
            ServerError: If it is called on the thread itself.
            ServerShutdownError: If a request did not end within ``shutdown_timeout``, the app's shutdown failed or
                took longer than that, or the event loop is blocked. The server is stopped nevertheless.
        """
        super().stop()

    def settle(self, *, tasks: bool = False, timeout: float = 5.0) -> None:
        """
        Wait until no HTTP request is in flight, as :meth:`Server.settle() <fastapi_testing.Server.settle>` does.

        What it takes and what it raises is the same.
        """
        self.finish(self._running_server.settle(tasks=tasks, timeout=timeout))

    @property
    def _address(self) -> tuple[str, int]:
        return self._running_server._address  # noqa: SLF001 - of this package

    @property
    def _lifespan_state(self) -> dict[str, Any]:
        return self._running_server.state

    @property
    def _running_server(self) -> Server:
        if not self.is_running:
            raise self.not_running()
        return self.server

    def _open(self) -> None:
        super()._open()
        try:
            self._wait_started(self.begin(self._start()))
            self.recorder.starter = threading.current_thread()
        except BaseException:
            super()._close()
            raise

    def _wait_started(self, starting: Call[None]) -> None:
        try:
            starting.wait(patience=self._startup_timeout)
        except LoopBlockedError as exc:
            raise ServerStartupError(f"{self._title} cannot start: {exc}") from None

    @property
    def _startup_timeout(self) -> float:
        return self.server.startup_timeout

    def _take(self, server: Server) -> None:
        self.server = server
        self.tls: TLSOptions | None = server.tls
        self._name = server._name  # noqa: SLF001 - of this package

    async def _start(self) -> None:
        await self.server.start()

    async def _stop(self) -> None:
        await self.server.stop()

    def _close(self) -> None:
        try:
            self.begin(self._stop()).wait(patience=self.server.shutdown_timeout)
        except LoopBlockedError as exc:
            raise ServerShutdownError(f"{self._title} cannot stop: {exc}") from None
        finally:
            super()._close()
