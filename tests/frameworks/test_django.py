"""Django's ASGI app: HTTP alone, without lifespan and WebSockets."""

from fastapi_testing import Server, ServerStartupError
from tests.frameworks import django_app, suite


class DjangoTests(suite.RouteTests, suite.FailureTests):
    """An app of Django."""

    module = django_app
    logged = "\nthe app logged:\n  ERROR django.request: Internal Server Error: /fail"

    async def test_no_lifespan(self) -> None:
        """Django has no lifespan, which an app may do without, unless the server is told that it has to have one."""
        with self.assertRaises(ServerStartupError) as caught:
            await Server(self.app, lifespan="on").start()
        self.assertEqual(
            str(caught.exception),
            "the lifespan of ASGIHandler failed in its startup: ValueError: Django can only handle ASGI/HTTP "
            "connections, not lifespan.",
        )

    async def test_no_websockets(self) -> None:
        """Django has no WebSockets: it raises at the handshake, and the server answers 500."""
        with self.assertServerRaises(ValueError, "Django can only handle ASGI/HTTP connections, not websocket"):
            await self.assertWebSocketRejected("/echo", 500)


class AnsweringTests(suite.AnsweringTests):
    """With ``raise_server_exceptions``."""

    module = django_app
