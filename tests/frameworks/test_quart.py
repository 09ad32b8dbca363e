"""Quart: it logs what its handlers raise, and raises nothing itself."""

from tests.frameworks import quart_app, suite


class QuartTests(suite.RouteTests, suite.FailureTests, suite.LifespanTests, suite.WebSocketTests):
    """An app of Quart."""

    module = quart_app
    logged = "\nthe app logged:\n  ERROR tests.quart: Exception on request GET /fail"

    async def test_work(self) -> None:
        """Work in the background is a task beside the request: the test waits for it where it wants to."""
        self.assertStatus(await self.client.post("/work"), 202)
        await self.server.settle(tasks=True)
        self.assertIn("worked", self.backstage.events)

    async def test_websocket_exception(self) -> None:
        """What a WebSocket's handler raises is logged, and the WebSocket closed as if all was well."""
        with self.assertLogs("tests.quart") as logs:
            async with self.ws.connect("/broken") as session:
                await session.send_text("hello")
                await self.assertEventually(lambda: "LookupError: no room" in str(logs.output))
                await self.assertWebSocketClosed(session, 1000)


class AnsweringTests(suite.AnsweringTests):
    """With ``raise_server_exceptions``."""

    module = quart_app
