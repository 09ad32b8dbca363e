"""Hooks that stand behind the test case among the bases of a class."""

import unittest
from typing import Any

from fastapi import FastAPI

from fastapi_testing import AsyncClassTestCase, AsyncServerTestCase, ServerTestCase
from fastapi_testing.assertions import HTTPAssertions
from tests.running import outcomes, run_classes

ran: list[str] = []


class LogsIn:
    """A mixin with a hook of every kind that asynchronous tests have, but for the class's."""

    async def asyncSetUp(self) -> None:
        """Log in."""
        await super().asyncSetUp()  # type: ignore[misc]
        ran.append("asyncSetUp")


class OpensPool:
    """A mixin with a hook of the class."""

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Open something."""
        await super().asyncSetUpClass()  # type: ignore[misc]
        ran.append("asyncSetUpClass")


class Opens:
    """A mixin with a plain hook before a class."""

    @classmethod
    def setUpClass(cls) -> None:
        """Open something."""
        super().setUpClass()  # type: ignore[misc]
        ran.append("setUpClass")


class Closes:
    """A mixin with a plain hook after a class."""

    @classmethod
    def tearDownClass(cls) -> None:
        """Close something."""
        super().tearDownClass()  # type: ignore[misc]
        ran.append("tearDownClass")


class Counts:
    """A mixin with a plain hook."""

    def setUp(self) -> None:
        """Count."""
        super().setUp()  # type: ignore[misc]
        ran.append("setUp")


class Marks:
    """A mixin with a plain hook that calls no other one."""

    def setUp(self) -> None:
        """Mark."""
        ran.append("setUp")


class OrderCase(unittest.TestCase):
    """Runs classes."""

    maxDiff = None

    def run_class(self, bases: tuple[type, ...], **body: Any) -> dict[str, str]:
        """Run a class with a passing test, and return its outcomes."""
        ran.clear()
        body |= {"test": lambda _: ran.append("test")}
        served: Any = {"app": FastAPI()}
        return outcomes(run_classes(type("Case", bases, served | body)))

    def text_of(self, mixin: type, hook: str, case: type, right: str) -> dict[str, str]:
        """Return what a class says that has its bases the wrong way round."""
        return {
            "setUpClass": f"TypeError: {mixin.__name__}.{hook} is never called, as {case.__name__} stands before it "
            f"among the bases, and calls none behind it: write `class Case({right})`, and call super() in the hook"
        }


class RefusedTests(OrderCase):
    """What is refused."""

    def test_behind(self) -> None:
        """A hook of a mixin that stands behind the case is named, with the order that is right; so it is called."""
        for case, mixin, hook in (
            (AsyncServerTestCase, LogsIn, "asyncSetUp"),
            (AsyncServerTestCase, OpensPool, "asyncSetUpClass"),
            (AsyncServerTestCase, Counts, "setUp"),
            (AsyncClassTestCase, OpensPool, "asyncSetUpClass"),
            (ServerTestCase, Counts, "setUp"),
            (AsyncServerTestCase, Opens, "setUpClass"),
            (AsyncServerTestCase, Closes, "tearDownClass"),
            (AsyncClassTestCase, Opens, "setUpClass"),
            (ServerTestCase, Opens, "setUpClass"),
            (ServerTestCase, Closes, "tearDownClass"),
        ):
            with self.subTest(case=case, hook=hook):
                right = f"{mixin.__name__}, {case.__name__}"
                self.assertEqual(self.run_class((case, mixin)), self.text_of(mixin, hook, case, right))
                self.assertEqual(ran, [])
                self.assertEqual(self.run_class((mixin, case)), {})
                self.assertEqual(ran, ["test", hook] if hook.startswith("tear") else [hook, "test"])

    def test_behind_own_hook(self) -> None:
        """So it is where the class has a hook of its own that calls the next one."""
        for case in (AsyncServerTestCase, ServerTestCase):
            for mixin, hook in ((Opens, "setUpClass"), (Closes, "tearDownClass")):

                def own(cls: Any, name: str = hook) -> None:
                    getattr(super(cls.mro()[1], cls), name)()  # pragma: no cover - never called

                with self.subTest(case=case, hook=hook):
                    text = self.text_of(mixin, hook, case, f"{mixin.__name__}, {case.__name__}")
                    self.assertEqual(self.run_class((case, mixin), **{hook: classmethod(own)}), text)
                    self.assertEqual(ran, [])

    def test_several(self) -> None:
        """Those stay in their order that need not move."""
        text = self.text_of(Counts, "setUp", ServerTestCase, "Counts, OpensNothing, ServerTestCase, Empty")
        nothing, empty = type("OpensNothing", (), {}), type("Empty", (), {})
        self.assertEqual(self.run_class((nothing, ServerTestCase, Counts, empty)), text)

    def test_base_class(self) -> None:
        """The class is named whose bases are so, also where another inherits from it, and has a hook of its own."""

        class Case(AsyncServerTestCase, LogsIn):
            async def test(self) -> None:
                """Never run."""

        class Inherits(Case):
            async def asyncSetUp(self) -> None:
                """Never called."""
                await super().asyncSetUp()  # pragma: no cover - that is the point

        text = self.text_of(LogsIn, "asyncSetUp", AsyncServerTestCase, "LogsIn, AsyncServerTestCase")
        self.assertEqual(outcomes(run_classes(Inherits)), text)


class MeantTests(OrderCase):
    """What is not refused."""

    def test_called_by_name(self) -> None:
        """A hook that another one calls by the name of its class."""

        async def asyncSetUp(case: Any) -> None:
            await super(AsyncServerTestCase, case).asyncSetUp()  # type: ignore[misc]
            ran.append("own")
            Marks.setUp(case)

        self.assertEqual(self.run_class((AsyncServerTestCase, Marks), asyncSetUp=asyncSetUp), {})
        self.assertEqual(ran, ["own", "setUp", "test"])

    def test_overridden(self) -> None:
        """A hook in whose place the class has one that calls none: it is meant to be overridden."""

        def setUp(_: Any) -> None:
            ran.append("own")

        self.assertEqual(self.run_class((ServerTestCase, Counts), setUp=setUp), {})
        self.assertEqual(ran, ["own", "test"])

    def test_reached(self) -> None:
        """A mixin that Python itself puts before the end, as it is a test case or has assertions."""
        for base in (unittest.TestCase, HTTPAssertions):
            mixin = type("Mixin", (Counts, base), {})
            self.assertEqual(self.run_class((AsyncServerTestCase, mixin)), {})
            self.assertEqual(ran, ["setUp", "test"])
