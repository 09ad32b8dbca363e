"""Classes whose times are written; some of them fail, so they are run by tests only."""

import unittest
from collections.abc import Iterator
from typing import ClassVar

from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase, ServerTestCase


class FirstTests(unittest.TestCase):
    """A class of which each part takes a step of the clock that the tests set."""

    clock: ClassVar[Iterator[object]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.addClassCleanup(next, cls.clock)  # a second

    @classmethod
    def tearDownClass(cls) -> None:
        next(cls.clock)
        super().tearDownClass()

    def test_one(self) -> None:
        next(self.clock)

    def test_two(self) -> None:
        next(self.clock)


class SecondTests(FirstTests):
    """Another one."""


class FailedSetUpTests(unittest.TestCase):
    """A class with two tests whose set-up fails."""

    @classmethod
    def setUpClass(cls) -> None:
        raise LookupError("no database")

    def test_one(self) -> None:
        raise AssertionError("not reached")  # pragma: no cover - as it says

    def test_two(self) -> None:
        raise AssertionError("not reached")  # pragma: no cover - as it says


@unittest.skip("not today")
class SkippedTests(unittest.TestCase):
    """A class that is skipped as a whole."""

    def test(self) -> None:
        raise AssertionError("not reached")  # pragma: no cover - as it says


class ServedTests(AsyncServerTestCase):
    """A class with a server on the event loop of the tests."""

    app = FastAPI()

    async def test(self) -> None:
        self.assertStatus(await self.client.get("/"), 404)


class PlainServedTests(ServerTestCase):
    """A class with a server in another thread."""

    app = FastAPI()

    def test(self) -> None:
        self.assertStatus(self.client.get("/"), 404)


class OutcomesTests(unittest.TestCase):
    """Tests that end in each way that there is."""

    def test_fail(self) -> None:
        self.fail("a \x00 of bytes")

    def test_error(self) -> None:
        raise LookupError("no price")

    def test_skip(self) -> None:
        self.skipTest("not today")

    @unittest.expectedFailure
    def test_expected(self) -> None:
        self.fail("as ever")

    @unittest.expectedFailure
    def test_unexpected(self) -> None:
        pass

    def test_parts(self) -> None:
        for item in range(2):
            with self.subTest(item=item):
                self.assertEqual(item, 2)
