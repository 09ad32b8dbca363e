"""What users import: sorted, complete, and at home where its name says."""

import importlib
import pkgutil
import unittest
from types import ModuleType

import fastapi_testing


def modules() -> list[ModuleType]:
    """Return every module of the package."""
    found = pkgutil.walk_packages(fastapi_testing.__path__, "fastapi_testing.")
    return [fastapi_testing, *(importlib.import_module(module.name) for module in found)]


class ExportTests(unittest.TestCase):
    """``__all__``, everywhere."""

    def test_sorted_and_there(self) -> None:
        """Every module has a sorted ``__all__``, and everything in it exists; a room that is within one has none."""
        for module in modules():
            if module.__name__.count(".") > 1 and hasattr(module, "__path__"):
                continue  # it is a sentence; importing it costs next to nothing
            with self.subTest(module=module.__name__):
                self.assertEqual(module.__all__, sorted(module.__all__))
                self.assertEqual([name for name in module.__all__ if not hasattr(module, name)], [])

    def test_every_error_is_exported(self) -> None:
        """Whoever has to catch an error can import it from the top."""
        self.assertLessEqual(
            set(importlib.import_module("fastapi_testing.errors").__all__), set(fastapi_testing.__all__)
        )

    def test_docstrings(self) -> None:
        """Whatever is exported at the top says what it is."""
        for name in fastapi_testing.__all__:
            with self.subTest(name=name):
                self.assertTrue(getattr(fastapi_testing, name).__doc__)
