"""The server: uvicorn on a bound socket of its own, started and stopped in step with the program around it."""

import asyncio
import socket
import warnings
from typing import Any, Literal, Self, Unpack

import uvicorn
from uvicorn.lifespan.off import LifespanOff

from fastapi_testing.errors import ServerError, ServerNotRunningError, ServerShutdownError, ServerStartupError
from fastapi_testing.server.aborting import abort
from fastapi_testing.server.application import AppFactory, ASGIApp, describe_app, load_app
from fastapi_testing.server.recording.exchange import serving
from fastapi_testing.server.recording.logs import LogWatch
from fastapi_testing.server.recording.recorder import Recorder, recorders
from fastapi_testing.server.recording.settle import settle
from fastapi_testing.server.recording.tasks import TaskWatch
from fastapi_testing.server.recording.worker_threads import abandoned_threads
from fastapi_testing.server.serving.endpoint import Endpoint
from fastapi_testing.server.serving.lifespan import Lifespan
from fastapi_testing.server.serving.options import ServerOptions, check_options, uvicorn_settings
from fastapi_testing.server.serving.sockets import bind_socket, bound_host, warn_of_exposure
from fastapi_testing.server.serving.state import ServerState
from fastapi_testing.server.threads.lookout import LoopLimit
from fastapi_testing.server.tls.handshake import make_server_context
from fastapi_testing.server.tls.options import TLSOptions, choose_tls

