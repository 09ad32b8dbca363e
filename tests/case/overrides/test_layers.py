"""Overrides that lie upon one another, in tasks that run at once too, and the lines that warnings point to."""

import asyncio
import contextlib
import inspect
import unittest
import warnings
from typing import Any, ClassVar
from unittest import mock

from fastapi import FastAPI

from fastapi_testing.case.overrides.dependencies import (
    DependencyOverrides,
    UnusedOverrideWarning,
    override_dependencies,
)
from fastapi_testing.case.where import definition
from tests.case.overrides.test_dependencies import OverridesCase, fake_user, get_clock, get_user, make_app
from tests.running import outcomes, run_classes

__all__: list[str] = []


def line_of(text: str) -> int:
    """Return the number of the line of this module that ends with a text."""
    lines = inspect.getsource(inspect.getmodule(line_of) or line_of).splitlines()
    return 1 + next(number for number, line in enumerate(lines) if line.endswith(text))


class ConcurrentTests(OverridesCase):
    """In tasks that run at once."""

    async def override(self, block: override_dependencies, left: asyncio.Event, entered: asyncio.Event) -> None:
        """Be in the block until it is to be left."""
        with block:
            entered.set()
            await left.wait()

    async def enter(self, block: override_dependencies) -> tuple[asyncio.Task[None], asyncio.Event]:
        """Start a task that is in the block; return it with what ends it."""
        left, entered = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(self.override(block, left, entered))
        await entered.wait()
        return task, left

    async def leave(self, entered: tuple[asyncio.Task[None], asyncio.Event]) -> None:
        """Have a task leave its block."""
        task, left = entered
        left.set()
        await task

    async def test_in_any_order(self) -> None:
        """Each takes away its own override, whoever has come or gone meanwhile."""
        one = await self.enter(override_dependencies({get_user: lambda: "one"}))
        two = await self.enter(override_dependencies({get_user: lambda: "two"}))
        three = await self.enter(override_dependencies({get_user: lambda: "three"}))
        await self.leave(two)
        self.assertEqual(await self.user(), "three")
        await self.leave(one)
        self.assertEqual(await self.user(), "three")
        await self.leave(three)
        self.assertEqual(await self.user(), "user of real token")

    async def test_one_object(self) -> None:
        """The same block may be entered by several, each of which leaves it for itself."""
        shared = override_dependencies({get_user: fake_user})
        first = await self.enter(shared)
        other = await self.enter(override_dependencies({get_user: lambda: "other"}))
        last = await self.enter(shared)
        await self.leave(first)
        self.assertEqual(await self.user(), "fake user")
        await self.leave(last)
        self.assertEqual(await self.user(), "other")
        await self.leave(other)
        self.assertEqual(self.app.dependency_overrides, {})

    async def test_decorated(self) -> None:
        """A decorated function may be called several times at once, and may fail."""

        @override_dependencies({get_user: fake_user})
        async def ask(*, fail: bool) -> str:
            if fail:
                raise ZeroDivisionError
            return await self.user()

        answers = await asyncio.gather(ask(fail=False), ask(fail=True), ask(fail=False), return_exceptions=True)
        self.assertEqual([answers[0], answers[2]], ["fake user", "fake user"])
        self.assertIsInstance(answers[1], ZeroDivisionError)
        self.assertEqual(self.app.dependency_overrides, {})

    async def test_left_by_another_task(self) -> None:
        """Who has entered a block in one hook may leave it in another."""
        block = override_dependencies({get_user: fake_user})
        await asyncio.create_task(self.in_a_task(block.__enter__))
        self.assertEqual(await self.user(), "fake user")
        await asyncio.create_task(self.in_a_task(block.__exit__))
        self.assertEqual(await self.user(), "user of real token")

    async def in_a_task(self, function: Any) -> None:
        """Call a function; to be run in a task of its own."""
        function()


