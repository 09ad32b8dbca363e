"""The unittest front end: test cases whose classes have an event loop, and a server on it."""

from fastapi_testing.case.loops.class_case import AsyncClassTestCase
from fastapi_testing.case.overrides.dependencies import UnusedOverrideWarning, override_dependencies
from fastapi_testing.case.served.async_case import AsyncServerTestCase
from fastapi_testing.case.served.sync_case import ServerTestCase
from fastapi_testing.case.sharding.loading import shard_tests

__all__ = [
    "AsyncClassTestCase",
    "AsyncServerTestCase",
    "ServerTestCase",
    "UnusedOverrideWarning",
    "override_dependencies",
    "shard_tests",
]
