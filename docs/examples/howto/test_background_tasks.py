"""What the app does once it has answered."""

import asyncio

from fastapi_testing import AsyncServerTestCase

import newsletter
from newsletter import outbox


class BackgroundTaskTests(AsyncServerTestCase):
    """FastAPI's background tasks, and a worker of the app's own."""

    app = newsletter.app

    def setUp(self) -> None:
        """Leave an empty outbox to the next test."""
        self.addCleanup(outbox.clear)

    async def test_done(self) -> None:
        """The task has run when the request returns."""
        response = await self.client.post("/subscribers/ann@example.org")
        self.assertStatus(response, 202)
        self.assertEqual(outbox, ["ann@example.org"])

    async def test_fails(self) -> None:
        """A task that fails is no business of the response, and so the test says that it is expected."""
        with self.assertServerRaises(ValueError, "is no address"):
            response = await self.client.post("/subscribers/ann")
        self.assertStatus(response, 202)
        self.assertEqual(outbox, [])

    async def test_answer_comes_first(self) -> None:
        """A request that does not settle returns with the response, and the task goes on."""
        await self.client.post("/subscribers/ann@example.org", extensions={"settle": False})
        self.assertEqual(outbox, [])
        await self.server.settle()
        self.assertEqual(outbox, ["ann@example.org"])

    async def send_issue(self, *addresses: str) -> None:
        """Send an issue, and wait until the worker is done with it, for five seconds at most."""
        await self.client.post("/issues", json=addresses)
        async with asyncio.timeout(5):
            await self.app.state.jobs.join()

    async def test_worker(self) -> None:
        """What a worker does belongs to no request: the test waits for the work itself."""
        await self.send_issue("ann@example.org", "bob@example.org")
        self.assertEqual(outbox, ["ann@example.org", "bob@example.org"])

    async def test_worker_goes_on(self) -> None:
        """A job that fails is logged, and the next one is done."""
        with self.assertLogs("newsletter", "ERROR") as logs:
            await self.send_issue("ann", "bob@example.org")
        self.assertEqual([record.getMessage() for record in logs.records], ["no issue for ann"])
        self.assertEqual(outbox, ["bob@example.org"])

    async def test_worker_from_outside(self) -> None:
        """Where there is nothing to wait for, the test looks until it is so."""
        await self.client.post("/issues", json=["ann@example.org"])
        await self.assertEventually(lambda: "ann@example.org" in outbox)


class BounceTests(AsyncServerTestCase):
    """A task that the app starts when it is first needed, and keeps."""

    app = newsletter.app
    background_tasks = ("newsletter:watch_mailbox",)

    async def test_bounces(self) -> None:
        """What comes back is told, once it has been looked for."""
        self.addCleanup(outbox.clear)
        self.assertJsonEqual(await self.client.get("/bounces"), [])
        await self.client.post("/subscribers/eve@example.invalid")
        await self.assertEventually(lambda: self.app.state.bounced == {"eve@example.invalid"})

    async def test_goes_on(self) -> None:
        """The same task serves each test of the class."""
        await self.client.get("/bounces")
        self.assertFalse(self.app.state.watch.done())
