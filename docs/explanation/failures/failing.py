"""Tests that fail; what they print stands in docs/explanation/failure-messages.rst."""

import asyncio

import requests
from shop import app

from fastapi_testing import AsyncServerTestCase


class Case(AsyncServerTestCase):
    """Tests of the shop."""

    app = app
    leaks = "ignore"
    settle_timeout = 0.1

    async def test_response(self) -> None:
        response = await self.client.get("/items/pears", headers={"X-Tenant": "blue"})
        self.assertStatus(response, 200)

    async def test_any_other(self) -> None:
        response = await self.client.get("/items/pears")
        self.assertEqual(response.status_code, 200)

    async def test_unseen(self) -> None:
        response = await self.client.post("/orders", json={"email": "ada@example.org"})
        self.assertStatus(response, 200)

    async def test_expected(self) -> None:
        with self.assertServerRaises(ConnectionError, "mail server"):
            await self.client.get("/items/apples")

    async def test_settle(self) -> None:
        response = await self.client.post("/newsletter")
        self.assertStatus(response, 200)

    async def test_no_answer(self) -> None:
        await self.client.get("/report", timeout=0.1)

    async def test_eventually(self) -> None:
        replies: list[str] = []
        await self.assertEventually(lambda: replies, timeout=0.1)

    async def test_websocket(self) -> None:
        async with self.ws.connect("/stock/pears") as watch:
            await watch.send_text("how many?")
            await self.assertWebSocketReceives(watch, 3)

    async def test_broken_off(self) -> None:
        await self.client.get("/catalogue")

    async def test_became_another(self) -> None:
        with self.assertServerRaises(KeyError):
            await self.client.delete("/items/pears")

    async def test_closed_websocket(self) -> None:
        async with self.ws.connect("/prices"):
            pass

    async def test_task(self) -> None:
        response = await self.client.post("/stock/pears")
        self.assertStatus(response, 200)


class LeakingCase(Case):
    """A test that leaves something running."""

    leaks = "fail"

    async def test_leak(self) -> None:
        async def poll() -> None:
            await asyncio.Event().wait()

        self.poller = asyncio.create_task(poll(), name="poller")


class HangingCase(Case):
    """Tests that would never end."""

    test_timeout = 0.2

    async def test_hang(self) -> None:
        async with self.ws.connect("/chat"):
            await self.client.get("/report")

    async def test_block(self) -> None:
        requests.get(f"{self.server.url}/items/apples", timeout=60)

    async def test_blocking_handler(self) -> None:
        await self.client.get("/backup")


# ruff: noqa: ASYNC210 - blocking is what is shown


class AskingCase(Case):
    """Tests that say little of what they ask."""

    async def test_asked(self) -> None:
        await self.client.get("/items/apples")
        response = await self.client.get("/item/apples")
        self.assertTrue(response.is_success)

    async def test_secrets(self) -> None:
        response = await self.client.get("/items/apples", auth=("ada", "lovelace1843"), params={"token": "0123456789"})
        self.assertStatus(response, 401)
