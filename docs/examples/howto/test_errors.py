"""What goes wrong on purpose."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_testing import AsyncServerTestCase, Server
from fastapi_testing.errors import ForeignURLError, ServerStartupError


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Fail as an app does whose settings are wrong."""
    raise LookupError("DATABASE_URL is not set")
    yield


class StartupTests(AsyncServerTestCase):
    """An app that should not start can be tested as well."""

    async def test_no_database(self) -> None:
        """The app says what it lacks."""
        with self.assertRaises(ServerStartupError) as caught:
            await self.enterAsyncContext(Server(FastAPI(lifespan=lifespan)))
        self.assertIsInstance(caught.exception.__cause__, LookupError)


class ForeignTests(AsyncServerTestCase):
    """The client of a test speaks to the server of the test."""

    app = "counter:app"

    async def test_foreign_url(self) -> None:
        """Another server is not asked, whatever the app's configuration says."""
        with self.assertRaises(ForeignURLError):
            await self.client.get("https://example.org/count")
