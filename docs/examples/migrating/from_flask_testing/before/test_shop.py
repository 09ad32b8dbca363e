"""The tests of the shop, with Flask-Testing."""

from flask import Flask
from flask_shop import create_app
from flask_testing import TestCase


class ShopTests(TestCase):
    """The shop, called as a function."""

    def create_app(self) -> Flask:
        app = create_app()
        app.config["TESTING"] = True
        return app

    def test_read(self) -> None:
        """An item has a price."""
        response = self.client.get("/items/teapot")
        self.assert200(response)
        self.assertEqual(response.json, {"name": "teapot", "price": 24.5})

    def test_missing(self) -> None:
        """What is not sold is not found."""
        self.assert404(self.client.get("/items/whale"))

    def test_redirect(self) -> None:
        """The start page leads to an item."""
        response = self.client.get("/")
        self.assertStatus(response, 302)
        self.assertEqual(response.location, "/items/teapot")

    def test_order(self) -> None:
        """Who orders says who it is."""
        self.assert401(self.client.post("/orders", json={"item": "teapot"}))
        response = self.client.post("/orders", json={"item": "teapot"}, headers={"Authorization": "Token ada"})
        self.assertStatus(response, 201)
