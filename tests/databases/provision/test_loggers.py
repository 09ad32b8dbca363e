"""Loggers are as they were before a migration tool came."""

import io
import logging
import logging.config
import tempfile
import unittest
from pathlib import Path

from fastapi_testing.databases.provision.loggers import loggers_kept

__all__: list[str] = []

ALEMBIC = """
[loggers]
keys = root,alembic

[handlers]
keys = console

[formatters]
keys =

[logger_root]
level = WARNING
handlers = console

[logger_alembic]
level = INFO
handlers =
qualname = alembic.of_this_test

[handler_console]
class = StreamHandler
args = (sys.stderr,)
"""


class LoggerTests(unittest.TestCase):
    """What fileConfig does, with a file such as ``alembic init`` writes."""

    def test_kept(self) -> None:
        """A logger of the app's still says what it said, at its level, to its handlers, and so does the root."""
        shop, root = logging.getLogger("shop.of_this_test"), logging.getLogger()
        handler = logging.NullHandler()
        shop.addHandler(handler)
        self.addCleanup(shop.removeHandler, handler)
        root.setLevel(logging.INFO)
        self.addCleanup(root.setLevel, logging.WARNING)
        shop.propagate = False
        before = [*root.handlers]
        with loggers_kept():
            logging.config.fileConfig(io.StringIO(ALEMBIC))
            self.assertTrue(shop.disabled)
            self.assertEqual(root.level, logging.WARNING)
        self.assertEqual((shop.disabled, shop.propagate, shop.handlers), (False, False, [handler]))
        self.assertEqual((root.level, root.handlers), (logging.INFO, before))
        self.assertTrue(shop.isEnabledFor(logging.INFO))

    def test_files(self) -> None:
        """A handler that writes to a file goes on with it."""
        path = Path(self.enterContext(tempfile.TemporaryDirectory())) / "shop.log"
        shop, handler = logging.getLogger("shop.of_this_test"), logging.FileHandler(path, mode="w")
        self.addCleanup(handler.close)
        shop.addHandler(handler)
        self.addCleanup(shop.removeHandler, handler)
        shop.warning("before")
        with loggers_kept():
            logging.config.fileConfig(io.StringIO(ALEMBIC))
        shop.warning("after")
        handler.flush()
        self.assertEqual(path.read_text("utf-8"), "before\nafter\n")

    def test_failing(self) -> None:
        """Also where the schema cannot be made: the app's log is of use then most of all."""
        shop = logging.getLogger("shop.of_this_test")
        with self.assertRaises(ZeroDivisionError), loggers_kept():
            logging.config.fileConfig(io.StringIO(ALEMBIC))
            raise ZeroDivisionError
        self.assertFalse(shop.disabled)
