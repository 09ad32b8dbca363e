"""The threads of an event loop that several classes share."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from fastapi_testing.server.recording.exchange import serving

__all__ = ["SharedExecutor"]

_T = TypeVar("_T")


class SharedExecutor(ThreadPoolExecutor):
    """
    The default executor of a shared loop, which outlives the classes, and knows what each has left running in it.

    Attributes:
        running: What has not ended, and the server whose app has asked for it; None where none has.
        is_shut: Whether somebody has shut it down, and with it the loop's way to threads.
    """

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="asyncio")
        self.running: dict[Future[Any], object] = {}
        self.is_shut: bool = False

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Begin with a call, as the base class does."""
        future = super().submit(fn, *args, **kwargs)
        self.running[future] = serving.get()
        future.add_done_callback(self._forget)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - inherited
        """Take no more calls, as the base class does."""
        self.is_shut = True
        super().shutdown(wait, cancel_futures=cancel_futures)

    def _forget(self, future: Future[Any]) -> None:
        self.running.pop(future, None)
