"""What is said of what cannot be as it is with real transactions."""

import warnings

from fastapi_testing.databases.isolation.levels import Level
from fastapi_testing.databases.statements.kinds import is_notification, shorten
from fastapi_testing.databases.statements.owners import describe_owner

__all__ = ["OneTransactionWarning", "note_others", "warn_of_notification"]


class OneTransactionWarning(UserWarning):
    """The app does what has no effect in a transaction that is rolled back: isolation = 'truncate' has real ones."""


def warn_of_notification(statement: str) -> None:
    """Tell of a statement whose effect would come with a COMMIT."""
    if is_notification(statement):
        warnings.warn(
            f"{shorten(statement)!r} has its effect at a COMMIT, and isolation = 'rollback' has none: nobody will be "
            f"notified in this test; set isolation = 'truncate'",
            OneTransactionWarning,
            stacklevel=2,
        )


def note_others(exc: Exception, others: list[Level]) -> None:
    """Tell of transactions that are open while a deferred constraint is found to be violated."""
    if others:
        whose = " and ".join(sorted({describe_owner(each.owner) for each in others}))
        exc.add_note(
            f"on one connection, what others have not committed yet is checked as well: {whose} has a transaction "
            f"open; commit it earlier, or set isolation = 'truncate'"
        )
