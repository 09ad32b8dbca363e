"""One unit of time for every test that needs a time-out, scaled for slow machines."""

import os

from httpx import Timeout

__all__ = ["MS", "answer_within"]

MS = 0.001 * float(os.environ.get("FASTAPI_TESTING_TIME_FACTOR", "1"))
"""A millisecond in seconds, times the environment variable FASTAPI_TESTING_TIME_FACTOR."""


def answer_within(milliseconds: float) -> Timeout:
    """Return a time-out for the answer alone: a busy machine may take longer than that to open a connection."""
    return Timeout(None, read=milliseconds * MS)
