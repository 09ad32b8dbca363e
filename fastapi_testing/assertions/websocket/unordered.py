"""Messages that may come in any order."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from fastapi_testing.assertions.comparing.comparison import pair
from fastapi_testing.assertions.websocket.payload import describe_expected, find_accepted

__all__ = ["Unordered"]


class Unordered:
    """
    Messages that are expected in any order, and those of them that came.

    Args:
        expected: The messages, each as :func:`~fastapi_testing.assertions.websocket.payload.find_accepted` takes it.

    Attributes:
        received: The messages that came, as they came.
    """

    def __init__(self, expected: Sequence[Any]) -> None:
        self.received: list[str | bytes] = []
        self._expected = expected
        self._pairs: dict[int, int] = {}
        self._accepted = cache(self._accept)  # a predicate is asked once about each message

    @property
    def complete(self) -> bool:
        """Whether all have come."""
        return len(self._pairs) == len(self._expected)

    def take(self, message: str | bytes) -> bool:
        """Take a message if it is one of the expected; those before it may then stand for others."""
        self.received.append(message)
        pairs = pair(len(self.received), len(self._expected), lambda *place: bool(self._accepted(*place)))
        if len(pairs) < len(self.received):
            self.received.pop()
            return False
        self._pairs = pairs
        return True

    def values(self) -> list[Any]:
        """Return the messages in the order expected."""
        places = sorted(self._pairs.items(), key=lambda place: place[1])
        return [value for place in places for value in self._accepted(*place)]

    def describe_missing(self) -> str:
        """Return those that have not come, on lines of their own."""
        came = set(self._pairs.values())
        missing = [expected for index, expected in enumerate(self._expected) if index not in came]
        return "\nstill expected:" + "".join(f"\n  {describe_expected(expected)}" for expected in missing)

    def __str__(self) -> str:
        number = len(self._expected)
        return "1 message" if number == 1 else f"{number} messages in any order"

    def _accept(self, found: int, wanted: int) -> list[Any]:
        return list(find_accepted(self.received[found], self._expected[wanted]))[:1]
