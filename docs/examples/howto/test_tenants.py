"""An app that looks at the host it is asked by."""

from fastapi_testing import AsyncServerTestCase


class TenantTests(AsyncServerTestCase):
    """The app by its name."""

    app = "tenants:app"
    base_url = "https://shop.example"

    async def test_login(self) -> None:
        """The redirect is absolute; the cookie comes back, for tenants too."""
        response = await self.client.post("/login", follow_redirects=True)
        self.assertEqual(str(response.url), "https://shop.example/")
        self.assertJsonEqual(response, {"tenant": "shop.example", "user": "ann"})
        acme = self.new_client(base_url="https://acme.shop.example", cookies=self.client.cookies)
        self.assertJsonEqual(await acme.get("/"), {"tenant": "acme.shop.example", "user": "ann"})

    async def test_other_host(self) -> None:
        """The app takes no request for another host."""
        self.assertStatus(await self.client.get("/", headers={"Host": "evil.example"}), 400)


class ManyNamesTests(AsyncServerTestCase):
    """The app by any of its names."""

    app = "tenants:app"
    base_url = "http://shop.example"
    hosts = ("*.shop.example",)
    follow_redirects = True

    async def test_redirect(self) -> None:
        """The middleware leads to https."""
        response = await self.client.get("http://acme.shop.example/")
        self.assertEqual(str(response.url), "https://acme.shop.example/")
