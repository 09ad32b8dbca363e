"""One server on a thread of its own for the plain classes that name the same app."""

import asyncio
import atexit
import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar, Generic, TypeVar

from fastapi_testing.case.loops.share import Share
from fastapi_testing.server.cancelling import all_tasks, cancel_tasks
from fastapi_testing.server.recording.exchange import is_servers
from fastapi_testing.server.serving.thread import ServerThread

__all__ = ["SharedThread"]

_S = TypeVar("_S", bound=ServerThread)


class SharedThread(Share, Generic[_S]):
    """
    A server on a thread of its own, which plain classes share: those of a module, or of the whole run.

    Args:
        server: The server, which is not running.
    """

    ends_with_run: ClassVar[bool] = True
    _is_threads = False  # it has its own

    def __init__(self, server: _S) -> None:
        self._server = server
        self._users = 0

    @contextlib.contextmanager
    def lend(self) -> Iterator[_S]:
        """Lend the server to one class; what the class leaves on its event loop ends, and the server goes on."""
        self._close_with_module()
        self._server.ensure_started()
        atexit.unregister(self._server.stop)  # in the child of a fork too, and what fails then would be nobody's
        self.title: str = f"the server of {self._server._name}"  # noqa: SLF001 - of this package
        self._users += 1
        before = self._server.finish(all_tasks())
        try:
            yield self._server
        finally:
            self._users -= 1
            if self._server.is_running:  # Ctrl-C stops it
                self._server.finish(_cancel_all_but(before))

    def _endpoint(self) -> Any:
        server = vars(self._server).get("server")  # none where the thread is only just starting
        return server if server is not None and server.is_running else None

    def _is_in_use(self) -> bool:
        return self._users > 0

    def _end(self) -> None:
        self._server.stop()


async def _cancel_all_but(before: set["asyncio.Task[Any]"]) -> None:
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    await cancel_tasks({task for task in left if not is_servers(task)})
