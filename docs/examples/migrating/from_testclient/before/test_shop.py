"""The tests of the shop, with Starlette's TestClient."""

from unittest import TestCase

from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import shop


class ShopTests(TestCase):
    """The shop, called as a function."""

    client: TestClient

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.client = cls.enterClassContext(TestClient(shop.app))

    def test_read(self) -> None:
        """An item has a price."""
        response = self.client.get("/items/teapot")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json(), {"name": "teapot", "price": 24.5})

    def test_redirect(self) -> None:
        """The start page leads to an item."""
        response = self.client.get("/", follow_redirects=False)
        self.assertEqual(response.status_code, 302)
        self.assertEqual(response.headers["location"], "/items/teapot")

    def test_order(self) -> None:
        """Who orders gets a mail."""
        shop.app.dependency_overrides[shop.current_user] = lambda: "ada"
        self.addCleanup(shop.app.dependency_overrides.clear)
        self.addCleanup(shop.mails.clear)
        response = self.client.post("/orders", json={"item": "teapot"})
        self.assertEqual(response.status_code, 201)
        self.assertEqual(shop.mails, ["ada: teapot"])

    def test_report(self) -> None:
        """There is no report of nothing."""
        with self.assertRaises(LookupError):
            self.client.get("/report")

    def test_till(self) -> None:
        """The till adds the prices up, and closes when it is shown what the shop does not sell."""
        with self.client.websocket_connect("/till") as till:
            till.send_json("teapot")
            self.assertEqual(till.receive_json(), {"total": 24.5})
            till.send_json("whale")
            with self.assertRaises(WebSocketDisconnect) as closed:
                till.receive_json()
            self.assertEqual(closed.exception.code, 1008)
