"""An app of Starlette, and its tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi_testing import AsyncServerTestCase
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[dict[str, str]]:
    """Open what the app needs."""
    yield {"greeting": "Hello"}


async def greet(request: Request) -> JSONResponse:
    """Greet somebody."""
    return JSONResponse(f"{request.state.greeting}, {request.path_params['name']}!")


class StarletteTests(AsyncServerTestCase):
    """All that works for FastAPI, but for dependency overrides and OpenAPI."""

    app = Starlette(routes=[Route("/greetings/{name}", greet)], lifespan=lifespan)

    async def test_greeting(self) -> None:
        """It greets by name."""
        self.assertJsonEqual(await self.client.get("/greetings/Ann"), "Hello, Ann!")
