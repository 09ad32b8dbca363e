"""
What test classes share: who shares it, and when it ends.

Theory of operation
-------------------

A share is open from the first class that asks for it to the end of its module or, where it is of no module, of the run.
An event loop is one, and so is a server on it. The loop outlives the run, and is closed when the process ends.

Where a runner calls no module cleanups, as pytest does not, the module's end is the first class of another module, or
the end of the run. What was opened last is closed first: a server before the loop that it is on.

What is never so:

* A share is closed while a class uses it: its tests may run suites themselves.
* Two threads use what runs on one of them; a share is its thread's, until that has ended.
* The child of a fork uses, or closes, what its parent shares: the two have one selector, and one lifespan to end.
"""

import contextlib
import os
import threading
import unittest
from collections.abc import Callable, Collection
from typing import Any, ClassVar, Self

__all__ = ["Share", "close_all", "close_modules", "close_run", "find_at", "open_shares"]

_open: dict["Share", bool] = {}

_parents: list["Share"] = []
"""What was open where this process was forked: kept, as an event loop that nobody keeps closes itself."""


class Share:
    """Something that the classes of a module share, or all classes of the run."""

    ends_with_run: ClassVar[bool] = False
    """Whether it ends with the run of the tests, and not only with the process."""

    title: str = ""
    """What it is called where its end fails, or where it is in the way."""

    _is_threads: ClassVar[bool] = True
    _module: str | None
    _thread: threading.Thread
    _what: Any
    _options: Any

    @classmethod
    def of(cls, here: str, module: str | None, what: Any, options: Any, make: Callable[[], Self]) -> Self:
        """
        Return what classes share already, or else make it; end what those of other modules shared.

        Args:
            here: The module of the class that asks.
            module: The module whose classes share it; None for those of the run.
            what: What the classes name: of a server the app, its import string, or the method that makes it.
            options: Whatever else has to be the same in all classes that share it.
            make: Makes the one to share.
        """
        _close_others(here)
        shared = (each for each in list(_open) if isinstance(each, cls) and each._is_of(module, what, options))  # noqa: SLF001
        return next(shared, None) or make()._begin(module, what, options)  # noqa: SLF001 - its own

    def close(self, *, at_exit: bool = False) -> None:
        """
        End it, unless that is done, or a class is using it.

        Args:
            at_exit: Whether the process ends, and no class can use it any more, whatever one has begun and not ended.
        """
        is_free = self in _open and self._is_reachable() and (at_exit or not self._is_in_use())
        if is_free and _open.pop(self, False):  # another thread may be about to end it as well
            self._end()

    def _close_with_module(self) -> None:
        if self._module is not None:
            unittest.addModuleCleanup(self.close)  # for each class: a suite that a test itself runs calls them all

    def _begin(self, module: str | None, what: Any, options: Any) -> Self:
        self._module, self._what, self._options = module, what, options
        self._thread = threading.current_thread()
        _open[self] = True
        return self

    def _is_of(self, module: str | None, what: Any, options: Any) -> bool:
        same = what == self._what if isinstance(what, str) else what is self._what
        near = not self._is_threads or self._thread is threading.current_thread()
        return same and near and module == self._module and options == self._options and self._is_open()

    def _is_reachable(self) -> bool:
        """Tell whether this thread may end it."""
        return not self._is_threads or self._thread is threading.current_thread() or not self._thread.is_alive()

    def _is_over(self, here: str | None) -> bool:
        """Tell whether nobody is going to ask for it, as a class of a module begins."""
        has_ended = self._is_threads and not self._thread.is_alive()
        return has_ended or not self._is_open() or self._module not in (None, here)

    def _is_open(self) -> bool:
        """Tell whether nobody else has closed it."""
        return True

    def _endpoint(self) -> Any:
        """Return what has the host and the port that it listens on, while it does."""
        return None

    def _is_in_use(self) -> bool:
        raise NotImplementedError  # pragma: no cover - each kind says it

    def _end(self) -> None:
        raise NotImplementedError  # pragma: no cover - each kind does it


def find_at(host: str, port: int) -> Share | None:
    """Return what is open and listens there."""
    endpoints = ((each, each._endpoint()) for each in list(_open))  # noqa: SLF001 - of this module
    return next((each for each, at in endpoints if at is not None and (at.host, at.port) == (host, port)), None)


def close_all(*, at_exit: bool = False) -> bool:
    """Close all that is shared, and tell whether there was anything."""
    was_shared = bool(_open)
    _close(lambda _: True, at_exit=at_exit)
    return was_shared


def open_shares() -> list[Share]:
    """Return what is open."""
    return list(_open)


def close_run(*, at_exit: bool = False, but: Collection[Share] = ()) -> list[tuple[str, Exception]]:
    """Close what ends with the run, the last first, some aside; return what has failed of it, each with its title."""
    failures: list[tuple[str, Exception]] = []
    for each in reversed(open_shares()):
        if each.ends_with_run and each not in but:
            try:
                each.close(at_exit=at_exit)
            except Exception as exc:  # noqa: BLE001 - the caller tells it
                failures.append((each.title, exc))
    return failures


def close_modules() -> None:
    """Close what the classes of a module share, and what a thread had that has ended."""
    _close(lambda each: each._is_over(None))  # noqa: SLF001 - of this module


def _close_others(here: str) -> None:
    """Do the same, but for what the classes of one module share."""
    over = [each for each in open_shares() if each._is_over(here)]  # noqa: SLF001 - of this module
    try:
        _close(over.__contains__)
    except Exception as exc:
        modules = ", ".join(sorted({str(each._module) for each in over}))  # noqa: SLF001 - of this module
        exc.add_note(
            f"that is the end of what the classes of {modules} shared: a runner that tells nobody that a module ends "
            f"leaves it to the next class of another one"
        )
        raise


def _close(is_over: Callable[[Share], bool], *, at_exit: bool = False) -> None:
    with contextlib.ExitStack() as stack:  # the last first; it closes the others too if one fails
        for each in list(_open):
            if is_over(each):
                stack.callback(each.close, at_exit=at_exit)


def _leave_to_parent() -> None:  # pragma: no cover - in a child, whose coverage nobody saves
    _parents.extend(_open)
    _open.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch - coverage is measured on POSIX
    os.register_at_fork(after_in_child=_leave_to_parent)
