"""Hooks and attributes that cannot be meant."""

import functools
import unittest
from typing import Any
from unittest import mock

from fastapi import FastAPI

from fastapi_testing import AsyncClassTestCase, AsyncServerTestCase, Client, ServerTestCase
from tests.case.mistakes.test_unawaited import decorated
from tests.running import outcomes, run_classes

app = FastAPI()
ran: list[str] = []

PLAIN = "make it a plain `def` that calls self.run_async(), or make the class an AsyncServerTestCase"
RENAME = "give it another name"


def note(*_: object) -> None:
    """Take note that something has run."""
    ran.append("hook")


async def note_async(*_: object) -> None:
    """Do the same, if somebody awaits it."""
    ran.append("async hook")


async def generate(*_: object) -> Any:
    """Yield something."""
    yield 1  # pragma: no cover - never run


def generate_plain(*_: object) -> Any:
    """Yield something."""
    yield 1  # pragma: no cover - never run


def _as_is(hook: Any) -> Any:
    return hook


def trouble(base: type[unittest.TestCase], **body: Any) -> dict[str, str]:
    """Run a class with a passing test, and return its outcomes."""
    ran.clear()
    return outcomes(run_classes(type("Case", (base,), {"app": app, "test": note, **body})))


class RefusedTests(unittest.TestCase):
    """What is refused before anything runs."""

    maxDiff = None

    def refuse(self, base: type[unittest.TestCase], text: str, **body: Any) -> None:
        """Check that a class is refused, and nothing of it has run."""
        with self.subTest(text=text):
            self.assertEqual(trouble(base, **body), {"setUpClass": f"TypeError: {text}"})
            self.assertEqual(ran, [])

    def test_sync_hooks(self) -> None:
        """A hook of unittest's own that is asynchronous."""
        for name, meant in (("setUp", "asyncSetUp"), ("tearDown", "asyncTearDown")):
            text = f"Case.{name} is asynchronous, and nothing awaits it"
            for base in (AsyncServerTestCase, AsyncClassTestCase):
                self.refuse(base, f"{text}: name it {meant}", **{name: note_async})
            self.refuse(ServerTestCase, f"{text} in a ServerTestCase: {PLAIN}", **{name: note_async})
        for name, meant in (("setUpClass", "asyncSetUpClass"), ("tearDownClass", "asyncTearDownClass")):
            text = f"Case.{name} is asynchronous, and nothing awaits it"
            self.refuse(AsyncServerTestCase, f"{text}: name it {meant}", **{name: classmethod(note_async)})
            self.refuse(ServerTestCase, f"{text} in a ServerTestCase: {PLAIN}", **{name: classmethod(note_async)})

    def test_async_hooks(self) -> None:
        """An asynchronous hook that is a plain function, or no class method."""
        for name, meant in (("asyncSetUp", "setUp"), ("asyncTearDown", "tearDown")):
            text = f"Case.{name} must be asynchronous: write `async def`, or name it {meant}"
            for hook in (note, None):
                self.refuse(AsyncClassTestCase, text, **{name: hook})
        for name in ("asyncSetUpClass", "asyncTearDownClass"):
            text = f"Case.{name} must be a class method and asynchronous: `@classmethod async def`"
            hooks: tuple[Any, ...] = (note, note_async, classmethod(note))
            for hook in hooks:
                self.refuse(AsyncServerTestCase, text, **{name: hook})

    def test_async_hooks_of_plain_cases(self) -> None:
        """An asynchronous hook in a class of plain tests."""
        for name, meant in (("asyncSetUp", "setUp"), ("asyncTearDown", "tearDown")):
            text = (
                f"Case.{name} is never called in a ServerTestCase: name it {meant} and make it a plain `def`, "
                f"which may call self.run_async(), or make the class an AsyncServerTestCase"
            )
            self.refuse(ServerTestCase, text, **{name: note_async})
        for name, meant in (("asyncSetUpClass", "setUpClass"), ("asyncTearDownClass", "tearDownClass")):
            text = (
                f"Case.{name} is never called in a ServerTestCase: name it {meant} and make it a plain `def`, "
                f"or make the class an AsyncServerTestCase"
            )
            self.refuse(ServerTestCase, text, **{name: classmethod(note_async)})

    def test_generator(self) -> None:
        """A test that yields, in either kind of case."""
        for base in (AsyncClassTestCase, AsyncServerTestCase, ServerTestCase):
            for test, kind in ((generate, "an asynchronous generator"), (generate_plain, "a generator")):
                text = f"Case.test is {kind}, of which nothing would run: take the `yield` out of the test"
                self.refuse(base, text, test=test)

    def test_generator_as_hook(self) -> None:
        """A hook that yields, as a fixture of pytest does."""
        hooks: Any = (("setUp", "asyncSetUp", _as_is), ("setUpClass", "asyncTearDownClass", classmethod))
        for plain, asynchronous, make in hooks:
            cleanup = "addCleanup()" if make is _as_is else "addClassCleanup()"
            text = f"of which nothing would run: take the `yield` out, and give what follows it to {cleanup}"
            for base in (AsyncServerTestCase, ServerTestCase):
                self.refuse(base, f"Case.{plain} is a generator, {text}", **{plain: make(generate_plain)})
            text = f"Case.{asynchronous} is an asynchronous generator, {text}"
            self.refuse(AsyncServerTestCase, text, **{asynchronous: make(generate)})

    def test_decorated_generator(self) -> None:
        """A test behind a decorator is refused when it has returned a generator; other generators are nobody's."""

        @functools.wraps(generate_plain)
        def returning(case: Any) -> Any:
            return generate_plain(case)

        text = "generate_plain has returned a generator, of which nothing runs: take the `yield` out of the test"
        for base in (AsyncServerTestCase, ServerTestCase):
            self.assertEqual(trouble(base, test=returning, rows=generate_plain), {"test": f"TypeError: {text}"})

    def test_hidden(self) -> None:
        """An attribute of the name of something that the framework gives to tests."""
        for base in (AsyncServerTestCase, ServerTestCase):
            for name in ("server", "client", "ws"):
                for value in ("other", None, note):
                    self.refuse(base, f"Case.{name} hides self.{name} of the framework: {RENAME}", **{name: value})
            for name in ("new_client", "assertStatus", "override_dependency"):
                self.refuse(base, f"Case.{name} hides self.{name}() of the framework: {RENAME}", **{name: "other"})
            for name in ("_call", "_framework_guard"):
                self.refuse(base, f"Case.{name} hides what the framework itself uses: {RENAME}", **{name: note})

    def test_base_class(self) -> None:
        """The class is named in whose body it stands, be it a mixin; one that puts it right is not refused."""

        class Mixin:
            async def setUp(self) -> None:
                """Never run."""

        class Base(Mixin, AsyncClassTestCase):  # type: ignore[misc]
            test = note

        class Right(Base):
            def setUp(self) -> None:  # type: ignore[override]
                note()

        class SetsUp(Right):
            @classmethod
            def setUpClass(cls) -> None:
                note()
                super().setUpClass()

        name = "RefusedTests.test_base_class.<locals>.Mixin.setUp"
        text = f"TypeError: {name} is asynchronous, and nothing awaits it: name it asyncSetUp"
        ran.clear()
        self.assertEqual(outcomes(run_classes(Base)), {"setUpClass": text})
        self.assertEqual(outcomes(run_classes(Right, SetsUp)), {})
        self.assertEqual(ran, ["hook"] * 5)

    def test_set_up_of_its_own(self) -> None:
        """Where a class that is wrong has a setUpClass, it runs for those that put it right."""

        class Base(ServerTestCase):
            test = note
            client = "other"  # type: ignore[assignment]

            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                ran.append(cls.__name__)

        class Right(Base):
            client = property(AsyncServerTestCase.new_client)  # type: ignore[arg-type]

        ran.clear()
        self.assertEqual([*outcomes(run_classes(Base, Right))], ["setUpClass"])
        self.assertEqual(ran, ["Right", "hook"])

    def test_arguments(self) -> None:
        """It is given what those that put it right give it, be it the class's own or that of a mixin."""

        class Takes:
            @classmethod
            def setUpClass(cls, *more: str, **options: bool) -> None:
                super().setUpClass()  # type: ignore[misc]
                ran.extend([*more, *options])

        mixin = type("Mixin", (Takes, ServerTestCase), {"test": note, "client": "other"})

        class Own(ServerTestCase):
            test = note
            client = "other"  # type: ignore[assignment]

            @classmethod
            def setUpClass(cls, *more: str, **options: bool) -> None:
                super().setUpClass()
                ran.extend([*more, *options])

        for base in (mixin, Own):

            class Right(base):  # type: ignore[misc,valid-type]
                client = property(AsyncServerTestCase.new_client)  # type: ignore[arg-type]

                @classmethod
                def setUpClass(cls) -> None:
                    super().setUpClass("more", keep=True)

            ran.clear()
            self.assertEqual(outcomes(run_classes(Right)), {})
            self.assertEqual(ran, ["more", "keep", "hook"])

    def test_asynchronous_set_up_of_a_base(self) -> None:
        """A setUpClass that is asynchronous is refused also where super() calls it."""
        base = type("Base", (AsyncClassTestCase,), {"setUpClass": classmethod(note_async)})

        class Case(base):  # type: ignore[misc,valid-type]
            test = note

            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()

        text = "TypeError: Base.setUpClass is asynchronous, and nothing awaits it: name it asyncSetUpClass"
        self.assertEqual(outcomes(run_classes(Case)), {"setUpClass": text})


