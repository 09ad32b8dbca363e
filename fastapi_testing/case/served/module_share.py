"""What the classes of a module share that name the same app: who shares it, and when it ends."""

import atexit
import unittest
from collections.abc import Callable
from typing import Any, Self

__all__ = ["ModuleShare"]

_open: list["ModuleShare"] = []


class ModuleShare:
    """
    A running server, from the first class of a module that asks for it to the module's end.

    Where a runner calls no module cleanups, as pytest does not, the module's end is the first class of another module,
    or the end of the process.
    """

    _module: str
    _app: Any
    _options: Any

    @classmethod
    def of(cls, module: str, app: Any, options: Any, make: Callable[[], Self]) -> Self:
        """
        Return what classes of a module share already, or else make it; end what those of other modules shared.

        Args:
            module: The module's name.
            app: What the classes name: the app, its import string, or the method that makes it.
            options: Whatever else has to be the same in all classes that share the server.
            make: Makes the one to share.
        """
        _close_all(but_of=module)
        shared = (each for each in _open if isinstance(each, cls) and each._is_of(module, app, options))  # noqa: SLF001
        return next(shared, None) or make()._begin(module, app, options)  # noqa: SLF001 - its own

    def close(self) -> None:
        """End it, unless that is done, or a class is using it: its tests may run suites themselves."""
        if self in _open and not self._is_in_use():
            _open.remove(self)
            self._end()

    def _close_with_module(self) -> None:
        unittest.addModuleCleanup(self.close)  # for each class: a suite that a test itself runs calls them all

    def _begin(self, module: str, app: Any, options: Any) -> Self:
        self._module, self._app, self._options = module, app, options
        _open.append(self)
        return self

    def _is_of(self, module: str, app: Any, options: Any) -> bool:
        same = app == self._app if isinstance(app, str) else app is self._app
        return same and module == self._module and options == self._options

    def _is_in_use(self) -> bool:
        raise NotImplementedError  # pragma: no cover - each kind says it

    def _end(self) -> None:
        raise NotImplementedError  # pragma: no cover - each kind does it


def _close_all(but_of: str | None = None) -> None:
    for each in [*_open]:
        if each._module != but_of:  # noqa: SLF001 - of this module
            each.close()


atexit.register(_close_all)
