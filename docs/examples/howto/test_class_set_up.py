"""What is made once a class, and what for each test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi_testing import AsyncServerTestCase

from counter import get_step


class SetUpTests(AsyncServerTestCase):
    """The count stands at ten before the first test runs."""

    app = "counter:app"

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()  # the server runs from here on
        cls.server.state["counter"].value = 10

    async def test_count(self) -> None:
        """The app goes on from there."""
        self.assertJsonEqual(await self.client.post("/count"), 11)


@asynccontextmanager
async def open_mailbox() -> AsyncIterator[list[str]]:
    """Stand in for whatever a suite needs: a message broker, a connection pool, another server."""
    mailbox = ["welcome"]
    yield mailbox
    mailbox.clear()


class ContextTests(AsyncServerTestCase):
    """The mailbox is open from before the server starts until after it has stopped."""

    app = "counter:app"
    mailbox: list[str]

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.mailbox = await cls.enterAsyncClassContext(open_mailbox())
        await super().asyncSetUpClass()

    async def test_open(self) -> None:
        """Every test of the class finds it open."""
        self.assertEqual(self.mailbox, ["welcome"])


class CleanupTests(AsyncServerTestCase):
    """What is no context manager is undone by a cleanup, also where the set-up fails half-way."""

    app = "counter:app"
    mailbox: list[str]

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.mailbox = ["welcome"]
        cls.addAsyncClassCleanup(cls.empty_mailbox)
        await super().asyncSetUpClass()

    @classmethod
    async def empty_mailbox(cls) -> None:
        """Run after the server has stopped: cleanups run in reverse order."""
        cls.mailbox.clear()

    async def test_filled(self) -> None:
        """The cleanup runs after the last test, not between them."""
        self.assertEqual(self.mailbox, ["welcome"])


class MailboxMixin(AsyncServerTestCase):
    """A fixture that several test classes share: whoever has it among its bases has a mailbox in each test."""

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        self.mailbox = await self.enterAsyncContext(open_mailbox())


class StepMixin(AsyncServerTestCase):
    """Another one, of the app: it counts by fives."""

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        self.override_dependency(get_step, value=5)


class EachTests(StepMixin, MailboxMixin):
    """Both, for each test."""

    app = "counter:app"

    async def test_mailbox(self) -> None:
        """A test may do to its fixtures what it likes."""
        self.mailbox.append("a second letter")
        self.assertEqual(self.mailbox, ["welcome", "a second letter"])

    async def test_step(self) -> None:
        """The next test has new ones."""
        self.assertEqual(self.mailbox, ["welcome"])
        self.assertJsonEqual(await self.client.post("/count"), 5)


class WorkerMixin(AsyncServerTestCase):
    """A fixture with a task group: something runs beside each test."""

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        self.counts: list[int] = []
        await self.enterAsyncContext(self.count_on())

    @asynccontextmanager
    async def count_on(self) -> AsyncIterator[None]:
        """Count on, until the test ends."""
        async with asyncio.TaskGroup() as group:
            worker = group.create_task(self.work())
            yield
            worker.cancel()

    async def work(self) -> None:
        """Ask the app again and again; should it fail once, the test ends."""
        while True:
            response = await self.client.post("/count")
            self.assertStatus(response, 200)
            self.counts.append(response.json())


class WorkerTests(WorkerMixin):
    """Tests beside which it counts."""

    app = "counter:app"

    async def test_counts(self) -> None:
        """A test may wait for what it does."""
        await self.assertEventually(lambda: len(self.counts) > 2)


class OwnClientTests(AsyncServerTestCase):
    """The client that each test begins with is one that a hook makes."""

    app = "counter:app"

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        self.client = self.new_client(headers={"X-Tenant": "red"})

    async def test_tenant(self) -> None:
        """Requests of the test are that client's, and it is closed at the end of the test."""
        response = await self.client.post("/count")
        self.assertEqual(response.request.headers["X-Tenant"], "red")


class StockClientTests(AsyncServerTestCase):
    """A client of httpx will do as well."""

    app = "counter:app"

    def setUp(self) -> None:
        self.client = httpx.AsyncClient(base_url=self.server.url, params={"page": 1})

    async def test_params(self) -> None:
        """It asks the test's own server."""
        response = await self.client.post("/count")
        self.assertEqual(response.request.url, f"{self.server.url}/count?page=1")


class LoggedInTests(AsyncServerTestCase):
    """The class makes itself known once, and each of its tests is known from the start."""

    app = "counter:app"

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        token = (await cls.client.post("/count")).text  # stands in for a login
        cls.client.headers["Authorization"] = f"Bearer {token}"

    async def test_known(self) -> None:
        """The client of a test begins with what the one of the class has by now."""
        response = await self.client.post("/count")
        self.assertIn("Authorization", response.request.headers)

    async def test_stranger(self) -> None:
        """Another client of the test is nobody."""
        response = await self.new_client().post("/count")
        self.assertNotIn("Authorization", response.request.headers)
