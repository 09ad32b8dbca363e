"""Which app a class serves, and how often it starts."""

from fastapi import FastAPI
from fastapi_testing import AsyncServerTestCase, Server

from counter import create_app, get_step


class ObjectTests(AsyncServerTestCase):
    """The app is there when the module is imported."""

    app = create_app()

    async def test_count(self) -> None:
        """The server was started for this class, and the count with it."""
        self.assertJsonEqual(await self.client.post("/count"), 1)


class ImportStringTests(AsyncServerTestCase):
    """The app is imported when the class is set up."""

    app = "counter:app"

    async def test_count(self) -> None:
        """The app is the one of the module."""
        self.assertJsonEqual(await self.client.post("/count"), 1)


class FactoryTests(AsyncServerTestCase):
    """The class makes an app of its own, set up for it."""

    @classmethod
    async def create_app(cls) -> FastAPI:
        app = create_app(start=100)
        app.dependency_overrides[get_step] = lambda: 5
        return app

    async def test_count(self) -> None:
        """It counts from where, and by what, the class says."""
        self.assertJsonEqual(await self.client.post("/count"), 105)


class PerTestTests(AsyncServerTestCase):
    """The server starts anew for each test, and so does the count."""

    app = "counter:app"
    server_scope = "test"

    async def test_count(self) -> None:
        """The first request of the test is the first of the server."""
        self.assertJsonEqual(await self.client.post("/count"), 1)

    async def test_count_again(self) -> None:
        """It is so in every test."""
        self.assertJsonEqual(await self.client.post("/count"), 1)


class SharingCase(AsyncServerTestCase):
    """The base of classes that share one server."""

    app = create_app(start=50)
    server_scope = "module"


class FirstSharingTests(SharingCase):
    """The class that comes first starts the server."""

    async def test_count(self) -> None:
        """The count begins."""
        self.assertJsonEqual(await self.client.post("/count"), 51)


class SecondSharingTests(SharingCase):
    """The next one finds it, and what has been counted."""

    async def test_count(self) -> None:
        """The count goes on."""
        self.assertJsonEqual(await self.client.post("/count"), 52)


class SuiteCase(AsyncServerTestCase):
    """The base of all classes of a suite; it may be in a module of its own."""

    app = create_app(start=70)
    server_scope = "run"


class FirstOfTheSuiteTests(SuiteCase):
    """The class that comes first in the run starts the server."""

    async def test_count(self) -> None:
        """The count begins."""
        self.assertJsonEqual(await self.client.post("/count"), 71)


class LastOfTheSuiteTests(SuiteCase):
    """Those that follow find it, in this module or in another one."""

    async def test_count(self) -> None:
        """The count goes on."""
        self.assertJsonEqual(await self.client.post("/count"), 72)


class TwoServersTests(AsyncServerTestCase):
    """A second app is served for one test."""

    app = "counter:app"

    async def test_two_counters(self) -> None:
        """Each app has a count of its own."""
        other = await self.enterAsyncContext(Server(create_app(start=1000)))
        other_client = self.new_client(server=other)
        self.assertJsonEqual(await other_client.post("/count"), 1001)
        self.assertJsonEqual(await self.client.post("/count"), 1)
