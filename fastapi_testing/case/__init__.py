"""The unittest front end: test cases whose classes have an event loop, and a server on it."""

from fastapi_testing.case.async_case import AsyncServerTestCase
from fastapi_testing.case.class_loop import AsyncClassTestCase
from fastapi_testing.case.overrides import UnusedOverrideWarning, override_dependencies
from fastapi_testing.case.sharding import shard_tests
from fastapi_testing.case.sync_case import ServerTestCase

__all__ = [
    "AsyncClassTestCase",
    "AsyncServerTestCase",
    "ServerTestCase",
    "UnusedOverrideWarning",
    "override_dependencies",
    "shard_tests",
]
