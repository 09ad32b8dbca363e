"""An app of Litestar, and its tests."""

from fastapi_testing import AsyncServerTestCase
from litestar import Litestar, get
from litestar.params import FromPath


@get("/greetings/{name:str}")
async def greet(name: FromPath[str]) -> dict[str, str]:
    """Greet somebody, but not everybody."""
    return {"greeting": {"Ann": "Hello, Ann!"}[name]}


class LitestarTests(AsyncServerTestCase):
    """Litestar makes an OpenAPI schema as well."""

    app = Litestar([greet], logging_config=None)

    async def test_greeting(self) -> None:
        """It greets by name, as its schema says."""
        response = await self.client.get("/greetings/Ann")
        self.assertJsonEqual(response, {"greeting": "Hello, Ann!"})
        self.assertMatchesOpenAPI(response, self.app.openapi_schema.to_schema())

    async def test_stranger(self) -> None:
        """It does not know everybody; Litestar answers 500, and the test sees why."""
        with self.assertServerRaises(KeyError, "Bob"):
            self.assertStatus(await self.client.get("/greetings/Bob"), 500)
