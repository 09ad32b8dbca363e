"""Errors of what belongs to the event loop of an earlier class."""

import re

from fastapi_testing.server.recording.stacks import said_by

__all__ = ["note_other_loop"]

# Of asyncio, in each Python; drivers of databases hand them on.
_SAID = re.compile(r"attached to a different loop|bound to a different event loop|Event loop is closed")

_ADVICE = (
    "what is made at the top of a module, such as a pool, a client or a lock, belongs to the event loop on which it is "
    "first used, and each class has its own here. In a base of all classes, loop_scope = 'run' has them share one; of "
    "classes of plain tests, server_scope = 'run' the server and its loop"
)


def note_other_loop(exception: BaseException) -> None:
    """Add what to do to an error that says, itself or in its notes, that something is of another event loop."""
    said = said_by(exception)
    if _SAID.search(said) and _ADVICE not in said:
        exception.add_note(_ADVICE)
