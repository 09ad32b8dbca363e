"""
Logging while servers run: exchanges get their records, and the terminal is spared what is reported elsewhere.

Logging is the program's own, so this looks on from where nothing changes. The record factory sees each record that
the loggers' levels let through, whether or not it propagates and whoever handles it. A handler on the root logger
would not: it misses what does not propagate, keeps :func:`logging.basicConfig` from doing anything, and takes warnings
off the terminal, as :data:`logging.lastResort` writes only where there is no handler at all.
"""

import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

from fastapi_testing.server.recording.ends import left_by_client
from fastapi_testing.server.recording.exchange import current_exchange
from fastapi_testing.server.recording.stacks import traceback_of_users

__all__ = ["LogWatch"]

_logger = logging.getLogger("uvicorn.error")

_FALSE_ALARM = "ASGI callable returned without completing handshake."
"""What uvicorn logs of each handshake that an app has rejected with a response of its own, which completes it."""


class _RecordFactory:
    """Makes records as the factory before it did, and shows them to the exchange they belong to."""

    def __init__(self) -> None:
        self._make = logging.getLogRecordFactory()

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        exchange = current_exchange.get()
        if exchange is not None:
            exchange.log(record)
        return record

    def remove(self) -> None:
        # A program that has put its own factory around this one since keeps it, and this one passes on.
        if logging.getLogRecordFactory() is self:
            logging.setLogRecordFactory(self._make)


class LogWatch:
    """Watches logging for as long as at least one server of this process runs."""

    _lock = threading.Lock()
    _servers = 0
    _factory: _RecordFactory

    @classmethod
    def begin(cls) -> None:
        """Take note that a server is about to start."""
        with cls._lock:
            cls._servers += 1
            if cls._servers == 1:
                cls._factory = _RecordFactory()
                logging.setLogRecordFactory(cls._factory)
                _logger.addFilter(_hold_back)

    @classmethod
    def end(cls) -> None:
        """Take note that a server has stopped."""
        with cls._lock:
            cls._servers -= 1
            if cls._servers == 0:
                cls._factory.remove()
                _logger.removeFilter(_hold_back)


def _hold_back(record: logging.LogRecord) -> bool:
    """
    Keep an exception off the terminal that is reported elsewhere, or is nobody's mistake; other handlers still get it.

    A test that has its client go away does so on purpose, also on a server that no test case looks after.
    """
    exchange = current_exchange.get()
    if exchange is None:
        return True
    if exchange.denied and record.msg == _FALSE_ALARM:
        return False
    error = exchange.exception
    if error is None or not record.exc_info or record.exc_info[1] is not error:
        return True
    if not exchange.reported and not left_by_client(error):
        return True
    # The frames before the app's own are always the same, and pytest prints the log with each failing test.
    record.exc_info = type(error), error, traceback_of_users(error)
    willing = [handler for handler in _handlers() if record.levelno >= handler.level]
    on_terminal = [handler for handler in willing if _writes_on_terminal(handler)]
    for handler in willing:
        if handler not in on_terminal:
            handler.handle(record)
    exchange.hold_log(record, on_terminal)
    return False


def _handlers() -> Iterator[logging.Handler]:
    """Yield the handlers that a record of uvicorn's logger gets to; the last resort where there is none."""
    logger: logging.Logger | None = _logger
    found = 0
    while logger is not None:
        found += len(logger.handlers)
        yield from logger.handlers
        logger = logger.parent if logger.propagate else None
    if not found and logging.lastResort is not None:
        yield logging.lastResort


def _writes_on_terminal(handler: logging.Handler) -> bool:
    streams = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    return isinstance(handler, logging.StreamHandler) and any(handler.stream is stream for stream in streams)
