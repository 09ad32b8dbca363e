"""Each assertion once, on the store."""

import re
from typing import Any
from unittest.mock import ANY

from fastapi_testing import AsyncServerTestCase
from store import Item


class StoreTests(AsyncServerTestCase):
    """Each assertion once."""

    app: Any = "store:app"

    async def test_status(self) -> None:
        """A new item is created."""
        response = await self.client.post("/items", json={"name": "Gizmo", "price": 5})
        self.assertStatus(response, 201)

    async def test_header(self) -> None:
        """The list says how many there are."""
        response = await self.client.get("/items")
        self.assertHeader(response, "X-Total", re.compile(r"^\d+$"))

    async def test_no_header(self) -> None:
        """Nothing of the inside comes out."""
        response = await self.client.get("/hello")
        self.assertNoHeader(response, "X-Debug")

    async def test_content_type(self) -> None:
        """The greeting is plain text."""
        response = await self.client.get("/hello")
        self.assertContentType(response, "text/plain; charset=utf-8")

    async def test_contains(self) -> None:
        """The customer is greeted once."""
        response = await self.client.get("/hello", params={"name": "Ada"})
        self.assertContains(response, "Ada", count=1)

    async def test_not_contains(self) -> None:
        """The greeting has no quotes."""
        response = await self.client.get("/hello")
        self.assertNotContains(response, '"')

    async def test_redirects(self) -> None:
        """The old way leads to the new one."""
        response = await self.client.get("/old")
        self.assertRedirects(response, "/items", status=307)

    async def test_cookie(self) -> None:
        """A log-in sets a cookie that no script can read."""
        response = await self.client.post("/login")
        self.assertCookie(response, "session", secure=True, httponly=True, samesite="lax")

    async def test_no_cookie(self) -> None:
        """A log-in sets no cookie besides."""
        response = await self.client.post("/login")
        self.assertNoCookie(response, "tracking")

    async def test_template(self) -> None:
        """The window of the store is made of its own template."""
        response = await self.client.get("/window")
        self.assertTemplateUsed(response, "window.html")

    async def test_context(self) -> None:
        """All that there is stands in the window."""
        response = await self.client.get("/window")
        self.assertContext(response, "names", ["Widget", "Gadget"])

    async def test_http_error(self) -> None:
        """An item that is not there is not found."""
        response = await self.client.get("/items/9")
        self.assertHTTPError(response, 404, "Item not found")

    async def test_validation_error(self) -> None:
        """A price below zero is refused."""
        response = await self.client.post("/items", json={"price": -1})
        self.assertValidationError(response, ("body", "price"), "greater_than")

    async def test_json_equal(self) -> None:
        """An item has these members, and no others."""
        response = await self.client.get("/items/1")
        self.assertJsonEqual(response, {"id": ANY, "name": "Widget", "price": 9.99})

    async def test_json_not_equal(self) -> None:
        """The items have different prices."""
        first, second = await self.client.get("/items/1"), await self.client.get("/items/2")
        self.assertJsonNotEqual(second.json()["price"], first.json()["price"])

    async def test_json_contains(self) -> None:
        """There is a gadget in the list."""
        response = await self.client.get("/items")
        self.assertJsonContains(response, {"items": [{"name": "Gadget"}]})

    async def test_json_path(self) -> None:
        """One item costs less than ten."""
        response = await self.client.get("/items")
        self.assertJsonPath(response, "$.items[?@.price < 10].name", ["Widget"])

    async def test_json_schema(self) -> None:
        """An item has a number and a name."""
        response = await self.client.get("/items/1")
        self.assertJsonSchema(response, {"required": ["id", "name"], "additionalProperties": {"minimum": 1}})

    async def test_model(self) -> None:
        """The list is of items, as the app has them."""
        response = await self.client.get("/items")
        listing = self.assertModel(response, dict[str, list[Item]])
        self.assertEqual(listing["items"][0].price, 9.99)

    async def test_openapi(self) -> None:
        """The list is as the app documents it."""
        response = await self.client.get("/items")
        self.assertMatchesOpenAPI(response)

    async def test_websocket_receives(self) -> None:
        """Each item of an order has its number."""
        async with self.ws.connect("/orders?token=abc") as orders:
            await orders.send_json(["Widget", "Gadget"])
            await self.assertWebSocketReceives(orders, {"order": 1, "item": "Widget"})
            await self.assertWebSocketReceives(orders, {"order": 2, "item": "Gadget"})

    async def test_websocket_receives_all(self) -> None:
        """Both items are confirmed, one before the other or after it."""
        async with self.ws.connect("/orders?token=abc") as orders:
            await orders.send_json(["Widget", "Gadget"])
            expected = [{"order": 2, "item": "Gadget"}, {"order": 1, "item": "Widget"}]
            await self.assertWebSocketReceivesAll(orders, expected)

    async def test_websocket_receives_nothing(self) -> None:
        """An item is confirmed once."""
        async with self.ws.connect("/orders?token=abc") as orders:
            await orders.send_json(["Widget"])
            await orders.receive_json()
            await self.assertWebSocketReceivesNothing(orders, within=0.05)

    async def test_websocket_closed(self) -> None:
        """An empty order ends the talk."""
        async with self.ws.connect("/orders?token=abc") as orders:
            await orders.send_json([])
            await self.assertWebSocketClosed(orders, 4000, "nothing to order")

    async def test_websocket_rejected(self) -> None:
        """No one orders without a token."""
        await self.assertWebSocketRejected("/orders", 403)

    async def test_websocket_rejected_code(self) -> None:
        """The app says why, which only a test gets to know."""
        await self.assertWebSocketRejected("/orders?token=", code=1008, reason="no token")

    async def test_event(self) -> None:
        """The price of the first item is sent."""
        async with self.client.sse("/prices") as events:
            await events.next()
            self.assertEvent(await events.next(), event="price", data={"item": 1, "price": 9.99})

    async def test_events(self) -> None:
        """The store opens, and then sends a price."""
        async with self.client.sse("/prices") as events:
            await self.assertEvents(events, [{"event": "open"}, {"event": "price", "data": {"item": 1, "price": 9.99}}])
