"""Which lines of a function may have made a coroutine."""

import inspect
import unittest
from types import FrameType
from typing import Any
from unittest import mock

from fastapi_testing.case.mistakes.makers import code_called_from, lines_that_make


async def ask(*_: object) -> None:
    """Ask for something."""


async def use(*_: object) -> Any:  # pragma: no cover - only read
    """Use what there is to use."""
    await ask()
    ask()  # type: ignore[unused-coroutine]
    held = ask()
    use(1, ask())  # type: ignore[unused-coroutine]
    made = [lambda: ask(1)]

    def make() -> Any:
        return ask()

    return [held, made, make, (each := ask()), each]


class LinesTests(unittest.TestCase):
    """What may have held a coroutine to the end of its function."""

    def test_lines(self) -> None:
        """Calls by the name count whose result is kept; those count not that are awaited, dropped or another's."""
        first = use.__code__.co_firstlineno
        self.assertEqual([line - first for line in lines_that_make(use.__code__, "ask")], [4, 5, 11])
        self.assertEqual(lines_that_make(use.__code__, "other"), [])


class CalledTests(unittest.TestCase):
    """What a frame has called."""

    def frame_of(self, function: Any) -> FrameType:
        """Return the frame of a function that has another one."""
        frame = inspect.currentframe()
        assert frame is not None
        assert frame.f_locals["function"] is function
        return frame

    def test_called(self) -> None:
        """It is what the frame's variables have; what answers any attribute has no code, and is no trouble."""
        self.assertIs(code_called_from(self.frame_of(use)), use.__code__)
        self.assertIsNone(code_called_from(self.frame_of(mock.call.anything)))
