"""Results that a test asks for before they are there."""

import contextlib
import unittest
from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from fastapi_testing.case.mistakes.too_early import note_what_came_too_early
from tests.running import run_classes, without_exchanges

app = FastAPI()

FORGOTTEN = "has returned a coroutine, which has no result before it is awaited: was an `await` forgotten?"


async def find(*_: object) -> list[int]:
    """Find something, for who awaits it."""
    return [1]  # pragma: no cover - nobody does


@contextlib.contextmanager
def opened() -> Iterator[None]:
    """Open something, for who enters it."""
    yield  # pragma: no cover - nobody does


class TooEarlyCase(unittest.TestCase):
    """Runs tests."""

    def error_of(self, test: Callable[[Any], object], base: type[unittest.TestCase] = AsyncServerTestCase) -> list[str]:
        """Return the last lines of the error with which a test ends, from that on which it is named."""
        ((_, text),) = run_classes(type("Case", (base,), {"app": app, "test": test})).errors
        lines = without_exchanges(text).splitlines()
        return lines[next(at for at, line in enumerate(lines) if "Error: " in line) :]


class AwaitTests(TooEarlyCase):
    """An ``await`` that was forgotten."""

    def test_attribute(self) -> None:
        """An attribute of the response is asked of the coroutine: the note names what was called."""

        async def test(case: AsyncServerTestCase) -> None:
            response: Any = case.client.get("/")
            with contextlib.closing(response):
                case.assertEqual(response.status_code, 200)

        error = "AttributeError: 'coroutine' object has no attribute 'status_code'"
        self.assertEqual(self.error_of(test), [error, f"AsyncClient.get() {FORGOTTEN}"])

    def test_in_hooks_and_parts(self) -> None:
        """So in a plain test, in a part of one, and in a hook."""

        def test(case: Any) -> None:
            with contextlib.closing(find()) as found, case.subTest():
                found.sort()  # type: ignore[attr-defined]

        async def hook(_: Any) -> None:
            with contextlib.closing(find()) as found:
                found.sort()  # type: ignore[attr-defined]

        expected = ["AttributeError: 'coroutine' object has no attribute 'sort'", f"find() {FORGOTTEN}"]
        for base in (AsyncServerTestCase, ServerTestCase):
            self.assertEqual(self.error_of(test, base), expected)
        for name, method in (("asyncSetUp", hook), ("asyncSetUpClass", classmethod(hook))):
            case = type("Case", (AsyncServerTestCase,), {name: method, "test": lambda _: None})
            ((_, text),) = run_classes(case).errors
            self.assertTrue(text.rstrip().endswith("\n".join(expected)), text)

    def test_other_uses(self) -> None:
        """A coroutine cannot be subscripted, iterated over, unpacked, compared, or entered in either way."""

        async def subscript(found: Any) -> None:
            found[0]

        async def iterate(found: Any) -> None:
            list(found)

        async def unpack(found: Any) -> None:
            [_] = found

        async def compare(found: Any) -> None:
            found > 1  # noqa: B015 - it raises

        async def enter(found: Any) -> None:
            with found:
                raise AssertionError("it is no context")  # pragma: no cover - it cannot be entered

        async def enter_async(found: Any) -> None:
            async with found:
                raise AssertionError("it is no context")  # pragma: no cover - it cannot be entered

        def used(use: Callable[[Any], Any]) -> Callable[[Any], Any]:
            async def test(_: Any) -> None:
                with contextlib.closing(find()) as found:
                    await use(found)

            return test

        for use in (subscript, iterate, unpack, compare, enter, enter_async):
            with self.subTest(use.__name__):
                self.assertEqual(self.error_of(used(use))[1:], [f"what was called {FORGOTTEN}"])

    def test_dropped(self) -> None:
        """Where the coroutine was dropped by that, its line is told, and nothing else."""

        async def test(_: Any) -> None:
            find()[0]  # type: ignore[index]

        _, *notes = self.error_of(test)
        line = test.__code__.co_firstlineno + 1
        where = f'File "{__file__}", line {line}, in test'
        self.assertEqual(notes, [f"coroutine 'find' was never awaited: {where}"])


class ContextTests(TooEarlyCase):
    """A context that was not entered."""

    def test_stream(self) -> None:
        """A stream of a client names what was called, and how to enter it."""

        async def test(case: Any) -> None:
            case.client.stream("GET", "/").status_code  # noqa: B018 - it raises

        text = "Client.stream() has returned a context, which has to be entered: was `{}with ... as ...` forgotten?"
        self.assertEqual(self.error_of(test)[1:], [f"Async{text.format('async ')}"])

        def plain(case: Any) -> None:
            case.client.stream("GET", "/").status_code  # noqa: B018 - it raises

        self.assertEqual(self.error_of(plain, ServerTestCase)[1:], [text.format("")])


class OtherTests(unittest.TestCase):
    """What is left as it is."""

    def test_once(self) -> None:
        """An error has one note at the most, wherever it passes."""
        with self.assertRaises(AttributeError) as caught:
            opened().value  # type: ignore[attr-defined]  # noqa: B018 - it raises
        for _ in range(2):
            note_what_came_too_early(caught.exception)
        text = "opened() has returned a context, which has to be entered: was `with ... as ...` forgotten?"
        self.assertEqual(caught.exception.__notes__, [text])

    def test_others(self) -> None:
        """Errors of other types, of other objects, and of no object at all have none."""
        of_context = AttributeError("no such thing", name="value", obj=contextlib.nullcontext())
        for error in (
            ValueError("'coroutine' object"),
            TypeError("'int' object"),
            AttributeError("no such thing"),
            of_context,
        ):
            note_what_came_too_early(error)
            self.assertFalse(hasattr(error, "__notes__"))
