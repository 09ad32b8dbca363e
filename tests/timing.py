"""One unit of time for every test that needs a time-out, scaled for slow machines."""

import os

__all__ = ["MS"]

MS = 0.001 * float(os.environ.get("FASTAPI_TESTING_TIME_FACTOR", "1"))
"""A millisecond in seconds, times the environment variable FASTAPI_TESTING_TIME_FACTOR."""
