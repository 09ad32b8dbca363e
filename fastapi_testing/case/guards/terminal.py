"""Words for whoever waits in front of a test that does not go on."""

import contextlib
import sys
from typing import Any

from fastapi_testing.server.recording.stacks import frames_of_thread

__all__ = ["print_now"]


def print_now(text: str, thread: int) -> None:
    """
    Print on the terminal while a test runs, also where its output is kept back: by ``-b``, or by pytest.

    Args:
        text: What to print.
        thread: The thread that the runner of the tests runs on.
    """
    with _without_capture(thread):
        print(f"\n{text}", file=sys.__stderr__, flush=True)


def _without_capture(thread: int) -> contextlib.AbstractContextManager[None]:
    """Suspend pytest's capture, which holds the descriptor itself, while a test, a hook or a fixture of its runs."""
    for frame in frames_of_thread(thread):
        if str(frame.f_globals.get("__name__")).startswith("_pytest."):
            held = frame.f_locals
            config = getattr(held.get("item") or held.get("request"), "config", None)
            capture: Any = None if config is None else config.pluginmanager.getplugin("capturemanager")
            if capture is not None:
                return capture.global_and_fixture_disabled()  # type: ignore[no-any-return]
    return contextlib.nullcontext()
