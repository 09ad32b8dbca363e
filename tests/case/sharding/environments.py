"""The environment of a machine that runs a part of a suite."""

import contextlib
import os
from collections.abc import Iterator
from unittest import mock

__all__ = ["NAMES", "environment"]

NAMES = (
    "TEST_TOTAL_SHARDS",
    "TEST_SHARD_INDEX",
    "TEST_SHARD_STATUS_FILE",
    "XML_OUTPUT_FILE",
    "CI_NODE_INDEX",
    "CI_NODE_TOTAL",
    "CI_JOB_NAME",
    "CIRCLE_NODE_INDEX",
    "CIRCLE_NODE_TOTAL",
    "BUILDKITE_PARALLEL_JOB",
    "BUILDKITE_PARALLEL_JOB_COUNT",
    "JOB_COMPLETION_INDEX",
    "FASTAPI_TESTING_TIMINGS",
)


@contextlib.contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set just these variables of the engines, whatever shard this suite itself may be."""
    with mock.patch.dict(os.environ):
        for name in NAMES:
            os.environ.pop(name, None)
        os.environ.update(variables)
        yield
