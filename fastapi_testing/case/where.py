"""Lines of the user's code, for warnings to point to."""

import inspect
import os
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

__all__ = ["ClassLine", "Where", "caller", "definition"]

_PACKAGE = f"{Path(__file__).parent.parent}{os.sep}"


class Where(NamedTuple):
    """A line in a file."""

    file: str
    line: int
    module: str

    def warn(self, text: str, category: type[Warning]) -> None:
        """Warn as if the line did."""
        # The registry is the module's own, where warnings.warn() would keep it too.
        registry = vars(sys.modules.get(self.module, sys)).setdefault("__warningregistry__", {})
        warnings.warn_explicit(text, category, self.file, self.line, self.module, registry)


class ClassLine(NamedTuple):
    """The line where a class begins, looked for only when a warning points to it: to read a source takes long."""

    cls: type

    def warn(self, text: str, category: type[Warning]) -> None:
        """Warn as if the line did."""
        definition(self.cls).warn(text, category)


def caller() -> Where:
    """Return the line that has called into this package."""
    frame = sys._getframe(1)  # noqa: SLF001 - as warnings.warn() does
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return Where(frame.f_code.co_filename, frame.f_lineno, frame.f_globals.get("__name__", "<string>"))


def definition(cls: type) -> Where:
    """Return the line where a class begins; where its source is not to be had, the first of its module."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None) or "<string>"
    try:
        line = inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        line = 1
    return Where(file, line, cls.__module__)
