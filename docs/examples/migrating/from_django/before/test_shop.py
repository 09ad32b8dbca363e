"""The tests of the shop, with Django's test case."""

from catalogue.models import Item
from django.test import TestCase


class ShopTests(TestCase):
    """The shop with an item in its database, called as a function."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.teapot = Item.objects.create(name="Teapot", price=24.5)

    def test_read(self) -> None:
        """An item is read by one query."""
        with self.assertNumQueries(1):
            response = self.client.get(f"/items/{self.teapot.id}")
        self.assertContains(response, "Teapot", status_code=200)

    def test_missing(self) -> None:
        """An item that does not exist is not found."""
        response = self.client.get("/items/99")
        self.assertEqual(response.status_code, 404)

    def test_redirect(self) -> None:
        """The start page leads to an item."""
        self.assertRedirects(self.client.get("/"), f"/items/{self.teapot.id}")

    def test_create(self) -> None:
        """A new item is stored."""
        response = self.client.post("/items", {"name": "Cup", "price": 5.5}, content_type="application/json")
        self.assertEqual(response.status_code, 201)
        self.assertJSONEqual(response.content, {"id": 2, "name": "Cup", "price": 5.5})
        self.assertEqual(Item.objects.count(), 2)
