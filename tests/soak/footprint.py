"""What a process holds."""

import asyncio
import gc
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Self

__all__ = ["Footprint"]

_MEMORY = Path("/proc/self/statm")
_DESCRIPTORS = Path("/dev/fd")


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """
    What the process holds after a number of turns, garbage not counted.

    Args:
        turns: How many there have been.
        seconds: The time of the processor that the process has taken.
        megabytes: The memory that is resident; 0 where there is no ``/proc``.
        descriptors: The file descriptors that are open.
        threads: The threads that run.
        tasks: The tasks of all event loops that are not done.
        objects: The objects that the garbage collector knows.
    """

    turns: int
    seconds: float
    megabytes: float
    descriptors: int
    threads: int
    tasks: int
    objects: int

    @classmethod
    def now(cls, turns: int) -> Self:
        """Look at the process."""
        seconds = process_time()  # what looking costs is not of the turns
        gc.collect()
        objects = gc.get_objects()
        return cls(
            turns=turns,
            seconds=seconds,
            megabytes=_resident() / 1e6,
            descriptors=len(list(_DESCRIPTORS.iterdir())),
            threads=threading.active_count(),
            tasks=sum(isinstance(each, asyncio.Task) and not each.done() for each in objects),
            objects=len(objects),
        )


def _resident() -> int:
    if not _MEMORY.exists():
        return 0  # pragma: no cover - Linux has it, where CI runs
    return int(_MEMORY.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
