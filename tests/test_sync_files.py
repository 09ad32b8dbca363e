"""The generated files: each says what the file it is made of says, and none is written by hand."""

import tempfile
import unittest
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from unittest import mock

from tests import sync_files
from tests.sync_files import PACKAGE, PAIRS, Pair, main

SOURCE = '''"""What waits."""

from collections.abc import AsyncIterator, Iterator

import httpx

from fastapi_testing import EventStream

__all__ = ["wait"]


async def wait(client: httpx.AsyncClient, stream: EventStream, iterator: Iterator[int]) -> None:
    """Wait for an event; none is awaited after ``aclose()``."""
    async with stream:
        await stream.next()
    await client.aclose()
'''

TARGET = '''# Generated from waiting.py by `python -m tests.sync_files --write`: change that file, not this one.
"""What waits, and blocks."""

from collections.abc import Iterator

import httpx

from fastapi_testing import SyncEventStream

__all__ = ["wait"]


def wait(client: httpx.Client, stream: SyncEventStream, iterator: Iterator[int]) -> None:
    """Wait for an event; none is awaited after ``close()``."""
    with stream:
        stream.next()
    client.close()
'''


class CurrentTests(unittest.TestCase):
    """What is in the package."""

    def test_current(self) -> None:
        """Every generated file is what the one beside it makes it."""
        for pair in PAIRS:
            with self.subTest(pair=pair.target_path.name):
                self.assertEqual(
                    pair.target_path.read_text("utf-8"), pair.generate(), "run `python -m tests.sync_files --write`"
                )

    def test_every_generated_file_has_a_source(self) -> None:
        """No file says that it is generated and is not."""
        says_so = {path for path in PACKAGE.rglob("*.py") if path.read_text("utf-8").startswith("# Generated from ")}
        self.assertEqual(says_so, {pair.target_path for pair in PAIRS})


class GeneratorTests(unittest.TestCase):
    """How one file becomes another, in a folder of its own."""

    def setUp(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "waiting.py").write_text(SOURCE, "utf-8")
        self.pair = Pair(str(folder), "waiting.py", {"What waits": "What waits, and blocks"})
        self.enterContext(mock.patch.object(sync_files, "PAIRS", (self.pair,)))
        self.output = self.enterContext(redirect_stdout(StringIO()))

    def test_generated(self) -> None:
        """Words, phrases and ``await`` change, prose and other names stay, imports that nothing needs go."""
        self.assertEqual(self.pair.generate(), TARGET)

    def test_words_that_stay(self) -> None:
        """A pair can keep a word."""
        pair = Pair(self.pair.folder, "waiting.py", words=frozenset({"EventStream"}))
        self.assertIn("stream: EventStream", pair.generate())

    def test_missing_phrase(self) -> None:
        """A phrase that the source has no longer is an error: what it was for would be lost."""
        pair = Pair(self.pair.folder, "waiting.py", {"What sleeps": "What blocks"})
        with self.assertRaisesRegex(ValueError, r"waiting\.py does not say 'What sleeps'\Z"):
            pair.generate()

    def test_not_there(self) -> None:
        """A file that has not been generated yet is not current."""
        self.assertEqual(main([]), 1)
        self.assertEqual(self.output.getvalue(), f"not up to date: {self.pair.target_path}\n")

    def test_written(self) -> None:
        """Once it is written it is current, and nothing is left to do."""
        self.assertEqual(main(["--write"]), 0)
        self.assertEqual(self.pair.target_path.read_text("utf-8"), TARGET)
        self.assertEqual(main([]), 0)
        self.assertEqual(self.output.getvalue(), f"wrote {self.pair.target_path}\n")

    def test_changed_by_hand(self) -> None:
        """One that is changed by hand is not current, nor is one whose source has changed since."""
        self.pair.write()
        self.pair.target_path.write_text(TARGET.replace("blocks", "sleeps"), "utf-8")
        self.assertFalse(self.pair.is_current())
        self.pair.write()
        self.pair.source_path.write_text(SOURCE.replace("an event", "events"), "utf-8")
        self.assertFalse(self.pair.is_current())
