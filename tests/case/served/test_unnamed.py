"""Classes that name no app: what their failures say, and which attributes they take for misspelt ones."""

import unittest
from typing import Any

from fastapi import FastAPI
from websockets.exceptions import InvalidStatus

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from fastapi_testing.case.served.served_case import ServedCase
from fastapi_testing.case.served.unnamed import describe_unnamed
from tests.assertions.failures import FailureAssertions

EMPTY = "no route of the app matches GET /items: the app has none"


class UnnamedTests(FailureAssertions, AsyncServerTestCase):
    """A class that means to name its app, and names something else."""

    App = FastAPI()

    async def test_request(self) -> None:
        """A failing assertion says that the class names no app, and what it has instead."""
        response = await self.client.get("/items")
        with self.assertFails(
            'GET /items: expected status 200, got 404 Not Found; body: {"detail":"Not Found"}\n'
            f"{EMPTY}; UnnamedTests names no app, so that an empty FastAPI is served: is its App meant as app?"
        ):
            self.assertStatus(response, 200)

    async def test_handshake(self) -> None:
        """So does a handshake that is rejected."""
        with self.assertRaises(InvalidStatus) as caught:
            await self.ws.connect("/chat")
        (note,) = caught.exception.__notes__
        self.assertEqual(
            note,
            "WebSocket /chat: the handshake was rejected: no route of the app matches WebSocket /chat: the app has "
            "none; UnnamedTests names no app, so that an empty FastAPI is served: is its App meant as app?",
        )

    async def test_route_of_the_test(self) -> None:
        """Once a test has added a route, the app is not empty."""
        self.app.add_api_route("/things", lambda: None)
        self.addCleanup(self.app.router.routes.pop)
        response = await self.client.get("/thing")
        with self.assertFails(
            'GET /thing: expected status 200, got 404 Not Found; body: {"detail":"Not Found"}\n'
            "no route of the app matches GET /thing; nearest: GET /things"
        ):
            self.assertStatus(response, 200)


class SyncUnnamedTests(FailureAssertions, ServerTestCase):
    """A plain class that names nothing at all."""

    def test_request(self) -> None:
        """A failing assertion says that the class names no app."""
        response = self.client.get("/items")
        with self.assertFails(
            'GET /items: expected status 200, got 404 Not Found; body: {"detail":"Not Found"}\n'
            f"{EMPTY}; SyncUnnamedTests names no app, so that an empty FastAPI is served"
        ):
            self.assertStatus(response, 200)


class MadeTests(FailureAssertions, AsyncServerTestCase):
    """A class whose create_app() goes on with the empty app."""

    @classmethod
    async def create_app(cls) -> Any:
        """Return the empty app."""
        return await super().create_app()

    async def test_request(self) -> None:
        """It has named its app: nothing but the missing routes is told."""
        response = await self.client.get("/items")
        with self.assertFails(
            f'GET /items: expected status 200, got 404 Not Found; body: {{"detail":"Not Found"}}\n{EMPTY}'
        ):
            self.assertStatus(response, 200)


class MeantTests(unittest.TestCase):
    """describe_unnamed."""

    def assertMeant(self, attributes: dict[str, Any], said: str) -> None:
        """Fail unless this is said of a class with these attributes."""
        case = type("ItemTests", (AsyncServerTestCase,), attributes)
        told = "ItemTests names no app, so that an empty FastAPI is served"
        self.assertEqual(describe_unnamed(case, ServedCase), f"{told}{said}")

    def test_misspelt(self) -> None:
        """Attributes are compared without regard to case and underscores, and every one that is like one is named."""
        self.assertMeant({"App": 1, "lifespan_": 2}, ": is its App meant as app, its lifespan_ meant as lifespan?")
        self.assertMeant({"createApp": 1}, ": is its createApp meant as create_app?")
        self.assertMeant({"follow_redirect": True}, ": is its follow_redirect meant as follow_redirects?")

    def test_other_names(self) -> None:
        """What other frameworks call it is known."""
        self.assertMeant({"get_application": 1}, ": is its get_application meant as create_app?")
        self.assertMeant({"application": 1}, ": is its application meant as app?")

    def test_own_names(self) -> None:
        """Names that are like none of the framework's, or are the framework's, are the class's own affair."""
        self.assertMeant({"items": 1, "test_read": 2, "timeout": 3.0, "_apps": 4, "__slots__": ()}, "")

    def test_inherited(self) -> None:
        """What a base class of the user's has counts as well; what another has from elsewhere does not."""
        base = type("Base", (AsyncServerTestCase,), {"App": 1})
        mixin = type("Mixin", (), {"Lifespan": 1})
        case = type("ItemTests", (mixin, base), {})
        told = "ItemTests names no app, so that an empty FastAPI is served: is its App meant as app?"
        self.assertEqual(describe_unnamed(case, ServedCase), told)