__all__ = ["Server"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_CANCEL_GRACE = 1.0
"""Seconds that a cancelled handler has to come to its end."""


class Server(Endpoint, uvicorn.Server):
    """
    Serve an ASGI application on a loopback socket, on the event loop of the code around it.

    The socket is bound first, by default to a free port, and handed to uvicorn; nobody has to look for a port and
    lose it again. Signal handlers and logging stay the program's own::

        async with Server(app) as server:
            async with httpx.AsyncClient(base_url=server.url) as client:
                await client.get("/")

    A server may be started again after it was stopped; with ``port=0`` it then has another port.

    Args:
        app: An ASGI 3 application, or an import string such as ``"shop.main:app"``; with ``factory=True``, what makes
            one, or its import string.
        startup_timeout: Seconds that the app's lifespan may take to start.
        shutdown_timeout: Seconds that requests in flight may take to end, and then the app's lifespan.
        sock: A TCP socket that is bound already, to listen on instead of ``host`` and ``port``. The server closes it
            when it stops, and so starts once.
        tls: Whether, or how, the server speaks TLS: https and wss.
        **options: How the app is served: address and lifespan, and uvicorn's own settings.

    Attributes:
        app: The application itself.
        recorder: What the app was asked and what became of it, from the first start on.
        tls: How the server speaks TLS; None if it does not.

    Raises:
        ServerStartupError: If an import string leads to nothing.
        TypeError: If ``app`` is not callable as ASGI 3, ``tls`` is none of the above, or there is no such option.
        ValueError: If an option cannot be what it is, a time-out is not positive, or ``sock`` is not bound to an IP
            address and a port.
    """

    lifespan: Lifespan | LifespanOff
    server_state: ServerState
    recorder: Recorder

    def __init__(
        self,
        app: ASGIApp | AppFactory | str,
        *,
        startup_timeout: float = 30.0,
        shutdown_timeout: float = 10.0,
        sock: socket.socket | None = None,
        tls: TLSOptions | bool | None = None,
        **options: Unpack[ServerOptions],
    ) -> None:
        check_options(options)
        _check_positive("startup_timeout", startup_timeout)
        _check_positive("shutdown_timeout", shutdown_timeout)
        self.app: ASGIApp = load_app(app, factory=options.get("factory", False))
        self.host: str = options.get("host", "127.0.0.1") if sock is None else bound_host(sock)
        self.startup_timeout = startup_timeout
        self.shutdown_timeout = shutdown_timeout
        self._name = describe_app(app)
        self._requested_port = options.get("port", 0)
        self._given_socket = sock
        self.tls: TLSOptions | None = choose_tls(tls)
        self._phase: Literal["stopped", "starting", "running", "stopping"] = "stopped"
        # A factory, because uvicorn calls a plain app once without arguments to see whether it is one.
        super().__init__(uvicorn.Config(lambda: self.app, **uvicorn_settings(options)))

    def __repr__(self) -> str:
        where = f"at {self.url}" if self._phase == "running" else self._phase
        return f"<Server of {self._name} {where}>"

    @property
    def is_running(self) -> bool:
        """Whether the server accepts connections."""
        return self._phase == "running"

    async def settle(self, *, tasks: bool = False, timeout: float = 5.0) -> None:
        """
        Wait until no HTTP request is in flight; background tasks and ``yield`` dependencies are done then.

        So it does for WebSockets that are closed. Those that are open are not waited for.

        Args:
            tasks: Whether to wait also for the tasks that the app started while it answered, and left running.
            timeout: Seconds to wait.

        Raises:
            TimeoutError: If it takes longer; it names what has not ended, and the lines at which it waits.
        """
        await settle(self.recorder, timeout, tasks=tasks)

    async def start(self) -> None:
        """
        Bind the socket, run the app's lifespan up to its startup, and accept connections.

        Raises:
            ServerError: If the server is not stopped.
            ServerStartupError: If the address cannot be bound, a file of ``tls`` cannot be used, or the app's startup
                fails or takes longer than ``startup_timeout``. Nothing is left bound or running.
            ModuleNotFoundError: If certificates have to be made, and the extra ``tls`` is not installed.
        """
        if self._phase != "stopped":
            raise ServerError(f"cannot start {self!r}: it has been started already; stop it first")
        self._load()
        sock = self._bind()
        self._phase = "starting"
        LogWatch.begin()
        TaskWatch.begin()
        token = serving.set(self.recorder)  # the loop accepts connections in the context in which it was told to
        try:
            await self.startup(sockets=[sock])
        except BaseException as exc:
            sock.close()
            self._phase = "stopped"
            try:
                await self.lifespan.shutdown()
            finally:
                LogWatch.end()
                TaskWatch.end()
            if isinstance(exc, ServerStartupError):
                exc.__traceback__ = None  # by which lines of uvicorn it came tells nothing
            raise
        finally:
            serving.reset(token)
        TaskWatch.renew()
        self._socket_address = sock.getsockname()
        self.recorder.begin(self._reachable_address)
        self._loop = asyncio.get_running_loop()
        self._phase = "running"

    async def stop(self) -> None:
        """
        Stop accepting connections, let requests in flight end, and run the app's lifespan to its end.

        A server that is stopped stays so. A handler in a thread that goes on although its call was cancelled is warned
        of, as the process cannot exit before it returns.

        Raises:
            ServerError: If the server is just being started or stopped, or runs on another event loop.
            ServerShutdownError: If a request did not end within ``shutdown_timeout``, or the app's shutdown failed or
                took longer than that. The server is stopped nevertheless.
        """
        if self._phase == "stopped":
            return
        self._check_may_stop()
        self._phase = "stopping"
        try:
            await self.shutdown()
        except ServerShutdownError as exc:
            exc.__traceback__ = None
            raise
        finally:
            self._phase = "stopped"
            recorders.pop(self._reachable_address, None)
            LogWatch.end()
            TaskWatch.end()
        for thread in await abandoned_threads(_CANCEL_GRACE):
            warnings.warn(f"stopped {self._name}; {thread}", RuntimeWarning, stacklevel=2)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Do what uvicorn's own does, without its waits on the clock."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            unfinished = await self._end_requests()
        except asyncio.CancelledError:
            await self._cancel(list(self.server_state.tasks))
            await self.lifespan.shutdown()
            raise
        try:
            await self.lifespan.shutdown()
        except ServerShutdownError as exc:
            if unfinished is None:
                raise
            raise unfinished from exc
        if unfinished is not None:
            raise unfinished

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    @property
    def _address(self) -> tuple[str, int]:
        self._check_running()
        return self._reachable_address

    @property
    def _lifespan_state(self) -> dict[str, Any]:
        self._check_running()
        state: dict[str, Any] = self.lifespan.state
        return state

    @property
    def _reachable_address(self) -> tuple[str, int]:
        """Host and port to connect to: of a server that listens on every address, those of the loopback."""
        host, port = self._socket_address[:2]
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104 - compared, not bound

    def _bind(self) -> socket.socket:
        warn_of_exposure(self.host, self._name)
        if self._given_socket is None:
            return bind_socket(self.host, self._requested_port)
        if self._given_socket.fileno() == -1:
            raise ServerStartupError(f"the socket that the server of {self._name} was given is closed: give it another")
        # What it accepts inherits this; asyncio sets it only where the socket was made as bind_socket() makes them.
        self._given_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._given_socket

    def _load(self) -> None:
        """Make what one run of the server needs; uvicorn does this in serve()."""
        if not self.config.loaded:
            context = None if self.tls is None else make_server_context(self.tls, self.host)
            self.config.load()
            self.config.ssl = context
            self.recorder = Recorder(self.config.loaded_app, self.config.root_path)
            self.config.loaded_app = self.recorder
        self.server_state = ServerState(self.config.encoded_headers, date=self.config.date_header)
        if self.config.lifespan == "off":
            self.lifespan = LifespanOff(self.config)
        else:
            self.lifespan = Lifespan(
                self.config.loaded_app,
                self._name,
                mode=self.config.lifespan,
                startup_timeout=self.startup_timeout,
                shutdown_timeout=self.shutdown_timeout,
            )

    async def _end_requests(self) -> ServerShutdownError | None:
        """Wait for the requests in flight; cancel, disconnect and name those that do not end."""
        if self.server_state.is_idle():
            return None
        what = f"the requests of {self._name} did not end"
        try:
            with LoopLimit(self.shutdown_timeout, what, ServerShutdownError) as limit:
                return await self._wait_for_requests(limit)
        except ServerShutdownError as blocked:
            return blocked

    async def _wait_for_requests(self, limit: LoopLimit) -> ServerShutdownError | None:
        while True:
            try:
                async with asyncio.timeout(self.shutdown_timeout):
                    await self.server_state.wait_until_idle()
            except TimeoutError:
                if limit.is_excused():
                    continue
                tasks = list(self.server_state.tasks)
                lines = [f"  {self.recorder.describe(task)}" for task in tasks]
                await self._cancel(tasks)
                return self._name_unfinished(lines + await abandoned_threads(0))
            return None

    def _name_unfinished(self, lines: list[str]) -> ServerShutdownError:
        what = f"not ended within {self.shutdown_timeout:g} s of stopping {self._name}, and cancelled:"
        return ServerShutdownError(
            "\n".join([what, *(lines or ["  a connection whose peer does not read what it was sent"])])
        )

    async def _cancel(self, tasks: list[asyncio.Task[None]]) -> None:
        self.recorder.abandon(tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_CANCEL_GRACE)
        for connection in list(self.server_state.connections):
            abort(connection.transport)
        await asyncio.sleep(0)  # aborted transports tell their protocols in the loop's next turn

    def _check_running(self) -> None:
        if self._phase != "running":
            raise ServerNotRunningError(
                f"the server of {self._name} is not running: enter it with `async with`, or await its start()"
            )

    def _check_may_stop(self) -> None:
        if self._phase != "running":
            raise ServerError(f"cannot stop {self!r}: wait until that is done")
        if asyncio.get_running_loop() is not self._loop:
            raise ServerError(f"cannot stop {self!r} from here: it runs on the event loop that started it")


def _check_positive(name: str, seconds: float) -> None:
    if not seconds > 0:
        raise ValueError(f"{name} must be a positive number of seconds, got {seconds!r}")
