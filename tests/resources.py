"""What a process holds open, to see that nothing is left behind."""

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from tests.timing import MS

__all__ = ["collected_in_silence", "held_again", "held_resources"]


def held_resources() -> tuple[int, int]:
    """Return how many file descriptors and threads there are, garbage not counted."""
    gc.collect()
    return len(list(Path("/dev/fd").iterdir())), threading.active_count()


def held_again(before: tuple[int, int], seconds: float = 5.0) -> bool:
    """
    Tell whether no more is held than before, now or soon: a server notices on its own thread that a client has gone.

    Args:
        before: What ``held_resources()`` returned.
        seconds: How long it may take on a busy machine.
    """
    deadline = time.monotonic() + seconds
    while any(now > then for now, then in zip(held_resources(), before, strict=True)):  # pragma: no cover - or at once
        if time.monotonic() > deadline:
            return False
        time.sleep(MS)
    return True


@contextmanager
def collected_in_silence(kind: type) -> Iterator[None]:
    """Have what a library leaves open, in a cycle, warn of that on nobody's terminal when it is collected."""
    with mock.patch.object(kind, "__del__", lambda _: None, create=True):
        try:
            yield
        finally:
            gc.collect()
