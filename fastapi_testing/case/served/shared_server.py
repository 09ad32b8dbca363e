"""One server for classes that name the same app, on an event loop that they share as well."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from fastapi_testing.case.guards.class_limits import leave_in_time
from fastapi_testing.case.loops.share import Share
from fastapi_testing.case.loops.shared_loop import SharedLoop
from fastapi_testing.server import Server

__all__ = ["SharedServer"]


class SharedServer(Share):
    """
    A server which asynchronous classes share: those of a module, or of the whole run.

    Args:
        loop: The event loop that it is on.
        limit: Seconds that its end may take, the server's aside; None for no limit.
    """

    ends_with_run: ClassVar[bool] = True

    def __init__(self, loop: SharedLoop, limit: float | None) -> None:
        self._loop = loop
        self._limit = limit
        self._server: Server | None = None

    async def start(self, make: Callable[[], Awaitable[Server]], begin: Callable[[Server], Awaitable[None]]) -> Server:
        """Return the server, which is made and started once; to be awaited on the loop."""
        self._close_with_module()
        if self._server is None:
            server = await make()
            await begin(server)
            self._server = server
            self.title: str = f"the server of {server._name}"  # noqa: SLF001 - of this package
            self._loop.guests.add(server.recorder)
        return self._server

    def _endpoint(self) -> Any:
        return self._server if self._server is not None and self._server.is_running else None

    def _is_open(self) -> bool:
        return self._server is None or self._server.is_running

    def _is_in_use(self) -> bool:
        return self._loop.runner.get_loop().is_running() or any(each.tests for each in self._loop.lent)

    def _end(self) -> None:
        if self._server is None:
            return
        class_loop = self._loop.lend()
        try:
            class_loop.run(self._server.stop(), class_loop.context)
        finally:
            class_loop.take_over(self._server.recorder)
            try:
                leave_in_time(class_loop, self._limit, f"the end of {self._module or 'the run'}")
            finally:
                class_loop.close(as_at_first=not self._loop.guests)
