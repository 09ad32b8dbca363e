"""What may be served, and what is said of the rest."""

import functools
import sys
import types
import unittest
from typing import Any
from unittest import mock

from fastapi import FastAPI

from fastapi_testing import Server, ServerStartupError
from fastapi_testing.server.application import Receive, Scope, Send, describe_app, load_app
from tests.server import apps, endpoints

WANTED = "app must be an ASGI 3 application, called as app(scope, receive, send)"


def create_app() -> FastAPI:
    """Return a new app."""
    return FastAPI()  # pragma: no cover - must not be run


def asgi_2_app(scope: Scope) -> Any:
    """Return an ASGI 2 instance."""


class LoadAppTests(unittest.TestCase):
    """Apps and import strings."""

    def test_object(self) -> None:
        """An application is served as it is."""
        self.assertIs(Server(apps.app).app, apps.app)

    def test_import_string(self) -> None:
        """An import string is followed."""
        self.assertIs(Server("tests.server.apps:app").app, apps.app)

    def test_sync_callable(self) -> None:
        """A function that returns an awaitable is an ASGI 3 application too."""

        def app(scope: Scope, receive: Receive, send: Send) -> Any:
            return apps.bare_app(scope, receive, send)  # pragma: no cover - must not be run

        self.assertIs(load_app(app), app)

    def test_callable_without_a_signature(self) -> None:
        """A callable that shows no signature is given the benefit of the doubt."""
        self.assertIs(load_app(min), min)  # type: ignore[arg-type]

    def test_missing_module(self) -> None:
        """An import string that leads to no module is named."""
        with self.assertRaises(ServerStartupError) as caught:
            Server("tests.server.aps:app")
        self.assertEqual(
            str(caught.exception),
            "cannot import the app 'tests.server.aps:app': Could not import module \"tests.server.aps\".",
        )

    def test_missing_package(self) -> None:
        """An import string whose package is missing is named."""
        with self.assertRaises(ServerStartupError) as caught:
            Server("no_such_shop.main:app")
        self.assertEqual(
            str(caught.exception), "cannot import the app 'no_such_shop.main:app': No module named 'no_such_shop'"
        )

    def test_module_that_exits(self) -> None:
        """A module that exits would end the run, and hide what has failed before: it is the app's error."""
        module = types.ModuleType("tests.server.exits")
        with (
            mock.patch.dict(sys.modules, {module.__name__: module}),
            mock.patch.object(module, "__getattr__", lambda _: sys.exit(0), create=True),
            self.assertRaises(ServerStartupError) as caught,
        ):
            load_app("tests.server.exits:app")
        self.assertEqual(str(caught.exception), "cannot import the app 'tests.server.exits:app': it calls sys.exit(0)")

    def test_missing_requirement(self) -> None:
        """A module that the app's own module misses is for the app's developer to see, with the line that wants it."""
        with self.assertRaises(ModuleNotFoundError) as caught:
            Server("tests.server.broken_app:app")
        self.assertEqual(caught.exception.name, "no_such_requirement")

    def test_missing_attribute(self) -> None:
        """An import string that leads to no attribute is named."""
        with self.assertRaises(ServerStartupError) as caught:
            Server("tests.server.apps:ap")
        self.assertEqual(
            str(caught.exception),
            'cannot import the app \'tests.server.apps:ap\': Attribute "ap" not found in module "tests.server.apps".',
        )

    def test_class(self) -> None:
        """A class is not an instance of it."""
        with self.assertRaises(TypeError) as caught:
            Server(FastAPI)
        self.assertEqual(str(caught.exception), f"{WANTED}; got the class FastAPI: give an instance of it")

    def test_class_that_is_awaited(self) -> None:
        """A class whose objects are awaited is an app, as Starlette's endpoints are; it is named as it is."""
        self.assertIs(load_app(endpoints.Hello), endpoints.Hello)
        self.assertEqual(describe_app(endpoints.Hello), "tests.server.endpoints.Hello")

    def test_class_that_is_made_of_something_else(self) -> None:
        """It has to be made of the scope and the two channels, and is refused with its name where it is not."""
        other: Any = endpoints.Other
        seen = r"got tests\.server\.endpoints\.Other\(answer: str\)( -> None)?"
        with self.assertRaisesRegex(TypeError, f"{seen}: wrap it$"):
            load_app(other)
        with self.assertRaisesRegex(TypeError, rf"{seen}: return what it makes from create_app\(\)$"):
            load_app(other, factory=True)

    def test_not_callable(self) -> None:
        """What cannot be called is shown."""
        with self.assertRaises(TypeError) as caught:
            Server(None)  # type: ignore[arg-type]
        self.assertEqual(str(caught.exception), f"{WANTED}, or an import string such as 'shop.main:app'; got None")

    def test_factory(self) -> None:
        """A function that makes an app is told from an app."""
        with self.assertRaises(TypeError) as caught:
            Server(create_app)
        self.assertEqual(
            str(caught.exception),
            f"{WANTED}; got tests.server.test_application.create_app() -> fastapi.applications.FastAPI: "
            "call it first, return the app from create_app(), or say factory=True",
        )

    def test_asgi_2(self) -> None:
        """An ASGI 2 application is shown with its signature."""
        with self.assertRaises(TypeError) as caught:
            Server(asgi_2_app)  # type: ignore[arg-type]
        self.assertRegex(str(caught.exception), r"got tests\.server\.test_application\.asgi_2_app\(scope: .*: wrap it$")


class DescribeAppTests(unittest.TestCase):
    """The names by which messages speak of apps."""

    def test_names(self) -> None:
        """Import strings are names; apps with a title, functions and other objects get one."""
        self.assertEqual(describe_app("shop.main:app"), "shop.main:app")
        self.assertEqual(describe_app(FastAPI(title="shop")), "FastAPI 'shop'")
        self.assertEqual(describe_app(apps.bare_app), "tests.server.apps.bare_app")

    def test_partial(self) -> None:
        """A partial goes by the name of what it calls, also where it is a routine: from Python 3.14 on."""
        self.assertEqual(describe_app(functools.partial(apps.bare_app)), "tests.server.apps.bare_app")
        self.assertEqual(describe_app(functools.partial(functools.partial(FastAPI(title="shop")))), "FastAPI 'shop'")

    def test_descriptor(self) -> None:
        """A callable object that happens to be a descriptor goes by the name of its class."""

        class Wrapped:
            def __get__(self, *_: object) -> None:
                raise NotImplementedError  # pragma: no cover - nobody calls it

        self.assertEqual(describe_app(Wrapped()), "Wrapped")
