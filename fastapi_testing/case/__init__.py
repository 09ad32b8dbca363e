"""The unittest front end: test cases whose classes have an event loop, and a server on it."""

from fastapi_testing.case.async_case import AsyncServerTestCase
from fastapi_testing.case.class_loop import AsyncClassTestCase

__all__ = ["AsyncClassTestCase", "AsyncServerTestCase"]
