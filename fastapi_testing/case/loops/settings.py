"""What a class may change about an event loop that is not its own, and the next one must not find."""

import asyncio
import contextlib
import functools
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi_testing.server.recording.tasks import TaskWatch

__all__ = ["LoopSettings"]


class LoopSettings:
    """
    The settings of a loop as they are now, to bring them back.

    Args:
        loop: The event loop, which does not run.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._debug = loop.get_debug()
        self._exception_handler = loop.get_exception_handler()
        self._task_factory = TaskWatch.factory_of(loop)
        self._slow_callback_duration = getattr(loop, "slow_callback_duration", 0.1)
        self._handlers = _signal_handlers()

    def restore(self, executor: ThreadPoolExecutor) -> None:
        """
        Bring them back.

        Args:
            executor: The loop's own, which nobody can ask it for.
        """
        loop = self._loop
        loop.set_debug(self._debug)
        loop.set_exception_handler(self._exception_handler)
        loop.set_default_executor(executor)
        loop.slow_callback_duration = self._slow_callback_duration
        TaskWatch.set_factory_of(loop, self._task_factory)

    def remove_signal_handlers(self) -> None:
        """
        Remove the handlers of signals that the loop has got since, as it is done where a loop is closed.

        To be called on the loop: uvloop would do nothing.
        """
        for number, handler in self._handlers.items():
            current = signal.getsignal(number)
            if current is not handler and not isinstance(current, functools.partial):  # that is the runner's, of SIGINT
                with contextlib.suppress(NotImplementedError):  # on Windows
                    self._loop.remove_signal_handler(number)


def _signal_handlers() -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}  # no loop can have any
    return {number: signal.getsignal(number) for number in _SIGNALS}


_SIGNALS = tuple(signal.valid_signals() - {getattr(signal, name, None) for name in ("SIGCHLD", "SIGKILL", "SIGSTOP")})
"""What a handler of a loop can be for."""
