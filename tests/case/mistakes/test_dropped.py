"""Whose a dropped coroutine is."""

import os
import unittest
from pathlib import Path
from typing import Any

from fastapi import FastAPI

import tests
from fastapi_testing.case.mistakes.dropped import _packages_of

app = FastAPI()


class PackageTests(unittest.TestCase):
    """The packages that are tested, which may be installed."""

    def test_named(self) -> None:
        """Those of the test and of the app, be it named or the object that a module has, and no library's."""
        for named in ("tests.case.shop:app", app, None):
            with self.subTest(app=named):
                case: Any = type("Case", (), {"app": named, "__module__": __name__})
                self.assertEqual({*_packages_of(case)}, {f"{Path(tests.__file__).parent}{os.sep}"})
