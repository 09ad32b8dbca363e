"""A coroutine that was dropped without being awaited: whose it was, and where it was made."""

import inspect
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple
from unittest import TestCase, mock

from fastapi_testing.case.mistakes.makers import code_called_from, lines_that_make
from fastapi_testing.case.where import Where
from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.recording.libraries import is_users
from fastapi_testing.server.recording.stacks import name_of

__all__ = ["DroppedCoroutine", "describe_dropped"]

_CASE = str(Path(__file__).parent.parent) + os.sep
"""Where tests and their hooks are called."""

_MOCK = mock.__file__
"""Makes the coroutines of an AsyncMock, wherever it is called."""


_ABOUT_MOCKS = {
    "AsyncMockMixin._execute_mock_call": (
        "; all methods of an AsyncMock make coroutines: for one that is not awaited, say `mock.add = Mock()`, or make "
        "the mock by create_autospec()"
    )
}


class DroppedCoroutine(NamedTuple):
    """
    One that nobody awaited.

    Attributes:
        name: Of its function.
        file: Where it was made; what is known instead may be the line that dropped it, or where its function begins.
        line: The line in it.
        function: The function that the line is in; empty where its own function's beginning is meant.
        exchange: What the app was asked when it dropped it; empty where it was not the app.
        late: The test that made it and had ended before; empty where it is the one that runs.
        other_lines: Further ones that may have made it.
    """

    name: str
    file: str
    line: int
    function: str
    exchange: str = ""
    late: str = ""
    other_lines: tuple[int, ...] = ()

    def __str__(self) -> str:
        start = "" if self.function else "a function at "
        function = f", in {self.function}" if self.function else ""
        app = f", by the app for {self.exchange}" if self.exchange else ""
        if not self.function and not self.exchange:
            function = " (where it was made, loop_debug = True shows)"
        lines = " or ".join(map(str, (self.line, *self.other_lines)))
        late = f", and collected after the end of {self.late}" if self.late else ""
        return (
            f"coroutine {self.name!r} was never awaited: "
            f'{start}File "{self.file}", line {lines}{function}{app}{late}{_ABOUT_MOCKS.get(self.name, "")}'
        )

    @property
    def where(self) -> Where:
        """The line, for a warning."""
        module = next((name for name, each in sys.modules.copy().items() if _file_of(each) == self.file), "<unknown>")
        return Where(self.file, self.line, module)

    @classmethod
    def of_users(
        cls, coroutine: Any, frame: FrameType | None, exchange: Exchange | None, case: type
    ) -> "DroppedCoroutine | None":
        """
        Return what to say of a coroutine that the user's code has made, or has dropped; None of a library's own.

        Args:
            coroutine: What was dropped.
            frame: What has dropped it; None where the garbage collector has, which runs at any line.
            exchange: What the app was asked then; None where it was not the app.
            case: The class whose tests run.
        """
        name, asked = name_of(coroutine), "" if exchange is None else str(exchange)
        packages = tuple(_packages_of(case))
        # The origin is the line that called the coroutine function. A thread of a handler's has no such note.
        for file, line, function in coroutine.cr_origin or ():
            if _is_theirs(file, packages):
                return cls(name, file, line, function, asked)
        # A library's function may have made it for the user, as those of asyncpg and of mocks do.
        if frame is not None and _is_theirs(frame.f_code.co_filename, packages):
            code = frame.f_code
            return cls(name, code.co_filename, frame.f_lineno, code.co_name, asked)
        code = coroutine.cr_code
        # A variable of the test has held it to the end, at which this package, or a patch around the test, runs on.
        if frame is not None and (frame.f_code.co_filename.startswith(_CASE) or frame.f_code.co_filename == _MOCK):
            return cls._held_by(frame, name, coroutine) or cls(name, code.co_filename, code.co_firstlineno, "", asked)
        if _is_theirs(code.co_filename, packages) or code.co_filename == _MOCK:
            return cls(name, code.co_filename, code.co_firstlineno, "", asked)
        return None

    @classmethod
    def _held_by(cls, frame: FrameType, name: str, coroutine: Any) -> "DroppedCoroutine | None":
        """Return what to say of one that was held to the end of what a frame has called, if the lines are found."""
        code = code_called_from(frame)
        lines = [] if code is None else lines_that_make(code, coroutine.__name__)
        if code is None or not lines:
            return None
        return cls(name, code.co_filename, lines[0], code.co_name, other_lines=tuple(lines[1:]))


def describe_dropped(dropped: list[DroppedCoroutine]) -> str:
    """Return one line for each of them; those that are alike are counted."""
    counted = {each: dropped.count(each) for each in dict.fromkeys(dropped)}
    return "\n".join(f"{each}{f' ({times} times)' if times > 1 else ''}" for each, times in counted.items())


def made_in(coroutine: Any, case: type[TestCase]) -> str:
    """
    Return the name of the test that has made a coroutine, as far as the coroutine itself shows it; else nothing.

    It shows it where it is a method of the test or has it as an argument, or where the test's own method made it.
    """
    frame = coroutine.cr_frame
    arguments = [] if frame is None else [*frame.f_locals.values()]
    for value in arguments:
        if issubclass(type(value), case):  # isinstance() may call the user's code
            return str(value._testMethodName)  # noqa: SLF001 - documented by use
    for file, line, function in coroutine.cr_origin or ():
        if not function.startswith("test"):
            continue
        code = getattr(inspect.unwrap(getattr(case, function, None) or made_in), "__code__", None)
        if code is not None and code.co_filename == file and code.co_firstlineno <= line:
            return str(function)
    return ""


def _is_theirs(file: str, packages: tuple[str, ...]) -> bool:
    return is_users(file) or file.startswith(packages)


def _packages_of(case: type) -> Iterator[str]:
    """Yield the folders of the packages that are tested, which may be installed, as tox does with them."""
    app = getattr(case, "app", None)
    if isinstance(app, str):
        modules = [app]
    else:
        # A copy is made at once; a list of items may have the garbage collector run, and that anything, meanwhile.
        modules = [name for name, module in sys.modules.copy().items() if app is not None and _holds(module, app)]
    for module in (case.__module__, *modules):
        package = sys.modules.get(module.partition(":")[0].partition(".")[0])
        yield from (f"{path}{os.sep}" for path in getattr(package, "__path__", ()))


def _holds(module: object, app: object) -> bool:
    return any(value is app for value in getattr(module, "__dict__", {}).copy().values())


def _file_of(module: object) -> str | None:
    file: str | None = getattr(module, "__file__", None)
    return file
