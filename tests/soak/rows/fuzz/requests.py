"""Requests of every kind."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from random import Random
from typing import Any

from fastapi_testing import Server
from tests.client.http.test_client import visible
from tests.client.parity_app import app
from tests.soak.budget import Budget
from tests.soak.fuzz import Fuzz
from tests.soak.outcome import Outcome
from tests.soak.row import Row
from tests.soak.rows.fuzz.clients import http_clients, quiet

__all__ = ["ROW"]

Case = dict[str, Any]

_METHODS = ("GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "get")
_PATHS = (
    "/echo",
    "/echo",
    "/echo",
    "echo?a=1&b=%20",
    "/echo#there",
    "/item",
    "/items",
    "/upload",
    "/deaf",
    "/nothing",
    "/headers",
    "/gzip",
    "/cookies",
    "/basic",
    "/broken",
    "/close",
    "/status/204",
    "/status/304",
    "/status/418",
    "/status/599",
    "/stream?pieces=3",
    "/big?size=100000",
    "/redirect/302?to=/echo",
    "/redirect/307?to=/echo",
    "/redirect/303?to=/redirect/308?to=/cookies",
    "/stat us/é/%2F",
)
_CLOSING = ("/broken", "/close")
"""
Paths that are answered with the end of the connection, and whatever the body is.

httpx sends the head and the body apart. The body comes to a closed socket then, TCP tells the client so, and of the
answer that has come before it sees nothing; this framework's client does.
"""

_WORDS = ("", "a", "B", "ü", "a b", "%", "&=", "\t", "日本", '"', "x" * 300)
_NAMES = ("X-A", "x-a", "Accept", "Cookie", "X-Long", "Expect", "a b", "")
_VALUES = ("1", "", "text/html", "a=1; b=2", "100-continue", "x" * 5000, " x", "x ", "a\r\nb: c", "é", "\x00")


def draw(random: Random) -> Case:
    """Make the arguments of a request, each kind in its turn or not at all."""
    case: Case = {"method": random.choice(_METHODS), "url": random.choice(_PATHS)}
    if random.random() < 0.3:
        case["params"] = {random.choice(_WORDS): random.choice(_WORDS) for _ in range(random.randint(0, 3))}
    if random.random() < 0.5:
        case["headers"] = [(random.choice(_NAMES[:5]), random.choice(_VALUES[:6])) for _ in range(random.randint(1, 3))]
    if random.random() < 0.1:
        case["headers"] = [(random.choice(_NAMES), random.choice(_VALUES))]
    if random.random() < 0.2:
        case["auth"] = (random.choice(_WORDS[:3]), random.choice(_WORDS[:3]))
    if random.random() < 0.4:
        case["follow_redirects"] = True
    if random.random() < 0.6 and case["url"] not in _CLOSING:
        case |= random.choice([_content, _pieces, _json, _form, _files])(random)
    return case


def _content(random: Random) -> Case:
    return {"content": random.randbytes(random.choice((0, 1, 100, 70_000)))}


def _pieces(random: Random) -> Case:
    pieces = [random.randbytes(random.choice((0, 1, 10, 70_000))) for _ in range(random.randint(0, 4))]
    length = sum(map(len, pieces)) + random.choice((0, 0, 0, 1, -1))
    headers = [("Content-Length", str(length))] if random.random() < 0.3 else [("X-A", "1")]
    return {"pieces": pieces, "headers": headers}


def _json(random: Random) -> Case:
    return {
        "json": random.choice([None, 0, [], {"name": "Wídget"}, {"price": "x"}, [random.random()], {"a": "é" * 999}])
    }


def _form(random: Random) -> Case:
    return {"data": {random.choice(_WORDS): random.choice(_WORDS) for _ in range(random.randint(1, 3))}}


def _files(random: Random) -> Case:
    content = random.randbytes(random.choice((0, 1, 1000, 200_000)))
    headers = [("Content-Type", "multipart/form-data; boundary=b")]
    return {
        "files": {"file": (random.choice(_WORDS[1:]), content, "text/plain")},
        "data": {"a": "1"},
        "headers": headers,
    }


async def ask(client: Any, case: Case) -> Any:
    """Return what can be seen of the response."""
    options = dict(case)
    if (pieces := options.pop("pieces", None)) is not None:
        options["content"] = _stream(pieces)
    client.cookies.clear()
    return visible(await client.request(**options))


async def _stream(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _run(budget: Budget) -> Outcome:
    async with Server(app) as server, http_clients(server.url) as clients:
        fuzz = Fuzz(budget, draw, {name: partial(ask, client) for name, client in clients.items()})
        await fuzz.run()
    return fuzz.outcome("requests")


def run(budget: Budget) -> Outcome:
    """Send requests, legal and illegal."""
    with quiet():
        return asyncio.run(_run(budget))


ROW = Row(name="fuzz-requests", title="Requests, legal and illegal: the response, or the error, is the same", run=run)
