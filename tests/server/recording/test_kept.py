"""What is kept of what happened: how much of it, and in which words it says what is missing."""

import logging
import sys
import unittest
from typing import Any

from fastapi_testing.server.recording.kept import (
    KEPT_BYTES,
    Shelf,
    beginning_of,
    drop_frames,
    estimate,
    last_line_of,
    message_of,
    note_of,
    record_without,
    shorten_record,
    size_of_failure,
    whole_size,
)


class Silent:
    """An object that cannot be written."""

    def __str__(self) -> str:
        raise RuntimeError("not now")


def record_of(message: object, *arguments: object, **given: object) -> logging.LogRecord:
    """Return a record of the log, with what an app has given it as ``extra``."""
    record = logging.LogRecord("shop", logging.WARNING, "shop.py", 1, message, arguments, None)
    vars(record).update(given)
    return record


def fail() -> None:
    """Raise something."""
    raise KeyError("third")


def raised(*arguments: object) -> Exception:
    """Return an exception that was raised from another one, while a third was handled."""
    try:
        try:
            fail()
        except KeyError:
            raise LookupError("second") from ValueError(*arguments)
    except LookupError as exc:
        return exc
    raise AssertionError  # pragma: no cover - for the type checker


class ShelfTests(unittest.TestCase):
    """Keeping what came last."""

    def test_number(self) -> None:
        """So many are kept, and the oldest go."""
        gone: list[str] = []
        shelf: Shelf[str] = Shelf(2, len, gone.append)
        for item in ("a", "bc", "def"):
            shelf.keep(item)
        self.assertEqual((list(shelf.items), shelf.size, gone), (["bc", "def"], 5, ["a"]))

    def test_bytes(self) -> None:
        """So many bytes are kept, and as many of the oldest go as are too much."""
        gone: list[str] = []
        shelf: Shelf[str] = Shelf(10, len, gone.append, limit=5)
        for item in ("a", "bc", "defgh"):
            shelf.keep(item)
        self.assertEqual((list(shelf.items), shelf.size, gone), (["defgh"], 5, ["a", "bc"]))

    def test_large(self) -> None:
        """One that is larger than that is kept alone, until the next one comes."""
        shelf: Shelf[str] = Shelf(10, len, limit=5)
        shelf.keep("abcdefgh")
        self.assertEqual(list(shelf.items), ["abcdefgh"])
        shelf.keep("i")
        self.assertEqual((list(shelf.items), shelf.size), (["i"], 1))

    def test_taken(self) -> None:
        """What somebody else has taken out does not count any more."""
        shelf: Shelf[str] = Shelf(10, len, limit=5)
        shelf.keep("abc")
        shelf.items.clear()
        shelf.keep("defg")
        self.assertEqual((list(shelf.items), shelf.size), (["defg"], 4))


class BeginningTests(unittest.TestCase):
    """What is larger than a shelf."""

    def test_small(self) -> None:
        """What is not is itself."""
        for message in ("hello", b"hello"):
            with self.subTest(message=message):
                self.assertIs(beginning_of(message), message)
                self.assertEqual(whole_size(message), 5)

    def test_text(self) -> None:
        """A text says how many characters are missing."""
        cut = beginning_of("é" * KEPT_BYTES)
        self.assertEqual(cut, "é" * 10_000 + "… (1038576 of 1048576 characters cut)")
        self.assertEqual(whole_size(cut), KEPT_BYTES)

    def test_bytes(self) -> None:
        """Bytes say how many bytes are."""
        cut = beginning_of(bytes(KEPT_BYTES))
        self.assertEqual(cut, bytes(10_000) + "… (1038576 of 1048576 bytes cut)".encode())
        self.assertEqual(whole_size(cut), KEPT_BYTES)


class EstimateTests(unittest.TestCase):
    """How many bytes there are in something."""

    def test_containers(self) -> None:
        """Strings and bytes count wherever they are, each once."""
        text, body = "a" * 1000, bytearray(2000)
        holder = Silent()
        vars(holder).update(body=body, again=[text])
        for each in ([text, body], (text, {"body": body}), {text: [body]}, holder):
            with self.subTest(type=type(each)):
                size = estimate(each)
                self.assertGreaterEqual(size, 3000)
                self.assertLess(size, 3300)

    def test_others(self) -> None:
        """What leads to the whole program counts for nothing."""
        self.assertEqual(estimate(sys, Silent, record_of, 1, None, object()), 0)

    def test_many(self) -> None:
        """It looks at some hundred objects, and no further."""
        self.assertLess(estimate([str(number) for number in range(1000)]), 200 * sys.getsizeof("1000"))

    def test_failure(self) -> None:
        """An exception counts with what it was given, what it has got since, and the text of it."""
        exception = ValueError("a" * 1000)
        exception.add_note("b" * 2000)
        self.assertGreaterEqual(size_of_failure("c" * 3000, exception, None), 6000)


