"""The choice of a library, and what says whose something is."""

import sys
import unittest
from typing import Any
from unittest import mock

import httpx
import httpx2
import httpx_sse
from starlette.applications import Starlette
from starlette.testclient import TestClient

from fastapi_testing.client.library import choose_library, events_of, library_of, stream_class
from fastapi_testing.client.transport.body import ResponseBody
from fastapi_testing.client.wrappers.bridge import _ReadBody

__all__: list[str] = []


class ChoiceTests(unittest.TestCase):
    """By its name, and not by what is installed."""

    def test_names(self) -> None:
        """There are two."""
        self.assertEqual([choose_library(name) for name in ("httpx", "httpx2")], [httpx, httpx2])

    def test_unknown(self) -> None:
        """Anything else is refused."""
        for name in ("httpx3", None, httpx2):
            with self.subTest(name), self.assertRaises(ValueError) as caught:
                choose_library(name)
            self.assertEqual(str(caught.exception), f"http_library must be 'httpx' or 'httpx2', got {name!r}")

    def test_missing(self) -> None:
        """Where it is not installed, the error says what to install."""
        with mock.patch.dict(sys.modules, {"httpx2": None}), self.assertRaises(ImportError) as caught:
            choose_library("httpx2")
        text = "http_library = 'httpx2' needs httpx2: pip install 'fastapi-unittest[httpx2]'"
        self.assertEqual((str(caught.exception), caught.exception.name), (text, "httpx2"))

    def test_broken(self) -> None:
        """Where it is there, and what it needs is not, Python's own error says so."""
        missing = ModuleNotFoundError("No module named 'httpcore2'", name="httpcore2")
        with (
            mock.patch("fastapi_testing.client.library.import_module", side_effect=missing),
            self.assertRaises(ModuleNotFoundError) as caught,
        ):
            choose_library("httpx2")
        self.assertIs(caught.exception, missing)


class KinshipTests(unittest.TestCase):
    """Whose something is."""

    def test_things(self) -> None:
        """A request and a client tell it by their class, those of other makers are taken for httpx's."""
        for library in (httpx, httpx2):
            with library.Client(verify=False) as client:
                things = [client, client.build_request("GET", "http://a"), library.AsyncClient(verify=False)]
                self.assertEqual([library_of(thing) for thing in things], [library] * 3)
        self.assertIs(library_of(object()), httpx)
        with mock.patch.dict(sys.modules):
            del sys.modules["httpx2"]
            self.assertIs(library_of(object()), httpx)

    def test_starlettes_client(self) -> None:
        """Starlette's client is of the library that Starlette has chosen."""
        client: Any = TestClient(Starlette())
        self.assertIs(library_of(client), next(each for each in (httpx2, httpx) if isinstance(client, each.Client)))

    def test_events(self) -> None:
        """Those of httpx are of httpx-sse."""
        self.assertEqual([events_of(httpx), events_of(httpx2)], [httpx_sse, httpx2])

    def test_streams(self) -> None:
        """A class of streams is made for a library once, and is of both."""
        self.assertIs(stream_class(httpx, ResponseBody), ResponseBody)
        self.assertIs(stream_class(httpx2, ResponseBody), stream_class(httpx2, ResponseBody))
        self.assertTrue(issubclass(stream_class(httpx2, ResponseBody), ResponseBody))
        self.assertTrue(issubclass(stream_class(httpx2, ResponseBody), httpx2.AsyncByteStream))
        self.assertTrue(issubclass(stream_class(httpx2, _ReadBody), httpx2.SyncByteStream))
