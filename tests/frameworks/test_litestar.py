"""Litestar: it answers for what its handlers raise, and raises nothing itself."""

from tests.frameworks import litestar_app, suite


class LitestarTests(
    suite.RouteTests, suite.FailureTests, suite.LifespanTests, suite.BackgroundTests, suite.WebSocketTests
):
    """An app of Litestar."""

    module = litestar_app

    async def test_websocket_exception(self) -> None:
        """What a WebSocket's handler raises closes it with Litestar's code, and can be expected."""
        async with self.assertServerRaises(LookupError, "no room"), self.ws.connect("/broken") as session:
            await session.send_text("hello")
            await self.assertWebSocketClosed(session, 4500, "Internal Server Error")

    async def test_schema(self) -> None:
        """Litestar makes a schema, too, which has to be given."""
        response = await self.client.get("/items/7")
        self.assertMatchesOpenAPI(response, self.app.openapi_schema.to_schema())

    async def test_no_overrides(self) -> None:
        """Litestar's dependencies are no FastAPI's."""
        with self.assertRaises(TypeError) as caught:
            self.override_dependency(print, value=None)
        self.assertEqual(
            str(caught.exception),
            "Litestar has no dependencies to override: it is no FastAPI app, and none is to be seen in it; name one, "
            "as in self.override_dependency(..., app=...), give it others in create_app(), or patch what it uses with "
            "unittest.mock",
        )


class AnsweringTests(suite.AnsweringTests):
    """With ``raise_server_exceptions``."""

    module = litestar_app
