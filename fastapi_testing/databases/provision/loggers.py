"""The loggers of the app, which a migration tool may silence."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["loggers_kept"]


@contextmanager
def loggers_kept() -> Iterator[None]:
    """
    Have each logger be in the end as it was before the block.

    Alembic's ``env.py``, as it comes, calls ``logging.config.fileConfig()``, which disables every logger that its file
    does not name, and replaces the handlers of the root logger; it closes all others, and a file is written no more.
    """
    root = logging.getLogger()
    loggers = [root, *(each for each in [*root.manager.loggerDict.values()] if isinstance(each, logging.Logger))]
    states = [(each, _state(each)) for each in loggers]
    handlers = logging._handlerList  # type: ignore[attr-defined]  # noqa: SLF001 - what fileConfig() closes
    kept = [*handlers]
    handlers.clear()
    try:
        yield
    finally:
        handlers[:0] = kept
        for logger, (own, level, others) in states:
            logger.handlers[:] = own
            if logger.level != level:
                logger.setLevel(level)  # which forgets what was remembered of it
            vars(logger).update(others)


def _state(logger: logging.Logger) -> tuple[list[logging.Handler], int, dict[str, Any]]:
    return [*logger.handlers], logger.level, {"disabled": logger.disabled, "propagate": logger.propagate}
