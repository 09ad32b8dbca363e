"""The transport under clients of httpx2: what it does for those of httpx, with that library's own exceptions."""

import sys
import unittest
from typing import Any
from unittest import mock

import httpx2

from tests.client.transport import test_errors, test_loopback, test_pool, test_streaming, test_switch

__all__: list[str] = []


class WithHttpx2(unittest.TestCase):
    """Has the tests of another module find httpx2 where they look for httpx."""

    @classmethod
    def setUpClass(cls) -> None:
        """Put it there."""
        tests: Any = cls.__mro__[2]
        for name in (tests.__module__, "tests.client.raw_servers"):
            cls.enterClassContext(mock.patch.object(sys.modules[name], "httpx", httpx2))
        cls.enterClassContext(mock.patch("tests.timing.Timeout", httpx2.Timeout))
        super().setUpClass()


class ErrorTests(WithHttpx2, test_errors.ErrorTests):
    """Its errors, and what they say."""


class TimeoutTests(WithHttpx2, test_errors.TimeoutTests):
    """Its time-outs."""


class RequestBodyTests(WithHttpx2, test_streaming.RequestBodyTests):
    """Bodies that are sent."""


class EarlyAnswerTests(WithHttpx2, test_streaming.EarlyAnswerTests):
    """Answers that come before the request is sent."""


class ResponseBodyTests(WithHttpx2, test_streaming.ResponseBodyTests):
    """Bodies that are received."""


class LimitTests(WithHttpx2, test_pool.LimitTests):
    """Requests that wait for a connection."""


class ReuseTests(WithHttpx2, test_loopback.ReuseTests):
    """Connections that serve again."""


class SwitchTests(WithHttpx2, test_switch.SwitchTests):
    """Connections that leave HTTP."""
