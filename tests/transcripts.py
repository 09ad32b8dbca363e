"""What the documentation shows of a terminal, compared with what the commands print."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.processes import run_python

__all__ = ["commands", "normalize", "run_command", "typed_in", "without_typing"]

_PROMPT = re.compile(r"^\(Pdb\) (.*)\n", re.MULTILINE)
_DIFFERENT = (
    (re.compile(r"^ *[~^]+\n", re.MULTILINE), ""),  # each Python underlines in its own way,
    (re.compile(r"^> .*\n-> .*\n", re.MULTILINE), ""),  # and stops at breakpoint() or behind it
    (re.compile(r" in \d+\.\d+s$", re.MULTILINE), " in 0.0s"),
)


def commands(transcript: str) -> Iterator[tuple[str, str]]:
    """Yield each command, on a line that begins with ``$``, and what stands below it."""
    for part in re.split(r"^\$ ", transcript, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def run_command(command: str, folder: Path, typed: str = "", **environment: str) -> str:
    """Run a command in a folder with something typed, and return what it prints: files there by their names only."""
    program, *arguments = shlex.split(command)
    if program != "python":
        raise ValueError(f"a transcript runs python, not {program!r}")
    run = run_python(*arguments, folder=folder, typed=typed, PYTHONUNBUFFERED="1", **environment)
    return run.stdout.replace(f"{folder}{os.sep}", "")


def typed_in(printed: str) -> str:
    """Return what somebody has typed at the debugger's prompt."""
    return "".join(f"{line}\n" for line in _PROMPT.findall(printed))


def without_typing(printed: str) -> str:
    """Leave out what somebody has typed: a terminal shows it, and a pipe does not."""
    return _PROMPT.sub("(Pdb) ", printed)


def normalize(printed: str) -> str:
    """Leave out what differs from run to run and from Python to Python."""
    for pattern, replacement in _DIFFERENT:
        printed = pattern.sub(replacement, printed)
    return printed.strip()
