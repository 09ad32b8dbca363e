"""WebSockets: what an app and a client do with them."""

import asyncio
import contextlib
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from fastapi_testing import Client, Server
from tests.soak.budget import Budget
from tests.soak.fuzz import LIMIT, Fuzz
from tests.soak.outcome import Outcome
from tests.soak.row import Row
from tests.soak.rows.fuzz.clients import quiet

__all__ = ["ROW"]

_SIZES = (0, 1, 125, 126, 65_535, 65_536, 300_000)
_CODES = (1000, 1001, 1003, 1008, 1011, 3000, 4999)
_ILLEGAL_CODES = (0, 999, 1005, 1006, 1015, 2999, 70_000)
_REASONS = ("", "done", "é" * 61, "x" * 200)
_SUBPROTOCOLS = ("chat", "v2")


@dataclass
class Plan:
    """
    What both sides do.

    Args:
        offered: The subprotocols that the client offers.
        client: What the client sends, before it reads.
        app: The messages that the app sends; None for each that it receives instead.
        ends: Whether the app ends it; else the client does, having read all.
        code: The close code of the client.
        reason: Its reason.
    """

    offered: list[str]
    client: list[str | bytes]
    app: list[dict[str, Any] | None]
    ends: bool
    code: int
    reason: str


class Play:
    """
    A plan while it is played.

    Attributes:
        received: What the app has received, and what it has raised.
        done: Set when the app's call has ended.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.received: list[Any] = []
        self.done = asyncio.Event()

    async def run(self, receive: Any, send: Any) -> None:
        """Play the app's part."""
        try:
            await self._run(receive, send)
        except Exception as exc:
            self.received.append(type(exc).__name__)
            raise
        finally:
            self.done.set()

    async def _run(self, receive: Any, send: Any) -> None:
        await receive()
        for message in self.plan.app:
            if message is not None:
                await send(dict(message))
            elif await self._has_left(receive):
                return
        while not self.plan.ends and not await self._has_left(receive):
            pass

    async def _has_left(self, receive: Any) -> bool:
        """Receive a message, and tell whether it is the last one."""
        self.received.append(await receive())
        return bool(self.received[-1]["type"] == "websocket.disconnect")


class Player:
    """An app that plays the plan which it is given."""

    def __init__(self) -> None:
        self.play = Play(Plan([], [], [], ends=True, code=1000, reason=""))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            raise NotImplementedError
        await self.play.run(receive, send)


def draw(random: Random) -> Plan:
    """Make a plan; some of the apps do what ASGI does not allow."""
    sent = [_data(random) for _ in range(random.randint(0, 4))]
    app: list[dict[str, Any] | None] = [_message(_data(random)) for _ in range(random.randint(0, 4))]
    app += [None] * random.randint(0, len(sent))
    random.shuffle(app)
    ends = random.random() < 0.6
    if ends and random.random() < 0.7:
        app.append({"type": "websocket.close", "code": random.choice(_CODES), "reason": random.choice(_REASONS[:3])})
    app.insert(0, {"type": "websocket.accept", "subprotocol": random.choice((None, *_SUBPROTOCOLS))})
    if random.random() < 0.2:
        # What it has not read when it raises, TCP answers with a reset, and what is on its way back may be lost.
        ends, sent = True, []
        app = random.choice([_spoilt, _refused])(random, [message for message in app if message])
    offered = list(_SUBPROTOCOLS[: random.randint(0, 2)])
    return Plan(offered, sent, app, ends, random.choice(_CODES), random.choice(_REASONS[:3]))


def _data(random: Random) -> str | bytes:
    size = random.choice(_SIZES)
    return random.randbytes(size) if random.random() < 0.5 else "é" * (size // 2)


def _message(data: str | bytes) -> dict[str, Any]:
    return {"type": "websocket.send", "text" if isinstance(data, str) else "bytes": data}


def _spoilt(random: Random, app: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    strange: list[dict[str, Any]] = [
        {"type": "websocket.accept"},
        {"type": "websocket.close", "code": random.choice(_ILLEGAL_CODES)},
        {"type": "websocket.close", "reason": _REASONS[3]},
        {"type": "websocket.nothing"},
        {"type": "http.response.body"},
        {"type": "websocket.send", "text": b"x"},
    ]
    at = random.randint(0, len(app))
    return [*app[:at], random.choice(strange), *app[at:]]


def _refused(random: Random, app: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    start: dict[str, Any] = {
        "type": "websocket.http.response.start",
        "status": random.choice((400, 401, 403, 503)),
        "headers": [],
    }
    body = {"type": "websocket.http.response.body", "body": b"no", "more_body": False}
    return random.choice([[{"type": "websocket.close"}], [start, body], [start], []])


async def talk(player: Player, connect: Any, plan: Plan) -> Any:
    """Return what both sides have seen of a WebSocket."""
    player.play = play = Play(plan)
    seen: list[Any] = []
    try:
        connection = await connect(plan)
    except websockets.InvalidHandshake as exc:
        response = getattr(exc, "response", None)
        seen.append(("rejected", response and (response.status_code, response.body)))
    else:
        await _use(connection, plan, seen)
    await play.done.wait()
    return seen, play.received


async def _use(connection: ClientConnection, plan: Plan, seen: list[Any]) -> None:
    seen.append(connection.subprotocol)
    with contextlib.suppress(websockets.ConnectionClosed):
        for data in plan.client:
            await connection.send(data)
    with contextlib.suppress(websockets.ConnectionClosed):
        while plan.ends or len(seen) <= sum(bool(message and "send" in message["type"]) for message in plan.app):
            seen.append(await connection.recv())
    await connection.close(plan.code, plan.reason)
    seen.append((connection.close_code, connection.close_reason))


async def _connect_ours(client: Client, plan: Plan) -> ClientConnection:
    return await client.ws.connect("/", subprotocols=plan.offered or None)


async def _connect_stock(url: str, plan: Plan) -> ClientConnection:
    subprotocols: Any = plan.offered or None
    return await websockets.connect(f"{url}/", subprotocols=subprotocols, proxy=None, compression=None)


async def _run(budget: Budget) -> Outcome:
    player = Player()
    async with Server(player) as server, Client(server.url, timeout=LIMIT) as client:
        connects = {
            "fastapi_testing": partial(_connect_ours, client),
            "websockets": partial(_connect_stock, server.ws_url),
        }
        fuzz = Fuzz(budget, draw, {name: partial(talk, player, connect) for name, connect in connects.items()})
        await fuzz.run()
    return fuzz.outcome("WebSockets")


def run(budget: Budget) -> Outcome:
    """Open WebSockets, and do with them what is planned."""
    with quiet():
        return asyncio.run(_run(budget))


ROW = Row(
    name="fuzz-websockets", title="WebSockets: messages, close codes and refusals are the same at both ends", run=run
)
