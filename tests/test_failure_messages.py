"""The failures that docs/explanation/failure-messages.rst shows: each is what the tests of its example print."""

import contextlib
import importlib
import io
import os
import re
import sys
import textwrap
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

DOCS = Path(__file__).parent.parent / "docs"
EXAMPLE = DOCS / "explanation" / "failures"
PAGE = DOCS / "explanation" / "failure-messages.rst"


@contextlib.contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Import from a folder, and forget what was imported from it."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for path in folder.glob("*.py"):
            sys.modules.pop(path.stem, None)


def printed() -> dict[str, str]:
    """Run the failing tests, and return what each prints: file names for paths."""
    result = unittest.TestResult()
    with importable(EXAMPLE), contextlib.redirect_stderr(io.StringIO()):
        unittest.TestLoader().loadTestsFromModule(importlib.import_module("failing")).run(result)
    texts = {test.id().rpartition(".")[2]: text for test, text in [*result.failures, *result.errors]}
    return {name: _shorten(text) for name, text in texts.items()}


def _shorten(text: str) -> str:
    text = re.sub(r"^ *[~^]+\n", "", text, flags=re.MULTILINE)  # each Python underlines in its own way
    return text.replace(f"{EXAMPLE}{os.sep}", "").rstrip()


class FailureMessageTests(unittest.TestCase):
    """The page and the example."""

    texts: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        """Run the example."""
        super().setUpClass()
        cls.texts = printed()

    def test_page_is_true(self) -> None:
        """Each failure of the example is on the page, to the letter."""
        page = PAGE.read_text("utf-8")
        self.assertEqual(len(self.texts), 18)
        for name, text in self.texts.items():
            with self.subTest(test=name):
                self.assertIn(textwrap.indent(text, "    "), page)
