"""The reference: it has every public name, and its tables say what the code says."""

import ast
import importlib
import inspect
import re
import textwrap
import unittest
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

import fastapi_testing
from fastapi_testing import AsyncServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from tests.running import run_classes

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"

TEXT = "\n".join(path.read_text("utf-8") for path in sorted(REFERENCE.glob("*.rst")))

_DIRECTIVE = re.compile(r"^\.\. auto(\w+):: ([\w.]+)", re.MULTILINE)
_ROW = re.compile(r"^ {4}\* - ``([a-z]\w*)``\n {6}- (.*(?:\n {8}.*)*)\n {6}- (.*)\n", re.MULTILINE)


def find(path: str) -> Any:
    """Return what a dotted path leads to."""
    module, _, name = path.rpartition(".")
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        return getattr(find(module), name)


def documented() -> list[Any]:
    """Return what has an entry of its own in the reference."""
    return [find(path) for _, path in _DIRECTIVE.findall(TEXT)]


def documented_members() -> set[str]:
    """Return the names of the methods and attributes that the reference documents."""
    members = {path.rpartition(".")[2] for kind, path in _DIRECTIVE.findall(TEXT) if kind == "method"}
    for options in re.findall(r":members: (.+)", TEXT):
        members.update(options.split(", "))
    return members


def cases() -> list[type[unittest.TestCase]]:
    """Return what users make their test cases of."""
    exported = [getattr(fastapi_testing, name) for name in fastapi_testing.__all__]
    classes = [cls for cls in exported if inspect.isclass(cls) and issubclass(cls, unittest.TestCase)]
    return [*classes, SQLAlchemyMixin]


def own_bases(cls: type) -> list[type]:
    """Return the class and those of its bases that are of this package."""
    return [base for base in cls.__mro__ if base.__module__.startswith("fastapi_testing")]


def class_attributes(cls: type) -> dict[str, ast.AnnAssign]:
    """Return the public attributes that users set in the body of a class: those with an annotation and a value."""
    found = {}
    for base in reversed(own_bases(cls)):
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        assert isinstance(body, ast.ClassDef)
        for node in body.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                found[node.target.id] = node
    return {name: node for name, node in found.items() if not name.startswith("_") and name not in ("server", "client")}


def public_methods(cls: type) -> set[str]:
    """Return the methods of a case that are not unittest's."""
    return {
        name
        for base in own_bases(cls)
        for name, value in vars(base).items()
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, classmethod))
        if not hasattr(unittest.TestCase, name)
    }


def table(page: str) -> dict[str, tuple[str, str]]:
    """Return the type and the default of each class attribute in the table of a page."""
    text = (REFERENCE / page).read_text("utf-8")
    return {name: (type_, default) for name, type_, default in _ROW.findall(text)}


class NameTests(unittest.TestCase):
    """Everything is there."""

    def test_exported_names(self) -> None:
        """What can be imported from the top has an entry in the reference; so has what is in ``databases``."""
        entries = documented()
        exported = {name: getattr(fastapi_testing, name) for name in fastapi_testing.__all__}
        forgotten = [name for name, value in exported.items() if not any(value is entry for entry in entries)]
        self.assertEqual(forgotten, [], "docs/reference has no `.. auto...::` of them")
        self.assertIn(SQLAlchemyMixin, entries)

    def test_index(self) -> None:
        """The first page names each of them under what it is for."""
        index = (REFERENCE / "index.rst").read_text("utf-8")
        named = set(re.findall(r"`~fastapi_testing\.(\w+)`", index))
        self.assertEqual(
            sorted(set(fastapi_testing.__all__) - named), [], "docs/reference/index.rst names none of them"
        )

    def test_methods_of_cases(self) -> None:
        """Every method that a test case has besides unittest's is documented."""
        for cls in cases():
            with self.subTest(cls=cls.__name__):
                self.assertEqual(sorted(public_methods(cls) - documented_members()), [], "docs/reference lacks them")

    def test_assertions_are_listed(self) -> None:
        """The table of assertions names every one."""
        page = (REFERENCE / "assertions.rst").read_text("utf-8")
        listed = set(re.findall(r":meth:`~[\w.]+\.(assert\w+)`", page.partition("The examples on this page")[0]))
        every = {name for cls in cases() for name in public_methods(cls) if name.startswith("assert")}
        self.assertEqual(sorted(every - listed), [], "the table in docs/reference/assertions.rst lacks them")

    def test_environment_variables(self) -> None:
        """The variables that the package reads are on the first page."""
        package = Path(fastapi_testing.__file__).parent
        source = "\n".join(path.read_text("utf-8") for path in sorted(package.rglob("*.py")))
        index = (REFERENCE / "index.rst").read_text("utf-8")
        for name in sorted(set(re.findall(r'"((?:FASTAPI_TESTING|TEST)_[A-Z]+_[A-Z]+)"', source))):
            with self.subTest(name=name):
                self.assertIn(f"``{name}``", index)


