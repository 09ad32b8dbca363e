"""Whether what is being closed was left by an exception, which then has to be the one that is seen."""

import sys

__all__ = ["handled_here", "is_left_by_exception"]


def handled_here() -> BaseException | None:
    """Return the exception that is being handled where something begins: none that leaves it."""
    return sys.exc_info()[1]


def is_left_by_exception(handled_before: BaseException | None) -> bool:
    """
    Tell whether something is closed because an exception leaves it.

    ``aclose()`` and ``close()`` are not told; but while an exception leaves a block, it is the one being handled.

    Args:
        handled_before: What :func:`handled_here` has returned where it began.
    """
    return sys.exc_info()[1] is not handled_before
