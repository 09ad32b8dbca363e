"""The suite, of which a machine runs the part that its environment says."""

from fastapi_testing import shard_tests

load_tests = shard_tests(__name__)
