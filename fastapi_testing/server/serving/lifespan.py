"""The app's lifespan: the ASGI lifespan protocol 2.0, run in a task of its own, with an end to every wait."""

import asyncio
import logging
from typing import Any, Literal

from fastapi_testing.errors import ServerError, ServerShutdownError, ServerStartupError
from fastapi_testing.server.application import ASGIApp, Message
from fastapi_testing.server.recording.exchange import Exchange, current_exchange
from fastapi_testing.server.recording.stacks import headline_of, traceback_of_users, waiting_at
from fastapi_testing.server.threads.lookout import LoopLimit

__all__ = ["Lifespan"]

_GRACE = 1.0
"""Seconds that a lifespan has to come to its end once it has given its answer, or has been cancelled."""

_logger = logging.getLogger("uvicorn.error")


class Lifespan:
    """
    The lifespan of one app, in the form in which :class:`uvicorn.Server` drives it.

    uvicorn's own logs the app's exception and exits the process; this one raises it. As with uvicorn, an app that
    raises before it has answered is taken not to support the protocol, unless ``mode`` is ``"on"``.

    Args:
        app: The application.
        name: How errors name it.
        mode: Whether the app may do without (``"auto"``) or has to support it (``"on"``).
        startup_timeout: Seconds that the startup may take.
        shutdown_timeout: Seconds that the shutdown may take.
    """

    should_exit = False  # uvicorn's startup() asks; here, what goes wrong is raised before

    def __init__(
        self,
        app: ASGIApp,
        name: str,
        *,
        mode: Literal["auto", "on"],
        startup_timeout: float,
        shutdown_timeout: float,
    ) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._name = name
        self._mode = mode
        self._startup_timeout = startup_timeout
        self._shutdown_timeout = shutdown_timeout
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._phase: Literal["startup", "running", "shutdown"] = "startup"
        self._answer: asyncio.Future[Message]
        self._task: asyncio.Task[None] | None = None
        self._started = False
        self._exception: BaseException | None = None
        self._exchange: Exchange | None = None
        self._reason: str | None = None

    async def startup(self) -> None:
        """
        Start the app.

        Raises:
            ServerStartupError: If the app's startup fails, or is not complete within ``startup_timeout``.
        """
        self._task = asyncio.create_task(self._run(), name=f"lifespan of {self._name}")
        with self._limit("startup", self._startup_timeout, ServerStartupError) as limit:
            try:
                await self._ask("startup", self._task, limit, ServerStartupError)
            except BaseException:
                await _cancel(self._task)
                raise

    async def shutdown(self) -> None:
        """
        Shut the app down, if it was started; its task has ended when this returns or raises.

        Raises:
            ServerShutdownError: If the app's shutdown fails, is not complete within ``shutdown_timeout``, or if the
                lifespan ended while the server ran and nobody has been told of it yet.
        """
        if self._task is None or self._task.done():
            self._check_how_it_ended()
            return
        self._phase = "shutdown"
        with self._limit("shutdown", self._shutdown_timeout, ServerShutdownError) as limit:
            try:
                await self._ask("shutdown", self._task, limit, ServerShutdownError)
                await asyncio.wait([self._task], timeout=_GRACE)
            finally:
                await _cancel(self._task)

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self._app(scope, self._events.get, self._send)
        except KeyboardInterrupt:
            raise
        except BaseException as exc:  # noqa: BLE001 - whatever ends it, sys.exit() too, is for the phase to report
            self._exception = exc.with_traceback(traceback_of_users(exc))
        self._exchange = current_exchange.get()

    async def _send(self, message: Message) -> None:
        if self._phase == "running":
            self._end_early(message)
            return
        expected = (f"lifespan.{self._phase}.complete", f"lifespan.{self._phase}.failed")
        if message["type"] not in expected or self._answer.done():
            raise RuntimeError(f"unexpected ASGI message {message['type']!r} in the lifespan's {self._phase}")
        if message["type"] == "lifespan.startup.complete":
            self._started, self._phase = True, "running"
        self._answer.set_result(message)

    def _end_early(self, message: Message) -> None:
        """Take what the app says of the end of its lifespan although it has not been told to end it."""
        if message["type"] == "lifespan.shutdown.complete":
            raise RuntimeError("the app has ended its lifespan by itself, before the server was told to stop")
        if message["type"] != "lifespan.shutdown.failed":
            raise RuntimeError(f"unexpected ASGI message {message['type']!r} while the server runs")
        self._reason = message.get("message")  # Starlette raises the app's exception after it

    async def _ask(
        self,
        event: Literal["startup", "shutdown"],
        task: asyncio.Task[None],
        limit: LoopLimit,
        error: type[ServerError],
    ) -> None:
        self._answer = asyncio.get_running_loop().create_future()
        self._events.put_nowait({"type": f"lifespan.{event}"})
        waited_for: set[asyncio.Future[Any]] = {self._answer, task}
        while not (await asyncio.wait(waited_for, timeout=limit.seconds, return_when=asyncio.FIRST_COMPLETED))[0]:
            if not limit.is_excused():
                raise limit.too_late(f"it waits at {waiting_at(task)}")
        if not self._answer.done():
            self._ended_without_answer(error)
        elif self._answer.result()["type"].endswith(".failed"):
            await asyncio.wait([task], timeout=_GRACE)  # Starlette raises the app's exception after its answer
            raise self._failure(error) from self._exception

    def _limit(self, event: str, seconds: float, error: type[ServerError]) -> LoopLimit:
        return LoopLimit(seconds, f"the lifespan of {self._name} did not complete its {event}", error)

    def _ended_without_answer(self, error: type[ServerError]) -> None:
        if self._exception is None:
            return
        if self._mode == "on" or self._started:
            raise self._failure(error) from self._exception
        _logger.info("ASGI 'lifespan' protocol appears unsupported.")

    def _failure(self, error: type[ServerError]) -> ServerError:
        reason: object = self._answer.result().get("message") if self._answer.done() else None
        if self._exception is not None:
            reason = headline_of(self._exception)
        return error(f"the lifespan of {self._name} failed in its {self._phase}: {reason or 'it gave no reason'}")

    def _check_how_it_ended(self) -> None:
        was_told = self._exchange is not None and self._exchange.expected
        if not self._started or was_told or (self._exception is None and self._reason is None):
            return
        reason = self._reason
        if self._exception is not None:
            reason = headline_of(self._exception)
        raise ServerShutdownError(
            f"the lifespan of {self._name} ended while the server ran: {reason}"
        ) from self._exception


async def _cancel(task: asyncio.Task[None]) -> None:
    if task.cancel():
        await asyncio.wait([task], timeout=_GRACE)
