"""One event loop and one server for the classes of a module that name the same app."""

import asyncio
import atexit
import unittest
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi_testing.case.loop import BorrowedLoop, ClassLoop
from fastapi_testing.server import Server

__all__ = ["ModuleServer"]

_open: list["ModuleServer"] = []


class ModuleServer:
    """
    A server, and the event loop it is on, from the first class of a module that asks for it to the module's end.

    Where a runner calls no module cleanups, as pytest does not, the module's end is the first class of another module,
    or the end of the process.

    Args:
        module: The module's name.
        app: What the classes name: the app, its import string, or the method that makes it.
        options: Whatever else has to be the same in all classes that share the server.
        make_runner: Makes the event loop.
    """

    def __init__(self, module: str, app: Any, options: Any, make_runner: Callable[[], asyncio.Runner]) -> None:
        self._module = module
        self._app = app
        self._options = options
        self._runner = make_runner()
        self._server: Server | None = None
        _open.append(self)

    @classmethod
    def of(cls, module: str, app: Any, options: Any, make_runner: Callable[[], asyncio.Runner]) -> "ModuleServer":
        """Return the one that classes of the module share already, or a new one; end those of other modules."""
        _close_all(but_of=module)
        shared = (each for each in _open if each._is_for(app, options))  # noqa: SLF001 - its own
        return next(shared, None) or cls(module, app, options, make_runner)

    def lend(self) -> ClassLoop:
        """Return the event loop, for one class."""
        unittest.addModuleCleanup(self.close)  # for each class: a suite that a test itself runs calls them all
        return BorrowedLoop(self._runner)

    async def start(self, make: Callable[[], Awaitable[Server]]) -> Server:
        """Return the server, which is made and started once; to be awaited on the loop."""
        if self._server is None:
            server = await make()
            await server.start()
            self._server = server
        return self._server

    def close(self) -> None:
        """Stop the server and close the loop, unless that is done, or this is called by a test on that very loop."""
        if self not in _open or self._runner.get_loop().is_running():
            return
        _open.remove(self)
        whole = ClassLoop(self._runner)
        try:
            if self._server is not None:
                whole.run(self._server.stop(), whole.context)
        finally:
            whole.close()

    def _is_for(self, app: Any, options: Any) -> bool:
        same = app == self._app if isinstance(app, str) else app is self._app
        return same and options == self._options


def _close_all(but_of: str | None = None) -> None:
    for each in [*_open]:
        if each._module != but_of:  # noqa: SLF001 - of this module
            each.close()


atexit.register(_close_all)
