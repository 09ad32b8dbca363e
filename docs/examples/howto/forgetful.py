"""Tests that forget to await; the guide on forgotten awaits shows what they print."""

from fastapi import FastAPI
from fastapi_testing import AsyncServerTestCase

app = FastAPI()
outbox: list[str] = []


async def send_mail(address: str) -> None:
    """Send a mail."""


@app.post("/orders")
async def create_order() -> None:
    """Take an order, and forget to await."""
    send_mail("ada@example.org")  # type: ignore[unused-coroutine]


class MailTests(AsyncServerTestCase):
    """Both would pass, and both are wrong."""

    app = app

    async def test_assertion(self) -> None:
        """The test forgets it."""
        self.assertEventually(lambda: "ada@example.org" in outbox)  # type: ignore[unused-coroutine]

    async def test_order(self) -> None:
        """The app forgets it."""
        self.assertStatus(await self.client.post("/orders"), 200)
