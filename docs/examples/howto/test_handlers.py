"""Handlers and dependencies, called as the functions that they are."""

from contextlib import asynccontextmanager
from datetime import date
from unittest import IsolatedAsyncioTestCase, TestCase
from unittest.mock import Mock

from fastapi import BackgroundTasks, HTTPException
from fastapi_testing import AsyncServerTestCase

import tickets

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


class PriceTests(IsolatedAsyncioTestCase):
    """A handler that is a coroutine; what it depends on is an argument."""

    async def test_adult(self) -> None:
        """An adult pays."""
        self.assertEqual(await tickets.price(age=40, day=TUESDAY), 12)

    async def test_closed(self) -> None:
        """An HTTPException is an exception, and no response."""
        with self.assertRaises(HTTPException) as caught:
            await tickets.price(age=40, day=MONDAY)
        self.assertEqual((caught.exception.status_code, caught.exception.detail), (409, "closed on Mondays"))

    async def test_not_checked(self) -> None:
        """Nobody checks the age here: that is FastAPI's part."""
        self.assertEqual(await tickets.price(age=-1, day=TUESDAY), 0)


class SellTests(TestCase):
    """A handler that is a plain function needs no event loop."""

    def test_printed_later(self) -> None:
        """The ticket is printed by a background task, which a direct call only notes."""
        tasks, guests = BackgroundTasks(), tickets.Visitors()
        guests.inside = 7
        self.assertEqual(tickets.sell(tasks, printer := Mock(), guests), {"ticket": 7})
        printer.assert_not_called()
        self.assertEqual([(task.func, task.args) for task in tasks.tasks], [(printer, (7,))])


class VisitTests(IsolatedAsyncioTestCase):
    """A dependency with `yield` is a context manager that lacks its decorator."""

    async def test_counts(self) -> None:
        """A visitor is counted, and leaves also if the handler fails."""
        with self.assertRaises(ZeroDivisionError):
            async with asynccontextmanager(tickets.visit)() as guests:
                self.assertEqual(guests.inside, 1)
                raise ZeroDivisionError
        self.assertEqual(guests.inside, 0)


class ServedTests(AsyncServerTestCase):
    """The same handlers as the client sees them."""

    app = tickets.app

    async def test_checked(self) -> None:
        """The age is checked before the handler is called."""
        response = await self.client.get("/price", params={"age": -1})
        self.assertValidationError(response, ("query", "age"), "greater_than_equal")

    async def test_closed(self) -> None:
        """The HTTPException is a response."""
        self.override_dependency(tickets.today, value=MONDAY)
        response = await self.client.get("/price", params={"age": 40})
        self.assertHTTPError(response, 409, "closed on Mondays")

    async def test_printed(self) -> None:
        """The background task has run when the request returns."""
        self.override_dependency(tickets.get_printer, value=(printer := Mock()))
        response = await self.client.post("/tickets")
        self.assertStatus(response, 201)
        printer.assert_called_once_with(1)