class MeantTests(unittest.TestCase):
    """What is not refused."""

    def test_overrides(self) -> None:
        """Properties and methods in the place of the framework's, and tests of the names of its attributes."""

        class Case(AsyncServerTestCase):
            app = app
            loop_factory = None

            @property
            def client(self) -> Client:  # type: ignore[override]
                return super().client

            def new_client(self, **options: Any) -> Client:
                return super().new_client(**options)

            async def test_timeout(self) -> None:  # type: ignore[override]
                self.assertStatus(await self.client.get("/"), 404)

        self.assertEqual(outcomes(run_classes(Case, Case)), {})

        class Inherits(Case):
            """Made when its base has been set up, and has what the framework gave it."""

        self.assertEqual(outcomes(run_classes(Inherits)), {})

    def test_decorated_hooks(self) -> None:
        """An asynchronous hook behind a plain function, or a mock of one, is awaited."""
        self.assertEqual(trouble(AsyncClassTestCase, asyncSetUp=decorated(note_async)), {})
        self.assertEqual(ran, ["async hook", "hook"])
        hook = mock.AsyncMock()
        self.assertEqual(trouble(AsyncClassTestCase, asyncTearDown=hook), {})
        hook.assert_awaited_once()
        set_up = classmethod(decorated(note_async))
        self.assertEqual(trouble(AsyncClassTestCase, asyncSetUpClass=set_up), {})
        self.assertEqual(ran, ["async hook", "hook"])

    def test_any_attribute(self) -> None:
        """What answers any attribute may be in the body of a class, also beside a name that is nearly a hook's."""

        def setup(_: Any) -> None:
            """Never called."""

        with self.assertWarnsRegex(RuntimeWarning, "Case.setup is no hook"):
            self.assertEqual(trouble(ServerTestCase, rows=mock.call.rows, setup=setup), {})
        text = "TypeError: Case.asyncSetUp must be asynchronous: write `async def`, or name it setUp"
        self.assertEqual(trouble(AsyncServerTestCase, asyncSetUp=mock.call.rows), {"setUpClass": text})


