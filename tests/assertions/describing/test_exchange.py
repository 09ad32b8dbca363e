"""What lies behind a response, as text."""

import logging
import unittest
from types import SimpleNamespace
from typing import Any

import httpx

from fastapi_testing.assertions.describing.exchange import describe_behind, exchange_behind


class Exchange:
    """What the server records of a request, as far as the text goes."""

    def __init__(self, app_traceback: str = "", endpoint: str = "", *records: logging.LogRecord) -> None:
        self.app_traceback = app_traceback
        self.endpoint = endpoint
        self.log_records = records

    def __str__(self) -> str:
        return "GET /items/9"


def record(message: str, *args: Any) -> logging.LogRecord:
    """Return a warning of the logger `shop`."""
    return logging.LogRecord("shop", logging.WARNING, "shop.py", 1, message, args, None)


def answer(exchange: Any, **request: Any) -> httpx.Response:
    """Return a response with an exchange."""
    return httpx.Response(
        500, extensions={"exchange": exchange}, request=httpx.Request("POST", "http://test/items/9", **request)
    )


class DescribeTests(unittest.TestCase):
    """describe_behind."""

    maxDiff = None

    def test_everything(self) -> None:
        """The traceback, the logs and what the request said are shown."""
        traceback = "Traceback (most recent call last):\n  File ...\nKeyError: 9"
        exchange = Exchange(traceback, "shop.read", record("no %s", 9))
        self.assertEqual(
            describe_behind(answer(exchange, json={"a": 1}, headers={"X-Tenant": "blue"})),
            "\nthe app raised, for GET /items/9, in shop.read:\n"
            "  Traceback (most recent call last):\n    File ...\n  KeyError: 9\n"
            "the app logged:\n  WARNING shop: no 9\n"
            'the request:\n  x-tenant: blue\n  content-type: application/json\n  {"a":1}',
        )

    def test_nothing(self) -> None:
        """Where there is nothing to say, nothing is said: for a plain request, and without an exchange."""
        plain = {"Accept": "*/*", "User-Agent": "me", "Host": "test"}
        for response in (answer(Exchange(), headers=plain), answer(None), httpx.Response(200), object()):
            self.assertEqual(describe_behind(response), "")

    def test_accept(self) -> None:
        """What a client asks for is told, where it asked for something."""
        text = describe_behind(answer(Exchange(), headers={"Accept": "text/html"}))
        self.assertEqual(text, "\nthe request:\n  accept: text/html")

    def test_without_endpoint(self) -> None:
        """An app without routes has no endpoint."""
        text = describe_behind(answer(Exchange("KeyError")))
        self.assertEqual(text, "\nthe app raised, for GET /items/9:\n  KeyError")

    def test_many_records(self) -> None:
        """The last twenty records are shown."""
        lines = describe_behind(answer(Exchange("", "", *(record(str(number)) for number in range(21))))).splitlines()
        self.assertEqual(lines[1:3], ["the app logged (the last 20 of 21):", "  WARNING shop: 1"])

    def test_record_that_cannot_be_written(self) -> None:
        """A record whose arguments do not fit is shown as it is."""
        text = describe_behind(answer(Exchange("", "", record("%d", "x"))))
        self.assertEqual(text, "\nthe app logged:\n  WARNING shop: %d ('x',)")

    def test_logged_exception(self) -> None:
        """A record shows the exception that it was made for, unless that is what the app raised."""
        error = KeyError(9)
        logged = record("failed")
        logged.exc_info = (KeyError, error, None)
        self.assertEqual(
            describe_behind(answer(Exchange("", "", logged))),
            "\nthe app logged:\n  WARNING shop: failed\n    KeyError: 9",
        )
        self.assertEqual(
            describe_behind(answer(Exchange("KeyError: 9", "", logged))),
            "\nthe app raised, for GET /items/9:\n  KeyError: 9\nthe app logged:\n  WARNING shop: failed",
        )
        logged.exc_info = (None, None, None)
        self.assertEqual(describe_behind(answer(Exchange("", "", logged))), "\nthe app logged:\n  WARNING shop: failed")

    def test_bodies(self) -> None:
        """A binary body is counted; one that was streamed, or is of another kind, is not shown."""
        self.assertEqual(describe_behind(answer(Exchange(), content=b"\xff")), "\nthe request:\n  <1 bytes>")
        self.assertEqual(describe_behind(answer(Exchange(), content=iter([b"x"]))), "")
        other = SimpleNamespace(exchange=Exchange(), request=SimpleNamespace(content="text", headers=None))
        self.assertEqual(describe_behind(other), "")

    def test_websocket(self) -> None:
        """A session has its exchange as an attribute; other things of that name are none."""
        exchange = Exchange()
        self.assertIs(exchange_behind(SimpleNamespace(exchange=exchange)), exchange)
        self.assertIsNone(exchange_behind(SimpleNamespace(exchange="rates", extensions=None)))
