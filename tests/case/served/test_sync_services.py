"""Services that the app calls, on threads of their own: the class, the module or the test has started them."""

import threading
import unittest
from typing import Any, ClassVar

import httpx

from fastapi_testing import AsyncServerTestCase, ServerTestCase, ServerThread, SyncClient
from tests.case.served.test_services import back, front
from tests.running import outcomes, run_classes, without_exchanges
from tests.timing import MS, answer_within

UNSEEN = "  LookupError: no paper"


class Case(ServerTestCase):
    """A case of two services, of which its tests ask the first."""

    app = front
    back: ClassVar[ServerThread]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.back = cls.enterClassContext(ServerThread(back))

    def ask(self, path: str, server: ServerThread | None = None) -> httpx.Response:
        """Have the first service ask the other one."""
        return self.client.get(f"/ask/{path}", params={"url": (server or self.back).url})


class ServiceTests(unittest.TestCase):
    """A plain test answers for all that its app has other services do."""

    def test_unseen_exception(self) -> None:
        """What a service of the class raises and nobody sees fails the test that caused it, and no other."""

        class Unseen(Case):
            def test_cause(self) -> None:
                self.ask("later")

            def test_other(self) -> None:
                self.ask("missing")

        self.assertEqual(outcomes(run_classes(Unseen)), {"test_cause": UNSEEN})

    def test_service_of_the_module(self) -> None:
        """It is the same with one that was there before the class."""

        class Unseen(Case):
            @classmethod
            def setUpClass(cls) -> None:
                super(Case, cls).setUpClass()
                cls.back = service

            def test_cause(self) -> None:
                self.ask("later")

            def test_other(self) -> None:
                self.ask("missing")

        with ServerThread(back) as service:
            self.assertEqual(outcomes(run_classes(Unseen)), {"test_cause": UNSEEN})

    def test_service_of_a_test(self) -> None:
        """It is the same with one that the test has started itself, whether it has stopped it again or not."""

        class Own(Case):
            def test_stopped(self) -> None:
                with ServerThread(back) as server:
                    self.ask("later", server)

            def test_running(self) -> None:
                self.ask("later", self.enterContext(ServerThread(back)))

        self.assertEqual(outcomes(run_classes(Own)), {"test_running": UNSEEN, "test_stopped": UNSEEN})

    def test_asynchronous_test(self) -> None:
        """It is the same for asynchronous tests."""

        class Unseen(AsyncServerTestCase):
            app = front

            async def test_cause(self) -> None:
                await self.client.get("/ask/later", params={"url": service.url})

            async def test_other_client(self) -> None:
                with SyncClient(service.url) as client:
                    client.get("/later")

            async def test_other(self) -> None:
                await self.client.get("/ask/missing", params={"url": service.url})

        with ServerThread(back) as service:
            self.assertEqual(outcomes(run_classes(Unseen)), {"test_cause": UNSEEN, "test_other_client": UNSEEN})

    def test_client(self) -> None:
        """A client of the other service is one of the test's."""

        class Client(Case):
            def test_cause(self) -> None:
                self.new_client(server=self.back).get("/later")

            def test_other(self) -> None:
                self.assertStatus(self.new_client(server=self.back).get("/missing"), 404)

        self.assertEqual(outcomes(run_classes(Client)), {"test_cause": UNSEEN})

    def test_expected_exception(self) -> None:
        """It can be expected as well, and is waited for."""

        class Expecting(Case):
            def test(self) -> None:
                for _ in range(10):
                    with self.assertServerRaises(LookupError, "no paper"):
                        self.ask("later")

        self.assertEqual(outcomes(run_classes(Expecting)), {})

    def test_exchanges(self) -> None:
        """Each test finds what the service was asked in it."""

        class Asking(Case):
            def test_first(self) -> None:
                self.ask("one")
                self.assertEqual([*map(str, self.back.exchanges)], ["GET /one"])

            def test_second(self) -> None:
                self.ask("two")
                self.assertEqual([*map(str, self.back.exchanges)], ["GET /two"])

        self.assertEqual(outcomes(run_classes(Asking)), {})

    def test_call_back(self) -> None:
        """The test ends when the services have done with each other."""

        class Confirmed(Case):
            def test_1_ask(self) -> None:
                back.state.front = self.server.url
                front.state.confirmed = False
                self.ask("confirm")

            def test_2_look(self) -> None:
                self.assertTrue(front.state.confirmed)

        self.assertEqual(outcomes(run_classes(Confirmed)), {})

    def test_no_end(self) -> None:
        """A service that does not come to an end is cancelled, and named."""

        class Endless(Case):
            leaks = "fail"
            settle_timeout: ClassVar[float] = 20 * MS

            def test_1_stay(self) -> None:
                with self.assertRaises(httpx.ReadTimeout):
                    self.new_client(server=self.back).get("/stay", timeout=answer_within(20))

            def test_2_look(self) -> None:
                self.assertEqual(self.back.recorder.in_flight, [])

        named = r"\A  GET /stay, in tests\.case\.served\.test_services\.stay, waits at File .*, line \d+, in stay\Z"
        self.assertRegex(outcomes(run_classes(Endless)).pop("test_1_stay"), named)

    def test_blocked_service(self) -> None:
        """A service whose event loop is blocked does not hold the test up without end, and is told of."""
        done = threading.Event()
        self.addCleanup(done.set)

        class Blocked(Case):
            settle_timeout: ClassVar[float] = 20 * MS

            def test(self) -> None:
                with self.assertRaises(httpx.ReadTimeout):
                    self.new_client(server=self.back).get("/stay", timeout=answer_within(20))
                self.back._loop.call_soon_threadsafe(done.wait)  # type: ignore[union-attr]

            @classmethod
            def tearDownClass(cls) -> None:
                done.set()

        with self.assertWarnsRegex(ResourceWarning, "left a task running, cancelled now:\n  GET /stay, "):
            result = run_classes(Blocked)
        ((_, text),) = result.errors
        blocked = r"LoopBlockedError: the event loop is blocked at:\n(  .*\n)+ +waiter\.acquire\(\)\Z"
        self.assertRegex(without_exchanges(text), blocked)

    def test_services_of_others(self) -> None:
        """A service that a test around it looks after, or that another thread has started, is none of the test's."""
        kept: list[str] = []

        class Inner(Case):
            def test(self) -> None:
                self.ask("one")

        class Outer(Case):
            def test(self) -> None:
                self.ask("mine")
                assert_passes(self, Inner)
                kept.extend(map(str, self.back.exchanges))
                self.ask("later")

        def run() -> Any:
            return outcomes(run_classes(Outer))

        self.assertEqual(run(), {"test": UNSEEN})
        with ServerThread(back) as service, SyncClient(service.url) as client:
            client.get("/theirs")
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
            self.assertEqual([*map(str, service.exchanges)], ["GET /theirs"])
        self.assertEqual(kept, ["GET /mine"] * 2)


def assert_passes(test: unittest.TestCase, case: type[unittest.TestCase]) -> None:
    """Run a class inside a test."""
    test.assertEqual(outcomes(run_classes(case)), {})
