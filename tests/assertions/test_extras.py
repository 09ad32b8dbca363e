"""Tests of fastapi_testing.assertions.extras: each library of an extra, missing."""

import sys
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from unittest.mock import patch

import httpx

from fastapi_testing.assertions import JsonAssertions, OpenAPIAssertions
from fastapi_testing.assertions.extras import import_extra

LIBRARIES = [import_module(name) for name in ("jsonpath", "jsonschema", "referencing.jsonschema")]
"""They are loaded before the tests, which only unload them."""


@contextmanager
def blocked(library: str) -> Iterator[None]:
    """Make a library one that is not installed."""

    class Blocker:
        """Finds every module to be missing: all but the library's are loaded, and not looked for."""

        def find_spec(self, name: str, *_: object) -> None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    with patch.dict(sys.modules), patch.object(sys, "meta_path", [Blocker(), *sys.meta_path]):
        for name in [name for name in sys.modules if name.partition(".")[0] == library]:
            del sys.modules[name]
        yield


class ExtraTests(JsonAssertions, OpenAPIAssertions):
    """What is said of an extra that is not installed."""

    def test_missing(self) -> None:
        """A library that is missing is named, with the assertion that needs it and the command that installs it."""
        response = httpx.Response(200, request=httpx.Request("GET", "http://test/"))
        schema = {"openapi": "3.1.0", "paths": {}}
        table: list[tuple[str, str, str, Callable[[], None]]] = [
            ("jsonpath", "json", "assertJsonPath", lambda: self.assertJsonPath({}, "$", {})),
            ("jsonschema", "json", "assertJsonSchema", lambda: self.assertJsonSchema({}, {})),
            ("referencing", "openapi", "assertMatchesOpenAPI", lambda: self.assertMatchesOpenAPI(response, schema)),
        ]
        for library, extra, name, assertion in table:
            with self.subTest(library=library), blocked(library):
                with self.assertRaises(ModuleNotFoundError) as caught:
                    assertion()
                message = f"{name} needs the module {library}: pip install 'fastapi-unittest[{extra}]'"
                self.assertEqual(str(caught.exception), message)
                self.assertEqual(caught.exception.name, library)


class BrokenExtraTests(unittest.TestCase):
    """A library whose own imports fail."""

    def test_broken(self) -> None:
        """What is missing further down is not taken for the library."""
        with self.assertRaises(ModuleNotFoundError) as caught:
            import_extra("json.nothing", "json", "assertJson")
        self.assertEqual(str(caught.exception), "No module named 'json.nothing'")
