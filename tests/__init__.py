"""The tests of fastapi_testing; their folders mirror the package."""

import gc
import logging
import os
import unittest
from pathlib import Path

__all__ = ["load_tests"]

# The standard library's asynchronous test case has asyncio warn of each test that collects garbage, as slow.
logging.getLogger("asyncio").addFilter(lambda record: not record.getMessage().startswith("Executing <"))

for _name in ("FORCE_COLOR", "PYTHON_COLORS", "CLICOLOR_FORCE", "PY_COLORS"):
    os.environ.pop(_name, None)  # what tests look at is text, and so is what the processes print that they start


def load_tests(loader: unittest.TestLoader, _: unittest.TestSuite, pattern: str | None) -> unittest.TestSuite:
    """
    Load all tests, and have the collector leave alone what is there before the first of them runs.

    Three hundred thousand objects of libraries stay as long as the process. To look at them takes a fifth of a second
    each time, and many tests collect to see what is left: it was half of the time that the tests of the server took.
    Nor does it look at them again and again while they come.
    """
    gc.disable()
    try:
        suite = loader.discover(str(Path(__file__).parent), pattern or "test*.py")
    finally:
        gc.enable()
    _register_random()
    gc.collect()
    gc.freeze()
    return suite


def _register_random() -> None:
    """
    Have Hypothesis make an example, and with it its source of random numbers.

    It warns where the collector knows of nobody who holds that, and so where who does is left alone already.
    """
    from hypothesis import find, settings, strategies  # noqa: PLC0415 - few tests need it, and each run of one is here

    find(strategies.none(), lambda _: True, settings=settings(database=None))
