"""A bare ASGI callable: nothing stands between it and the server."""

from tests.frameworks import bare_app, suite


class BareTests(suite.RouteTests, suite.FailureTests, suite.LifespanTests, suite.BackgroundTests, suite.WebSocketTests):
    """An app without a framework."""

    module = bare_app
    frames = (
        ("__call__", "await self.answer(scope, receive, send)"),
        ("answer", 'raise LookupError("no stock")'),
    )

    async def test_websocket_exception(self) -> None:
        """What is raised comes out at the server."""
        async with self.assertServerRaises(LookupError, "no room"), self.ws.connect("/broken") as session:
            await session.send_text("hello")
            await self.assertWebSocketClosed(session)


class RaisingTests(suite.RaisingTests):
    """With ``raise_server_exceptions``."""

    module = bare_app
