"""Streams of Server-Sent Events."""

import asyncio
import re
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from random import Random
from typing import TYPE_CHECKING, Any

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

from fastapi_testing import Client, Server
from tests.soak.budget import Budget
from tests.soak.fuzz import LIMIT, Fuzz
from tests.soak.outcome import Outcome
from tests.soak.row import Row
from tests.soak.rows.fuzz.clients import quiet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["ROW"]

_FIELDS = ("data", "data", "data", "event", "id", "retry", "", "nothing", "Data", " data")
_VALUES = ("", "x", " x", "  x", "é", "\u2028", "\x0b", "\x85", "a: b", "10", "1.5", "x\x00y", "{}", "y" * 5000)
"""Not "-1", which httpx-sse takes for a time to wait."""

_ENDS = ("\n", "\r\n", "\r")

_IS_PEER = tuple(map(int, version("httpx-sse").split(".")[:3])) >= (0, 4, 2)
"""Before, httpx-sse took U+0085, U+2028 and others for the end of a line."""


@dataclass
class Stream:
    """What is sent, in its pieces."""

    pieces: list[bytes]


class Player:
    """An app that sends the stream which it is given."""

    def __init__(self) -> None:
        self.stream = Stream([])

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise NotImplementedError
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in self.stream.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body"})


def draw(random: Random) -> Stream:
    """Make a stream, cut anywhere, in the middle of a character too."""
    lines = [_line(random) for _ in range(random.randint(0, 30))]
    data = "".join(line + random.choice(_ENDS) for line in [*lines, "", ""]).encode()
    cuts = sorted(random.randint(0, len(data)) for _ in range(random.choice((0, 1, 5, 50))))
    pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return Stream([piece for piece in pieces if piece])


def _line(random: Random) -> str:
    if random.random() < 0.3:
        return ""
    name, separator, value = random.choice(_FIELDS), random.choice((":", ": ", "")), random.choice(_VALUES)
    if name == "data" and not value:  # of an event with no more than that, httpx-sse says what it does of one without
        return f"data{separator}\ndata: x"
    return name + separator + value


async def read_ours(player: Player, client: Client, stream: Stream) -> Any:
    """Read a stream with this framework's client."""
    player.stream = stream
    async with client.sse("/") as events:
        return [_parts(event) async for event in events]


async def read_stock(player: Player, client: httpx.AsyncClient, stream: Stream) -> Any:
    """Read it with httpx-sse, which has events without data too, against the standard."""
    player.stream = stream
    async with aconnect_sse(client, "GET", "/") as source:
        return [_parts(event) async for event in source.aiter_sse() if event.data]


async def read_whole(stream: Stream) -> Any:
    """Read it as the HTML Standard says (§9.2.6), in one piece."""
    events: list[Any] = []
    fields: dict[str, Any] = {"event": "", "data": [], "retry": None}
    last_id = ""
    for line in re.split("\r\n|\n|\r", b"".join(stream.pieces).decode()):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if fields["data"]:
                events.append((fields["event"] or "message", "\n".join(fields["data"]), last_id, fields["retry"]))
            fields = {"event": "", "data": [], "retry": None}
        elif name == "data":
            fields["data"].append(value)
        elif name == "event":
            fields["event"] = value
        elif name == "id" and "\0" not in value:
            last_id = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            fields["retry"] = int(value)
    return events


def _parts(event: ServerSentEvent) -> Any:
    return event.event, event.data, event.id, event.retry


async def _run(budget: Budget) -> Outcome:
    player = Player()
    async with (
        Server(player) as server,
        Client(server.url, timeout=LIMIT) as ours,
        httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=LIMIT) as stock,
    ):
        readers: dict[str, Callable[[Stream], Awaitable[Any]]] = {
            "fastapi_testing": partial(read_ours, player, ours),
            **({"httpx-sse": partial(read_stock, player, stock)} if _IS_PEER else {}),
            "HTML Standard": read_whole,
        }
        fuzz = Fuzz(budget, draw, readers)
        await fuzz.run()
    return fuzz.outcome("streams")


def run(budget: Budget) -> Outcome:
    """Send streams of events, cut anywhere."""
    with quiet():
        return asyncio.run(_run(budget))


ROW = Row(name="fuzz-events", title="Server-Sent Events, however they are written and cut: the same events", run=run)
