"""A row in a process of its own, which is ended where it takes far longer than it may."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from tests.processes import ROOT, environment
from tests.soak.outcome import Outcome

__all__ = ["run_alone"]

_TOLD = 3000
"""Characters that are shown of what a process wrote that has no outcome."""


def run_alone(arguments: Sequence[str], limit: float) -> Outcome:
    """
    Return the outcome that a process of Python writes into the last line of its output.

    It has a session of its own: what it has started, and what it left, ends with it.

    Args:
        arguments: Those of Python.
        limit: The seconds after which it is ended.
    """
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        output, errors = _kill(process)
        return _without_outcome(f"it had not ended after {limit:.0f} s", output, errors)
    finally:
        _kill(process)
    if process.returncode:
        return _without_outcome(f"it ended with {process.returncode}", output, errors)
    return Outcome.from_json(json.loads(output.rstrip().rpartition("\n")[2]))


def _kill(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """End a process and what it has started, and return what it wrote."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.communicate()


def _without_outcome(what: str, output: str, errors: str) -> Outcome:
    return Outcome(done="nothing", mistakes=(f"{what}, and wrote:\n{(output + errors)[-_TOLD:]}",))
