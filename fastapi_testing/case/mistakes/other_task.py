"""Errors of a context that one task has entered and another leaves."""

from fastapi_testing.server.recording.stacks import said_by

__all__ = ["note_other_task"]

_SAID = "in a different task than it was entered in"
"""Of anyio, for its cancel scopes and the task groups that have one."""

_ADVICE = (
    "a hook, the test and each cleanup are a task of their own: enter it with await self.enterAsyncContext(...), for a "
    "class with await cls.enterAsyncClassContext(...), in the hook or the test itself and not in a task that it "
    "starts: then it is left in the same task"
)


def note_other_task(exception: BaseException) -> None:
    """Add what to do to an error that says, itself or in its notes, that something was entered by another task."""
    said = said_by(exception)
    if _SAID in said and _ADVICE not in said:
        exception.add_note(_ADVICE)
