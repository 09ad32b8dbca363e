"""How somebody waits for a turn: on the event loop of an asynchronous engine, or on a thread with a synchronous one."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy.engine import Engine
from sqlalchemy.util import await_only

from fastapi_testing.databases.statements.owners import is_on_loop

__all__ = ["Ended", "LoopWaits", "ThreadWaits", "Waits", "waits_for"]


class Ended(Protocol):
    """What is set when a transaction has ended."""

    def set(self) -> None:
        """Have those go on who wait for it."""
        ...


class Waits(Protocol):
    """The one lock of a shared connection, and the waiting for others to end their transactions."""

    def new_event(self) -> Ended:
        """Return what is set when a transaction has ended."""
        ...

    def locked(self) -> "Any":
        """Return a context in which nobody else executes a statement."""
        ...

    def wait(self, ended: Any, seconds: float) -> bool:
        """Wait until it is set, for so long at the most; tell whether it was."""
        ...

    def holds_up_loop(self) -> bool:
        """Tell whether an event loop stands still while somebody waits here."""
        ...

    def take_time(self, call: Callable[[], Any]) -> Any:
        """Make a call that takes a while."""
        ...


def waits_for(engine: Engine) -> Waits:
    """Return how those wait who use an engine."""
    return LoopWaits() if engine.dialect.is_async else ThreadWaits()


class LoopWaits:
    """In SQLAlchemy's greenlets: the event loop goes on."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    def new_event(self) -> asyncio.Event:
        return asyncio.Event()

    @contextmanager
    def locked(self) -> Iterator[None]:
        await_only(self._lock.acquire())
        try:
            yield
        finally:
            self._lock.release()

    def wait(self, ended: asyncio.Event, seconds: float) -> bool:
        try:
            await_only(asyncio.wait_for(ended.wait(), seconds))
        except TimeoutError:
            return False
        return True

    def holds_up_loop(self) -> bool:
        return False

    def take_time(self, call: Callable[[], Any]) -> Any:
        return await_only(asyncio.to_thread(call))


class ThreadWaits:
    """On threads. A handler that is asynchronous and has a synchronous session waits on the event loop all the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def new_event(self) -> threading.Event:
        return threading.Event()

    def locked(self) -> threading.Lock:
        return self._lock

    def wait(self, ended: threading.Event, seconds: float) -> bool:
        return ended.wait(seconds)

    def holds_up_loop(self) -> bool:
        return is_on_loop()

    def take_time(self, call: Callable[[], Any]) -> Any:
        return call()
