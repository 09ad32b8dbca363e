"""Starlette: all that works for FastAPI, but for what FastAPI alone has."""

from typing import Any

from tests.frameworks import starlette_app, suite


class StarletteTests(
    suite.RouteTests, suite.FailureTests, suite.LifespanTests, suite.BackgroundTests, suite.WebSocketTests
):
    """An app of Starlette."""

    module = starlette_app
    endpoint = ", in tests.frameworks.starlette_app.fail"

    async def test_websocket_exception(self) -> None:
        """What a WebSocket's handler raises comes out at the server."""
        async with self.assertServerRaises(LookupError, "no room"), self.ws.connect("/broken") as session:
            await session.send_text("hello")
            await self.assertWebSocketClosed(session)


class OnlyFastAPITests(suite.FrameworkCase):
    """What Starlette lacks."""

    module = starlette_app

    async def test_no_overrides(self) -> None:
        """Dependencies are FastAPI's."""
        with self.assertRaises(TypeError) as caught:
            self.override_dependency(print, value=None)
        self.assertEqual(
            str(caught.exception),
            "Starlette has no dependencies to override: it is no FastAPI app, and none is to be seen in it; name one, "
            "as in self.override_dependency(..., app=...), give it others in create_app(), or patch what it uses with "
            "unittest.mock",
        )

    async def test_no_schema(self) -> None:
        """So is a schema that is there without further ado."""
        response = await self.client.get("/items/7")
        with self.assertRaises(TypeError) as caught:
            self.assertMatchesOpenAPI(response)
        self.assertEqual(
            str(caught.exception),
            "OnlyFastAPITests has no `app` with an OpenAPI schema for /items/7: Starlette has no openapi(), as FastAPI "
            "apps have: give the schema",
        )


class CheckedTests(suite.FrameworkCase):
    """A class that has each response checked."""

    module = starlette_app
    check_openapi: Any = True

    async def test_no_schema(self) -> None:
        """It is told what to do instead."""
        with self.assertRaises(TypeError) as caught:
            await self.client.get("/items/7")
        self.assertEqual(
            str(caught.exception),
            "CheckedTests has no `app` with an OpenAPI schema for /items/7: Starlette has no openapi(), as FastAPI "
            "apps have: do without check_openapi, and give the schema to assertMatchesOpenAPI()",
        )


class RaisingTests(suite.RaisingTests):
    """With ``raise_server_exceptions``."""

    module = starlette_app
