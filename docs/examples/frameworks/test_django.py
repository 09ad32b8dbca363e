"""A site of Django, and its tests."""

from collections.abc import AsyncIterator

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.urls import path
from fastapi_testing import AsyncServerTestCase

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"])


def greet(_: HttpRequest, name: str) -> JsonResponse:
    """Greet somebody, in a thread."""
    return JsonResponse({"greeting": f"Hello, {name}!"})


async def greet_all(_: HttpRequest) -> StreamingHttpResponse:
    """Greet everybody, one by one."""

    async def greetings() -> AsyncIterator[str]:
        for name in ("Ann", "Bob"):
            yield f"data: Hello, {name}!\n\n"

    return StreamingHttpResponse(greetings(), content_type="text/event-stream")


urlpatterns = [path("greetings/<name>", greet), path("greetings", greet_all)]


class DjangoTests(AsyncServerTestCase):
    """Django's ASGI app speaks HTTP."""

    app = get_asgi_application()

    async def test_greeting(self) -> None:
        """It greets by name."""
        self.assertJsonEqual(await self.client.get("/greetings/Ann"), {"greeting": "Hello, Ann!"})

    async def test_stream(self) -> None:
        """It greets one after the other."""
        async with self.client.sse("/greetings") as events:
            await self.assertEvents(events, [{"data": "Hello, Ann!"}, {"data": "Hello, Bob!"}])
