"""Who may come in, and who may do what."""

from datetime import timedelta
from unittest.mock import patch

from fastapi_testing import AsyncServerTestCase, Client

import office
from office import LIFETIME, PASSWORD


class OfficeTestCase(AsyncServerTestCase):
    """Knows how to log in."""

    app = office.app

    def setUp(self) -> None:
        """Undo what a test does to staff and tokens."""
        self.enterContext(patch.dict(office.ROLES))
        self.enterContext(patch.dict(office.tokens))

    async def log_in(self, name: str) -> Client:
        """Log in by the form, and return a client that shows the token."""
        response = await self.client.post("/login", data={"username": name, "password": PASSWORD})
        self.assertStatus(response, 200)
        return self.new_client(headers={"Authorization": f"Bearer {response.json()['access_token']}"})


class LoginTests(OfficeTestCase):
    """Authentication: who is it?"""

    async def test_login(self) -> None:
        """Who has logged in is known."""
        writer = await self.log_in("writer")
        self.assertJsonEqual(await writer.get("/letters"), ["Dear writer"])

    async def test_wrong_password(self) -> None:
        """A wrong password and an unknown name get the same answer, which says no more than it must."""
        for name, password in [("boss", "guess"), ("nobody", PASSWORD)]:
            with self.subTest(name=name):
                response = await self.client.post("/login", data={"username": name, "password": password})
                self.assertHTTPError(response, 401, "wrong name or password")
                self.assertHeader(response, "WWW-Authenticate", "Bearer")

    async def test_expired(self) -> None:
        """A token is good for half an hour."""
        reader = await self.log_in("reader")
        soon = office.now() + LIFETIME
        self.override_dependency(office.now, value=soon - timedelta(minutes=1))
        self.assertStatus(await reader.get("/letters"), 200)
        self.override_dependency(office.now, value=soon + timedelta(minutes=1))
        self.assertHTTPError(await reader.get("/letters"), 401, "log in")

    async def test_no_route_is_open(self) -> None:
        """Without a token, nothing but the login answers: not even a route that somebody adds tomorrow."""
        for path, methods in office.app.openapi()["paths"].items():
            for method in methods:
                with self.subTest(method=method, path=path):
                    response = await self.client.request(method.upper(), path)
                    self.assertStatus(response, 422 if path == "/login" else 401)


class PermissionTests(OfficeTestCase):
    """Authorisation: what may he do?"""

    async def test_who_may_do_what(self) -> None:
        """Each role, on each route."""
        table = {
            ("GET", "/letters"): {"reader": 200, "writer": 200, "boss": 200},
            ("POST", "/letters"): {"reader": 403, "writer": 201, "boss": 201},
            ("DELETE", "/staff/nobody"): {"reader": 403, "writer": 403, "boss": 204},
        }
        clients = {name: await self.log_in(name) for name in ("reader", "writer", "boss")}
        for (method, path), expected in table.items():
            for name, status in expected.items():
                with self.subTest(method=method, path=path, name=name):
                    self.assertStatus(await clients[name].request(method, path), status)

    async def test_refusal_changes_nothing(self) -> None:
        """A 403 is not enough: the writer is still there."""
        reader = await self.log_in("reader")
        response = await reader.delete("/staff/writer")
        self.assertHTTPError(response, 403, "you may not dismiss")
        self.assertIn("writer", office.ROLES)