class ClassAttributeTests(unittest.TestCase):
    """The tables of class attributes, and the classes."""

    def test_names(self) -> None:
        """Each attribute has a row, and no row is about an attribute that is not there."""
        for page, cls in [("case.rst", AsyncServerTestCase), ("databases.rst", SQLAlchemyMixin)]:
            with self.subTest(page=page):
                attributes = class_attributes(cls).keys()
                rows = table(page).keys() | (table("case.rst").keys() if cls is SQLAlchemyMixin else set())
                self.assertEqual(sorted(attributes - rows), [], f"the table in docs/reference/{page} lacks them")
                self.assertEqual(sorted(table(page).keys() - attributes), [], f"docs/reference/{page} has too much")

    def test_every_case(self) -> None:
        """No exported case has an attribute that is in neither table."""
        rows = table("case.rst").keys() | table("databases.rst").keys()
        for cls in cases():
            with self.subTest(cls=cls.__name__):
                self.assertEqual(sorted(class_attributes(cls).keys() - rows), [], "docs/reference/case.rst lacks them")

    def test_defaults(self) -> None:
        """The default in the table is the one of the class."""
        rows = table("case.rst") | table("databases.rst")
        for name, node in (class_attributes(AsyncServerTestCase) | class_attributes(SQLAlchemyMixin)).items():
            assert node.value is not None
            with self.subTest(name=name):
                self.assertEqual(rows[name][1].replace('"', "'"), f"``{ast.unparse(node.value)}``")

    def test_units(self) -> None:
        """What is a number has its unit in the table."""
        rows = table("case.rst") | table("databases.rst")
        for name, node in (class_attributes(AsyncServerTestCase) | class_attributes(SQLAlchemyMixin)).items():
            if "float" in ast.unparse(node.annotation):
                with self.subTest(name=name):
                    self.assertIn("``float``, seconds", rows[name][0])


class LifeTests(unittest.TestCase):
    """The diagram of a class's life."""

    def test_order(self) -> None:
        """What the diagram names is called in the order in which it stands there."""
        called: list[str] = []
        run = run_classes(recording_case(called))
        self.assertEqual((run.testsRun, run.errors, run.failures), (1, [], []))
        diagram = (REFERENCE / "life.rst").read_text("utf-8").partition(".. code-block:: none")[2].partition("\n---")[0]
        drawn = re.findall("|".join(rf"\b{name}\b" for name in sorted(set(called), key=len, reverse=True)), diagram)
        self.assertEqual(list(dict.fromkeys(drawn)), list(dict.fromkeys(called)))


def recording_case(called: list[str]) -> type[unittest.TestCase]:
    """Return a class with one test, which writes down in the diagram's words what is called."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        called.append("startup")
        yield
        called.append("shutdown")

    class Case(AsyncServerTestCase):
        @classmethod
        def setUpClass(cls) -> None:
            called.append("setUpClass")
            cls.addClassCleanup(called.append, "the event loop is closed")
            super().setUpClass()

        @classmethod
        async def create_app(cls) -> FastAPI:
            called.append("create_app")
            return FastAPI(lifespan=lifespan)

        @classmethod
        async def asyncSetUpClass(cls) -> None:
            called.append("asyncSetUpClass")
            cls.addClassCleanup(called.append, "added above super")
            await super().asyncSetUpClass()
            cls.addClassCleanup(called.append, "added below super")

        def setUp(self) -> None:
            called.append("setUp")

        async def asyncSetUp(self) -> None:
            called.append("asyncSetUp")
            self.addCleanup(called.append, "cleanups")

        async def test_method(self) -> None:
            called.append("test method")

        async def asyncTearDown(self) -> None:
            called.append("asyncTearDown")

        def tearDown(self) -> None:
            called.append("tearDown")

        @classmethod
        async def asyncTearDownClass(cls) -> None:
            called.append("asyncTearDownClass")

        @classmethod
        def tearDownClass(cls) -> None:
            called.append("tearDownClass")
            super().tearDownClass()

    return Case
