# ruff: noqa: INP001 - run as a script
"""Runs tests by their ids as PyCharm does: unittest's command line, with the runner of teamcity-messages."""

import sys
import unittest
from pathlib import Path

from teamcity.unittestpy import TeamcityTestRunner  # type: ignore[import-untyped]

sys.path.insert(0, str(Path.cwd()))
unittest.main(
    module=None,
    argv=["python -m unittest", "--quiet", *sys.argv[1:]],
    testRunner=TeamcityTestRunner,
    buffer=True,
)