class OwnNamesTests(unittest.TestCase):
    """Attributes of the user's own, with the underscore of what is private to a class."""

    def test_private_names(self) -> None:
        """A hook may set what sounds like the framework's own, on the test and on the class, and nothing breaks."""
        names = ("client", "clients", "guard", "server", "session", "transport", "watchdog")

        def hook(holder: Any) -> None:
            for name in names:
                setattr(holder, f"_{name}", "mine")

        async def hook_of_class(cls: Any) -> None:
            await super(cls, cls).asyncSetUpClass()  # type: ignore[misc]
            hook(cls)

        def set_up_class(cls: Any) -> None:
            super(cls, cls).setUpClass()
            hook(cls)

        async def test(case: AsyncServerTestCase) -> None:
            case.assertStatus(await case.client.get("/"), 404)

        def test_plain(case: ServerTestCase) -> None:
            case.assertStatus(case.client.get("/"), 404)

        for scope in ("class", "test"):
            body: Any = {"setUp": hook, "server_scope": scope, "test_timeout": 60}
            own = body | {"asyncSetUpClass": classmethod(hook_of_class), "test": test}
            self.assertEqual(trouble(AsyncServerTestCase, **own), {})
            self.assertEqual(trouble(ServerTestCase, **body, setUpClass=classmethod(set_up_class), test=test_plain), {})


class CopyTests(unittest.TestCase):
    """Copies of classes, as parameterized makes them of the body of one."""

    def test_copy(self) -> None:
        """What the framework itself has put into a class is no mistake of its copy, and a mistake is one there too."""
        for base in (AsyncServerTestCase, ServerTestCase, AsyncClassTestCase):
            with self.subTest(base=base):

                class Case(base):  # type: ignore[misc, valid-type]
                    def test(self) -> None:
                        """Pass."""

                copy = type("Copy", Case.__bases__, {**vars(Case), "day": "Monday"})
                self.assertEqual(outcomes(run_classes(copy)), {})
                broken = type("Broken", Case.__bases__, {**vars(Case), "_prepare_test": 5, "setUp": note_async})
                self.assertEqual([*outcomes(run_classes(broken))], ["setUpClass"])


class MisspelledTests(unittest.TestCase):
    """Names that are nearly those of hooks."""

    def test_misspelled(self) -> None:
        """A method whose name lacks a capital letter is warned of, with the name that is meant."""
        for base, name, meant in (
            (AsyncServerTestCase, "asyncSetup", "asyncSetUp"),
            (AsyncClassTestCase, "asyncTeardownClass", "asyncTearDownClass"),
            (ServerTestCase, "setup", "setUp"),
        ):
            text = f"^Case.{name} is no hook, and nobody calls it: the hook's name is {meant}$"
            with self.assertWarnsRegex(RuntimeWarning, text) as caught:
                self.assertEqual(trouble(base, **{name: note_async}), {})
            self.assertEqual(caught.filename, __file__)

    def test_values(self) -> None:
        """What cannot be called is no hook."""
        self.assertEqual(trouble(AsyncClassTestCase, setup="of the stage"), {})
