"""Answers of an ASGI app, legal and illegal."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from fastapi_testing import Server
from tests.soak.budget import Budget
from tests.soak.fuzz import Fuzz
from tests.soak.outcome import Outcome
from tests.soak.row import Row
from tests.soak.rows.fuzz.clients import http_clients, quiet

__all__ = ["ROW"]

_METHODS = ("GET", "GET", "GET", "POST", "HEAD", "OPTIONS")
_STATUSES = (200, 200, 200, 201, 204, 205, 301, 304, 404, 418, 500, 599)
_HEADERS = (
    (b"x-a", b"1"),
    (b"X-A", b"2"),
    (b"x-empty", b""),
    (b"x-latin", b"caf\xe9"),
    (b"x-long", b"x" * 9000),
    (b"set-cookie", b"a=1; Path=/"),
    (b"set-cookie", b"broken"),
    (b"content-type", b"text/plain; charset=utf-16"),
    (b"content-encoding", b"gzip"),
    (b"connection", b"close"),
    (b"connection", b"keep-alive"),
    (b"date", b"then"),
    (b"server", b"mine"),
)
_ILLEGAL = (
    (b"x y", b"1"),
    (b"", b"1"),
    (b"x-a", b"1\r\nx-b: 2"),
    (b"x-a", b"\x00"),
    (b"content-length", b"x"),
    (b"content-length", b"-1"),
    (b"transfer-encoding", b"gzip"),
    (b"x-a:", b"1"),
)
_SIZES = (0, 1, 10, 1000, 70_000)


@dataclass
class Plan:
    """
    What the app does.

    Args:
        method: What it is asked with.
        messages: What it sends.
        error: Whether it raises afterwards.
    """

    method: str
    messages: list[dict[str, Any]]
    error: bool


class Player:
    """An app that plays the plan which it is given."""

    def __init__(self) -> None:
        self.plan = Plan("GET", [], error=False)

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        for message in self.plan.messages:
            await send(dict(message))
            await asyncio.sleep(0)
        if self.plan.error:
            raise LookupError("played")


def draw(random: Random) -> Plan:
    """Make an answer; a third of them are spoilt."""
    sizes = [random.choice(_SIZES) for _ in range(random.randint(1, 4))]
    bodies = [random.randbytes(size) for size in sizes]
    start = {"type": "http.response.start", "status": random.choice(_STATUSES), "headers": _headers(random, sum(sizes))}
    pieces = [{"type": "http.response.body", "body": body, "more_body": True} for body in bodies]
    plan = Plan(random.choice(_METHODS), [start, *pieces[:-1], {**pieces[-1], "more_body": False}], error=False)
    if random.random() < 0.35:
        random.choice(_SPOILERS)(random, plan)
    return plan


def _headers(random: Random, size: int) -> list[tuple[bytes, bytes]]:
    headers = [random.choice(_HEADERS) for _ in range(random.randint(0, 4))]
    framing = random.random()
    if framing < 0.5:
        headers.append((b"content-length", b"%d" % size))
    elif framing < 0.6:
        headers.append((b"transfer-encoding", b"chunked"))
    random.shuffle(headers)
    return headers


def _drop(random: Random, plan: Plan) -> None:
    del plan.messages[random.randrange(len(plan.messages))]


def _repeat(random: Random, plan: Plan) -> None:
    plan.messages.insert(random.randrange(len(plan.messages)), dict(random.choice(plan.messages)))


def _cut(random: Random, plan: Plan) -> None:
    del plan.messages[random.randrange(len(plan.messages)) :]
    plan.error = random.random() < 0.5


def _raise(random: Random, plan: Plan) -> None:
    plan.error = True


def _other_length(random: Random, plan: Plan) -> None:
    plan.messages[0]["headers"].append((b"content-length", b"%d" % random.choice((0, 3, 100, 10**6))))


def _illegal_header(random: Random, plan: Plan) -> None:
    plan.messages[0]["headers"].append(random.choice(_ILLEGAL))


def _unknown(random: Random, plan: Plan) -> None:
    strange = [
        {"type": "http.response.nothing"},
        {"type": "http.response.body", "body": "text"},
        {"type": "http.response.start", "status": "200"},
        {"type": "websocket.close"},
        {},
    ]
    plan.messages.insert(random.randrange(len(plan.messages)), random.choice(strange))


_SPOILERS: tuple[Callable[[Random, Plan], None], ...] = (
    _drop,
    _repeat,
    _cut,
    _raise,
    _other_length,
    _illegal_header,
    _unknown,
)


async def ask(player: Player, client: Any, plan: Plan) -> Any:
    """Return what can be seen of the response."""
    player.plan = plan
    client.cookies.clear()
    response = await client.request(plan.method, "/")
    headers = [(name, value) for name, value in response.headers.raw if name != b"date"]
    cookies = sorted((cookie.name, cookie.value) for cookie in response.cookies.jar)
    return response.status_code, response.reason_phrase, headers, response.content, cookies


async def _run(budget: Budget) -> Outcome:
    player = Player()
    async with Server(player) as server, http_clients(server.url) as clients:
        fuzz = Fuzz(budget, draw, {name: partial(ask, player, client) for name, client in clients.items()})
        await fuzz.run()
    return fuzz.outcome("answers")


def run(budget: Budget) -> Outcome:
    """Answer requests, as ASGI allows it and as it does not."""
    with quiet():
        return asyncio.run(_run(budget))


ROW = Row(name="fuzz-answers", title="Answers, legal and illegal: the response, or the error, is the same", run=run)
