"""The server of plain test classes, and the context that waits for what it raises."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any

from fastapi_testing.case.guards.server_errors import ServerRaises
from fastapi_testing.client import LoopbackTransport
from fastapi_testing.server import ServerThread
from fastapi_testing.server.threads.loop_thread import LoopThread

__all__ = ["CaseServer", "WaitingRaises"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class CaseServer(ServerThread):
    """
    The server of a test class, of its module or of the run; the class may make the app on its event loop.

    Args:
        case: The class (a :class:`ServerTestCase`), or the first one of those that share it.
        loop_factory: Makes the event loop; None for asyncio's default.

    Attributes:
        transport: The connections to it, which clients share.
    """

    def __init__(self, case: Any, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None) -> None:
        name = {"run": "the run", "module": case.__module__}.get(case.server_scope, case.__qualname__)
        LoopThread.__init__(self, f"the server of {name}", loop_factory=loop_factory)
        self._case = case

    @property
    def _startup_timeout(self) -> float:
        timeout: float = self._case.startup_timeout
        return timeout

    def __exit__(self, *exc_info: object) -> None:
        try:
            super().__exit__(*exc_info)
        finally:
            # It lives on in clients that a failed test holds, and would hold the app, and what that was asked last.
            vars(self).pop("server", None)
            vars(self).pop("transport", None)

    def __getattr__(self, name: str) -> Any:
        if name in {"server", "transport"}:  # gone with the class
            raise self.not_running()
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def _open(self) -> None:
        self._case._framework_block_guard.seat = self.seat  # noqa: SLF001 - of this room
        super()._open()

    async def _start(self) -> None:
        try:
            await self._before_app()
            self._take(await self._case._await_hook("create_app", self._case._make_server()))  # noqa: SLF001 - of this room
            await super()._start()
        except BaseException:
            await self._after_app()
            raise
        self.transport: LoopbackTransport = LoopbackTransport(
            ssl_context=self.client_ssl_context() if self.tls else None, limits=self._case.limits
        )

    async def _stop(self) -> None:
        try:
            await self.transport.aclose()
            await super()._stop()
        finally:
            await self._after_app()

    async def _before_app(self) -> None:
        if self._case.server_scope == "class":  # else it is not the class's own
            await self._case._before_app()  # noqa: SLF001 - of this room

    async def _after_app(self) -> None:
        if self._case.server_scope == "class":
            await self._case._after_app()  # noqa: SLF001 - of this room


class WaitingRaises(ServerRaises):
    """The context in which the app is expected to raise, which can wait for it."""

    def __init__(self, server: ServerThread, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._server = server

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if exc is None and not self.is_fulfilled():
            self._server.finish(self._wait_until_over())
        return self._conclude(exc)
