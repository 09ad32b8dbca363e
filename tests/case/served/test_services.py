"""Services that the app calls: servers beside its own, in whatever way they were started."""

import asyncio
import unittest
from typing import ClassVar

import httpx
from fastapi import BackgroundTasks, FastAPI

from fastapi_testing import AsyncServerTestCase, Server, ServerNotRunningError
from tests.running import outcomes, run_classes, without_exchanges
from tests.timing import MS, answer_within

front = FastAPI(title="front")
back = FastAPI(title="back")


@front.get("/ask/{path}")
async def ask(path: str, url: str) -> int:
    """Ask the other service, without a word of what comes of it."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        return (await client.get(f"/{path}")).status_code


@front.post("/confirmation")
async def confirm() -> None:
    """Take note of what the other service says in the end."""
    front.state.confirmed = True


@back.get("/fail")
async def fail() -> None:
    """Fail at once."""
    raise LookupError("no stock")


@back.get("/later")
async def later(tasks: BackgroundTasks) -> None:
    """Fail when nobody is there any more."""

    async def work() -> None:
        raise LookupError("no paper")

    tasks.add_task(work)


@back.get("/confirm")
async def call_back(tasks: BackgroundTasks) -> None:
    """Call back, in the background."""

    async def work() -> None:
        await asyncio.sleep(0)
        async with httpx.AsyncClient(base_url=back.state.front, trust_env=False) as client:
            await client.post("/confirmation")

    tasks.add_task(work)


@back.get("/stay")
async def stay() -> None:
    """Wait for what does not come."""
    await asyncio.Event().wait()


class Case(AsyncServerTestCase):
    """A case of two services, of which its tests ask the first."""

    app = front
    back: ClassVar[Server]

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        cls.back = await cls.enterAsyncClassContext(Server(back))

    async def ask(self, path: str, server: Server) -> httpx.Response:
        """Have the first service ask the other one."""
        return await self.client.get(f"/ask/{path}", params={"url": server.url})


class ServiceTests(unittest.TestCase):
    """A test answers for all that its app has other services do."""

    def test_unseen_exception(self) -> None:
        """What a service of the class raises and nobody sees fails the test that caused it, and no other."""

        class Unseen(Case):
            async def test_cause(self) -> None:
                await self.ask("later", self.back)

            async def test_other(self) -> None:
                await self.ask("missing", self.back)

        self.assertEqual(outcomes(run_classes(Unseen)), {"test_cause": "  LookupError: no paper"})

    def test_service_of_a_test(self) -> None:
        """It is the same with a service that the test has started itself, and stopped again."""

        class Own(Case):
            async def test(self) -> None:
                async with Server(back) as server:
                    await self.ask("later", server)

        self.assertEqual(outcomes(run_classes(Own)), {"test": "  LookupError: no paper"})

    def test_shown_exception(self) -> None:
        """What a service has answered 500 for stands by the failure that may come of it."""

        class Shown(Case):
            async def test(self) -> None:
                self.assertJsonEqual(await self.ask("fail", self.back), 200)

        self.assertRegex(
            without_exchanges(run_classes(Shown).failures[0][1]),
            r"expected 200, got 500; got 200 OK\nthe app raised, for GET /fail, "
            r"in tests\.case\.served\.test_services\.fail:\n(  .*\n)+  LookupError: no stock\Z",
        )

    def test_expected_exception(self) -> None:
        """It can be expected as well."""

        class Expecting(Case):
            async def test(self) -> None:
                with self.assertServerRaises(LookupError, "no paper"):
                    await self.ask("later", self.back)
                    await self.back.settle()

        self.assertEqual(outcomes(run_classes(Expecting)), {})

    def test_exchanges(self) -> None:
        """Each test finds what the service was asked in it."""

        class Asking(Case):
            async def test_first(self) -> None:
                await self.ask("one", self.back)
                self.assertEqual([*map(str, self.back.exchanges)], ["GET /one"])

            async def test_second(self) -> None:
                await self.ask("two", self.back)
                self.assertEqual([*map(str, self.back.exchanges)], ["GET /two"])

        self.assertEqual(outcomes(run_classes(Asking)), {})

    def test_call_back(self) -> None:
        """The test ends when the services have done with each other."""

        class Confirmed(Case):
            async def test_1_ask(self) -> None:
                back.state.front = self.server.url
                front.state.confirmed = False
                await self.ask("confirm", self.back)

            async def test_2_look(self) -> None:
                self.assertTrue(front.state.confirmed)

        self.assertEqual(outcomes(run_classes(Confirmed)), {})

    def test_server_of_another_loop(self) -> None:
        """A server that runs on another event loop is none of the test's."""

        class Beside(Case):
            async def test(self) -> None:
                await self.ask("one", self.back)

        async def run() -> list[str]:
            async with Server(back) as server, httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
                await client.get("/mine")
                await asyncio.to_thread(run_classes, Beside)
                return [*map(str, server.exchanges)]

        self.assertEqual(asyncio.run(run()), ["GET /mine"])

    def test_no_end(self) -> None:
        """A service that does not come to an end is cancelled, and named."""

        class Endless(Case):
            leaks = "fail"
            settle_timeout: ClassVar[float] = 20 * MS

            async def test(self) -> None:
                with self.assertRaises(httpx.ReadTimeout):
                    await self.new_client(server=self.back).get("/stay", timeout=answer_within(20))

        named = r"\A  GET /stay, in tests\.case\.served\.test_services\.stay, waits at File .*, line \d+, in stay\Z"
        self.assertRegex(outcomes(run_classes(Endless))["test"], named)


class NoServerTests(AsyncServerTestCase):
    """Clients of what cannot be talked to."""

    app = front

    async def test_not_started(self) -> None:
        """A server that does not run says so."""
        with self.assertRaises(ServerNotRunningError) as caught:
            self.new_client(server=Server(back))
        self.assertEqual(
            str(caught.exception),
            "the server of FastAPI 'back' is not running: enter it with `async with`, or await its start()",
        )

    async def test_app(self) -> None:
        """An app has no server yet."""
        with self.assertRaises(TypeError) as caught:
            self.new_client(server=back)  # type: ignore[arg-type]
        self.assertEqual(
            str(caught.exception),
            "server must be a server that the test or its class has started, got FastAPI 'back': start one for it, "
            "such as `await self.enterAsyncContext(Server(app))`",
        )
