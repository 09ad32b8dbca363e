"""assertEventually."""

import asyncio
import unittest
from typing import Any

import freezegun

from fastapi_testing.assertions.eventually.polling import EventuallyAssertions
from fastapi_testing.server.clock import unfreeze
from tests.assertions.failures import FailureAssertions
from tests.timing import MS


class EventuallyTests(EventuallyAssertions, FailureAssertions, unittest.IsolatedAsyncioTestCase):
    """State that changes by itself."""

    def setUp(self) -> None:
        self.looks = 0
        self.received: list[str] = []

    def third_time(self) -> int:
        """Hold at the third look."""
        self.looks += 1
        return self.looks if self.looks > 2 else 0

    async def asserting(self) -> None:
        """Fail twice."""
        self.looks += 1
        self.assertGreater(self.looks, 2)

    async def test_value(self) -> None:
        """It ends when the probe returns something true, with that."""
        self.assertEqual(await self.assertEventually(self.third_time), 3)

    async def test_assertions(self) -> None:
        """A coroutine function that asserts is waited for."""
        self.assertIsNone(await self.assertEventually(self.asserting))
        self.assertEqual(self.looks, 3)

    async def test_false_value(self) -> None:
        """A failure says what the probe returned at last."""
        name = "EventuallyTests.test_false_value.<locals>.<lambda>".rpartition("<locals>.")[2]
        with self.assertFails(f"expected {name} to hold within {5 * MS:g} s; at last it returned []"):
            await self.assertEventually(lambda: self.received, 5 * MS)

    async def test_failing_probe(self) -> None:
        """A failure shows the last one of the probe."""

        async def idle() -> None:
            self.assertEqual("busy", "idle")

        with self.assertFails(
            f"expected idle to hold within {5 * MS:g} s; at last it failed: 'busy' != 'idle'\n- busy\n+ idle\n : worker"
        ):
            await self.assertEventually(idle, 5 * MS, "worker")

    async def test_bare_assertion(self) -> None:
        """An assertion without a message is one, too."""

        def idle() -> None:
            raise AssertionError

        with self.assertFails(f"expected idle to hold within {5 * MS:g} s; at last it failed, and did not say why"):
            await self.assertEventually(idle, 5 * MS)

    async def test_probe_that_hangs(self) -> None:
        """A probe that does not return is ended."""
        with self.assertFails(f"expected Event.wait to hold within {5 * MS:g} s; it did not return"):
            await self.assertEventually(asyncio.Event().wait, 5 * MS)

    async def test_probe_that_hangs_later(self) -> None:
        """Where only the last look hangs, it says so, and what the one before saw."""
        looks: list[bool] = []

        async def idle() -> bool:
            looks.append(True)
            if len(looks) == 1:
                raise AssertionError("one is busy")
            return await asyncio.Event().wait()

        with self.assertFails(
            f"expected idle to hold within {700 * MS:g} s; "
            "the last look did not return; the one before failed: one is busy"
        ):
            await self.assertEventually(idle, 700 * MS)

    async def test_lambda_that_returns_none(self) -> None:
        """A lambda looks something up, and None is what it finds where there is nothing; it asserts nothing."""
        cache: dict[str, str] = {}
        with self.assertFails(f"expected <lambda> to hold within {5 * MS:g} s; at last it returned None"):
            await self.assertEventually(lambda: cache.get("key"), 5 * MS)

    async def test_probe_that_turns_its_end_into_a_failure(self) -> None:
        """A probe that makes an AssertionError of its cancellation does not go on for ever."""

        async def stubborn() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise AssertionError("not yet") from None

        with self.assertFails(f"expected stubborn to hold within {5 * MS:g} s; at last it failed: not yet"):
            await self.assertEventually(stubborn, 5 * MS)

    async def test_exceptions(self) -> None:
        """What the probe raises besides goes through, a time-out of its own too."""

        def broken() -> None:
            raise error

        for error in (LookupError("x"), TimeoutError("its own")):
            with self.subTest(error=error), self.assertRaisesRegex(type(error), str(error)):
                await self.assertEventually(broken)

    async def test_value_that_cannot_be_written(self) -> None:
        """A value without a repr, as a database's detached row has none, is named by its type."""

        class Detached:
            def __bool__(self) -> bool:
                return False

            def __repr__(self) -> str:
                raise LookupError("no session")

        with self.assertRaisesRegex(AssertionError, "; at last it returned <.*Detached object at "):
            await self.assertEventually(Detached, 5 * MS)

    async def test_no_function(self) -> None:
        """What cannot be called again is refused: a coroutine, or the value itself."""
        probe: Any
        for probe, described in (self.asserting(), "<coroutine object .*>"), (True, "True"):
            expected = f"takes a function, to call it again and again, got {described}: put 'lambda:' before it$"
            with self.subTest(probe=probe), self.assertRaisesRegex(TypeError, expected):
                await self.assertEventually(probe)

    async def test_time_limit(self) -> None:
        """A limit has to be positive."""
        with self.assertRaisesRegex(ValueError, "^timeout must be a positive number of seconds, got 0$"):
            await self.assertEventually(self.third_time, 0)

    def test_frozen_clock(self) -> None:
        """On a loop that looks at the real clock, it ends while the time stands still."""

        async def fail() -> None:
            with self.assertFails(f"expected <lambda> to hold within {5 * MS:g} s; at last it returned 0"):
                await self.assertEventually(lambda: 0, 5 * MS)

        with freezegun.freeze_time("2020-01-01"), asyncio.Runner() as runner:
            unfreeze(runner.get_loop())
            runner.run(fail())