class DirectTests(OverridesCase):
    """Overrides that somebody sets without this package."""

    async def test_in_a_block(self) -> None:
        """What is set directly in a block is gone after it, and what is under it comes back."""
        with override_dependencies({get_user: fake_user}):
            self.app.dependency_overrides[get_user] = lambda: "direct"
            with override_dependencies({get_user: lambda: "inner"}):
                self.assertEqual(await self.user(), "inner")
            self.assertEqual(await self.user(), "direct")
        self.assertEqual(await self.user(), "user of real token")

    async def test_in_any_order(self) -> None:
        """An override over a direct one stays in effect when those under that are taken away, and brings none back."""
        under, middle = override_dependencies({get_user: lambda: 1}), override_dependencies({get_user: lambda: 2})
        over = override_dependencies({get_user: lambda: 3})
        with contextlib.ExitStack() as last, contextlib.ExitStack() as second, contextlib.ExitStack() as first:
            first.enter_context(under)
            second.enter_context(middle)
            self.app.dependency_overrides[get_user] = lambda: "direct"
            last.enter_context(override_dependencies({get_user: fake_user}))
            last.enter_context(over)
            first.close()
            self.assertIs(self.app.dependency_overrides[get_user], over._overrides[get_user])
            second.close()
            self.assertIs(self.app.dependency_overrides[get_user], over._overrides[get_user])
            last.close()
            self.assertEqual(self.app.dependency_overrides, {})

    async def test_never_left(self) -> None:
        """A block that a test never leaves is over at its end, and disturbs no other."""

        class LeavingTests(OverridesCase):
            dependency_overrides: ClassVar[Any] = {get_user: lambda: "of the class"}

            async def test_1_leave(self) -> None:
                override_dependencies({get_user: fake_user}).__enter__()

            async def test_2_next(self) -> None:
                with override_dependencies({get_user: lambda: "inner"}):
                    self.assertEqual(await self.user(), "inner")
                self.assertEqual(await self.user(), "of the class")

        self.assertEqual(outcomes(await asyncio.to_thread(run_classes, LeavingTests)), {})
        self.assertEqual(self.app.dependency_overrides, {})


class PlainTests(unittest.TestCase):
    """The mixin on a test case of the standard library's."""

    def test_plain(self) -> None:
        """Overrides are the class's or the test's there as well, and none is left."""
        app = make_app()

        class SyncTests(DependencyOverrides, unittest.TestCase):
            server = mock.Mock(app=app)
            dependency_overrides: ClassVar[Any] = {get_user: fake_user}

            @classmethod
            def setUpClass(cls) -> None:
                cls._begin_class_overrides()

            def setUp(self) -> None:
                self._begin_test_overrides(declared=False)

            def test_in_effect(self) -> None:
                self.assertIs(app.dependency_overrides[get_user], fake_user)
                with override_dependencies({get_user: print}):
                    self.assertIs(app.dependency_overrides[get_user], print)
                self.override_env(FASTAPI_TESTING_COLOUR="red")

        self.assertEqual(outcomes(run_classes(SyncTests)), {})
        self.assertEqual(app.dependency_overrides, {})
        with self.assertRaisesRegex(RuntimeError, "finds no running test"):
            override_dependencies({get_user: fake_user}).__enter__()


class WhereTests(unittest.TestCase):
    """The line that an UnusedOverrideWarning points to."""

    def check(self, case: type[unittest.TestCase], text: str) -> None:
        """Check that the warning about a class points to the line of this module that ends with the text."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.assertEqual(outcomes(run_classes(case)), {})
        (warning,) = caught
        self.assertIs(warning.category, UnusedOverrideWarning)
        self.assertEqual((warning.filename, warning.lineno), (__file__, line_of(text)))

    def test_method(self) -> None:
        """It is where the method was called."""

        class MethodTests(OverridesCase):
            async def test_override(self) -> None:
                self.override_dependency(get_clock, value="noon")  # the call

        self.check(MethodTests, "# the call")

    def test_block(self) -> None:
        """It is where the block begins."""

        class BlockTests(OverridesCase):
            async def test_override(self) -> None:
                with override_dependencies({get_clock: fake_user}):  # the block
                    pass

        self.check(BlockTests, "# the block")

    def test_decorator(self) -> None:
        """It is where the decorator stands."""

        @override_dependencies({get_clock: fake_user})  # the decorator
        class DecoratedTests(OverridesCase):
            async def test_nothing(self) -> None:
                """Do nothing."""

        self.check(DecoratedTests, "# the decorator")

    def test_attribute(self) -> None:
        """It is the class that has the attribute."""

        class AttributeTests(OverridesCase):  # the class
            dependency_overrides: ClassVar[Any] = {get_clock: fake_user}

        class InheritingTests(AttributeTests):
            async def test_nothing(self) -> None:
                """Do nothing."""

        self.check(InheritingTests, "# the class")

    def test_unknown_source(self) -> None:
        """A class whose source is not to be had is in its module, if in any."""
        made = type("MadeTests", (), {"__module__": __name__})
        self.assertEqual(definition(made), (__file__, 1, __name__))
        lost = type("LostTests", (), {"__module__": "nowhere"})
        self.assertEqual(definition(lost), ("<string>", 1, "nowhere"))
        where = definition(lost)
        with self.assertWarns(UnusedOverrideWarning) as caught:
            where.warn("lost", UnusedOverrideWarning)
        self.assertEqual(caught.filename, "<string>")

    def test_app(self) -> None:
        """It is so with an app that is given, too."""
        with self.assertWarns(UnusedOverrideWarning) as caught:
            override_dependencies({get_clock: fake_user}, app=FastAPI())(print)()
        self.assertEqual(caught.filename, __file__)
