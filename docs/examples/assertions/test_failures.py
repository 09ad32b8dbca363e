"""
What each test of the store says of the broken one: the texts that the reference shows are in failures/, and are true.

``python test_failures.py`` writes them anew.
"""

import unittest
from pathlib import Path

import test_store

FOLDER = Path(__file__).with_name("failures")


def find_failures() -> dict[str, str]:
    """Run the tests of the store on the broken one, and return how each fails."""
    broken = type("BrokenTests", (test_store.StoreTests,), {"app": "broken_store:app"})
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(broken).run(result)
    return {test.id().rpartition(".")[2]: _message(text) for test, text in result.failures + result.errors}


def _message(text: str) -> str:
    """Return what stands in a traceback behind the name of its exception."""
    return text.rpartition("\nAssertionError: ")[2].rstrip() + "\n"


class FailureTests(unittest.TestCase):
    """The texts and the truth."""

    maxDiff = None

    def test_failures(self) -> None:
        """Every test fails on the broken store, in the words of its file."""
        found = find_failures()
        self.assertEqual(sorted(found), unittest.defaultTestLoader.getTestCaseNames(test_store.StoreTests))
        self.assertEqual(found, {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.txt")})


if __name__ == "__main__":
    for name, text in find_failures().items():
        (FOLDER / name).with_suffix(".txt").write_text(text, "utf-8")
