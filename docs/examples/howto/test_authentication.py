"""Who asks: three ways to say so."""

from fastapi_testing import AsyncServerTestCase, Client

from accounts import User, get_user


class OverrideTests(AsyncServerTestCase):
    """Whose user is of no interest to the authentication."""

    app = "accounts:app"

    def login_as(self, name: str) -> None:
        """Have every request of this test be this user's."""
        self.override_dependency(get_user, value=User(name=name))

    async def test_me(self) -> None:
        """No token is needed."""
        self.login_as("carol")
        self.assertJsonEqual(await self.client.get("/me"), {"name": "carol"})


class HeaderTests(AsyncServerTestCase):
    """Clients with a header."""

    app = "accounts:app"

    def client_of(self, name: str) -> Client:
        """Make a client that shows the token of this user."""
        return self.new_client(headers={"Authorization": f"Bearer token-of-{name}"})

    async def test_two_users(self) -> None:
        """Each is who it says, and a client without a header is nobody."""
        ann, bob = self.client_of("ann"), self.client_of("bob")
        self.assertJsonEqual(await ann.get("/me"), {"name": "ann"})
        self.assertJsonEqual(await bob.get("/me"), {"name": "bob"})
        self.assertStatus(await self.client.get("/me"), 401)


class CookieTests(AsyncServerTestCase):
    """Clients with a cookie."""

    app = "accounts:app"

    async def test_login(self) -> None:
        """A client keeps the cookie that it is given, as a browser does."""
        await self.client.post("/login/ann")
        self.assertJsonEqual(await self.client.get("/me"), {"name": "ann"})

    async def test_cookie(self) -> None:
        """A client can begin with a cookie; the others do not have it."""
        bob = self.new_client(cookies={"token": "token-of-bob"})
        self.assertJsonEqual(await bob.get("/me"), {"name": "bob"})
        self.assertStatus(await self.client.get("/me"), 401)
