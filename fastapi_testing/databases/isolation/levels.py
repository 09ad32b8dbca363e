"""The savepoints on a shared connection, each of which stands for somebody's transaction."""

from typing import Any, Literal

from fastapi_testing.databases.isolation.waits import Ended
from fastapi_testing.databases.statements.kinds import SavepointStatement

__all__ = ["GUARD", "Level", "Savepoint"]

GUARD = "fastapi_testing_guard"
"""The savepoint that keeps what others have committed from a rollback of the test."""


class Savepoint:
    """One that somebody has set in a transaction of theirs, as ``begin_nested()`` does."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mixed_by: object = None  # who else has written since it was set


class Level:
    """A savepoint, and the connection whose transaction it stands for."""

    def __init__(self, connection: Any, owner: object, name: str, statement: str, ended: Ended) -> None:
        self.connection = connection
        self.owner = owner
        self.name = name
        self.statement = statement
        self.state: Literal["open", "committed", "abandoned"] = "open"
        self.failed = False
        self.mixed_by: object = None  # who else has written while it was open
        self.savepoints: list[Savepoint] = []  # set in it, innermost last
        self.ended: Ended = ended

    def end(self, state: Literal["committed", "abandoned"]) -> None:
        self.state = state
        self.ended.set()

    def mix(self, owner: object) -> None:
        """Note that somebody else has written: a rollback to before would undo that, too."""
        self.mixed_by = owner
        for savepoint in self.savepoints:
            savepoint.mixed_by = owner

    def find(self, name: str) -> Savepoint | None:
        """Return the innermost savepoint of this name."""
        return next((each for each in reversed(self.savepoints) if each.name == name), None)

    def note(self, done: SavepointStatement) -> None:
        """Keep up with a statement of the transaction about its savepoints."""
        if done.verb == "set":
            self.savepoints.append(Savepoint(done.name))
            return
        # To release a savepoint ends it and those that were set after it; to go back to it leaves it.
        found = [index for index, each in enumerate(self.savepoints) if each.name == done.name]
        del self.savepoints[max(found, default=len(self.savepoints)) + (done.verb == "restore") :]
