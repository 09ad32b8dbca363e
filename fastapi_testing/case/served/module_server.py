"""One event loop and one server for the classes of a module that name the same app."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi_testing.case.guards.class_limits import leave_in_time
from fastapi_testing.case.loops.class_loop import BorrowedLoop, ClassLoop
from fastapi_testing.case.served.module_share import ModuleShare
from fastapi_testing.server import Server

__all__ = ["ModuleServer"]


class ModuleServer(ModuleShare):
    """
    A server, and the event loop it is on, which asynchronous classes of a module share.

    Args:
        make_runner: Makes the event loop.
        limit: Seconds that its end may take, the server's aside; None for no limit.
    """

    def __init__(self, make_runner: Callable[[], asyncio.Runner], limit: float | None) -> None:
        self._limit = limit
        self._runner = make_runner()
        self._server: Server | None = None

    def lend(self) -> ClassLoop:
        """Return the event loop, for one class."""
        self._close_with_module()
        return BorrowedLoop(self._runner)

    async def start(self, make: Callable[[], Awaitable[Server]], begin: Callable[[Server], Awaitable[None]]) -> Server:
        """Return the server, which is made and started once; to be awaited on the loop."""
        if self._server is None:
            server = await make()
            await begin(server)
            self._server = server
        return self._server

    def _is_in_use(self) -> bool:
        return self._runner.get_loop().is_running()

    def _end(self) -> None:
        whole = ClassLoop(self._runner)
        try:
            if self._server is not None:
                whole.run(self._server.stop(), whole.context)
        finally:
            try:
                leave_in_time(whole, self._limit, f"the end of {self._module}")
            finally:
                whole.close()
