"""Tests that end in every way."""

import unittest

from kiosk import app, closed_app

from fastapi_testing import AsyncServerTestCase


class OutcomeTests(AsyncServerTestCase):
    """One test for each outcome."""

    app = app

    async def test_pass(self) -> None:
        """A price is right."""
        response = await self.client.get("/prices/paper")
        self.assertJsonEqual(response, 2)

    async def test_fail(self) -> None:
        """A price is wrong."""
        response = await self.client.get("/prices/paper")
        self.assertJsonEqual(response, 3)

    async def test_error(self) -> None:
        """The test itself is wrong."""
        response = await self.client.get("/prices/paper")
        self.assertEqual(response.json()["price"], 2)

    async def test_server_error(self) -> None:
        """The app fails, and the response shows it."""
        response = await self.client.get("/prices/book")
        self.assertStatus(response, 200)

    async def test_background_error(self) -> None:
        """The app fails, and no response shows it."""
        await self.client.post("/deliveries")

    @unittest.skip("sold out")
    async def test_skip(self) -> None:
        """Nothing is run."""

    async def test_skip_within(self) -> None:
        """A test finds that it cannot be run."""
        self.skipTest("sold out since")

    @unittest.expectedFailure
    async def test_expected_failure(self) -> None:
        """A price is known to be wrong."""
        response = await self.client.get("/prices/magazine")
        self.assertJsonEqual(response, 6)

    @unittest.expectedFailure
    async def test_unexpected_success(self) -> None:
        """A price was thought to be wrong."""
        response = await self.client.get("/prices/magazine")
        self.assertJsonEqual(response, 5)

    async def test_sub_tests(self) -> None:
        """Two prices of three are wrong."""
        for item, price in {"paper": 2, "magazine": 6, "book": 9}.items():
            with self.subTest(item=item):
                self.assertJsonEqual(await self.client.get(f"/prices/{item}"), price)


class ClosedTests(AsyncServerTestCase):
    """A class whose set-up fails."""

    app = closed_app

    async def test_never_run(self) -> None:
        """The app has not started."""