class DropFramesTests(unittest.TestCase):
    """An exception without the frames that it came through."""

    def test_chain(self) -> None:
        """Those behind it lose theirs, too."""
        exception = raised()
        behind = exception.__context__
        assert behind is not None
        self.assertIsNotNone(behind.__traceback__)
        drop_frames(exception)
        self.assertEqual((exception.__traceback__, behind.__traceback__), (None, None))

    def test_group(self) -> None:
        """So do those in a group."""
        part = raised()
        drop_frames(ExceptionGroup("two", [part, ValueError()]))
        self.assertIsNone(part.__traceback__)

    def test_circle(self) -> None:
        """It ends where the chain is a circle."""
        one, other = raised(), ValueError()
        one.__context__, other.__context__ = other, one
        drop_frames(one)
        self.assertIsNone(one.__traceback__)


class RecordTests(unittest.TestCase):
    """Records of the log."""

    def test_small(self) -> None:
        """One that holds little is itself, whatever kinds of arguments it has."""
        for record in (record_of("sold %d", 3), record_of("sold %(n)d", {"n": 3}), record_of("sold", user="ada")):
            with self.subTest(record=record):
                self.assertIs(shorten_record(record), record)
                self.assertIs(record_without(record), record)

    def test_large(self) -> None:
        """Of a large one, the beginning of the text is kept, and the record itself stays as it was."""
        record = record_of("got %s", "x" * 20_000, user="ada", path="p" * 20_000)
        shortened: Any = shorten_record(record)
        self.assertEqual(shortened.getMessage(), f"got {'x' * 9996}… (10004 of 20004 characters cut)")
        self.assertEqual((shortened.user, shortened.name, shortened.args), ("ada", "shop", None))
        self.assertEqual(shortened.path, f"{'p' * 10_000}… (10000 of 20000 characters cut)")
        self.assertEqual((record.msg, len(record.getMessage())), ("got %s", 20_004))

    def test_objects(self) -> None:
        """Objects are kept as they are where the record need not be text alone, and as text where it has to be."""
        items = ["tea"]
        record = record_of("sold %s", items, basket=items, clerk=Silent())
        self.assertIs(shorten_record(record), record)
        text: Any = record_without(record)
        items.append("milk")
        self.assertEqual((text.getMessage(), text.basket), ("sold ['tea']", "['tea']"))
        self.assertRegex(text.clerk, r"\A<.*Silent object at 0x\w+>\Z")

    def test_exception(self) -> None:
        """So is an exception; one that there is not is none."""
        exception = raised("first")
        record = record_of("failed")
        record.exc_info = type(exception), exception, exception.__traceback__
        text = record_without(record)
        self.assertIsNone(text.exc_info)
        self.assertTrue(str(text.exc_text).endswith("\nLookupError: second"), text.exc_text)
        record.exc_info = None, None, None
        self.assertIsNone(record_without(record).exc_text)

    def test_message(self) -> None:
        """A message whose arguments do not fit, or that cannot be written, is what there is to say of it."""
        self.assertEqual(message_of(record_of("%d of %d", 1)), "%d of %d (1,)")
        self.assertRegex(message_of(record_of(Silent())), r"\A<.*Silent object at 0x\w+> \(\)\Z")

    def test_note(self) -> None:
        """What stands in the place of records says how many there were, and how long."""
        note = note_of([record_of("one"), record_of("three")])
        self.assertEqual(
            (note.levelname, note.name, note.getMessage()),
            (
                "INFO",
                "fastapi_testing",
                "(2 log records of 8 characters cut: the app has raised and logged too much since)",
            ),
        )

    def test_last_line(self) -> None:
        """What stands in the place of a traceback has its last line; nothing stands in the place of none."""
        self.assertEqual(
            last_line_of(f"Traceback:\n  ...\nValueError: {'x' * 300}"),
            f"(129 characters cut: the app has raised and logged too much since) …ValueError: {'x' * 188}",
        )
        self.assertEqual(last_line_of(""), "")
