"""WebSockets that are lost."""

import itertools

from fastapi import FastAPI, WebSocket
from websockets.exceptions import ConnectionClosed

from fastapi_testing import AsyncServerTestCase, WebSocketSession
from tests.soak.budget import Budget
from tests.soak.cases import run_test
from tests.soak.faults import Faults
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]

_BOUND = 5.0

served = FastAPI()


@served.websocket("/{fault}")
async def lose(websocket: WebSocket, fault: str) -> None:
    """Accept, and raise, close, or wait for what comes."""
    await websocket.accept()
    await websocket.send_text("hello")
    if fault == "raises":
        raise LookupError("lost")
    if fault == "closes":
        await websocket.close(1013)
    else:
        await websocket.receive_text()


class _Tests(AsyncServerTestCase):
    app = served
    faults: Faults

    async def test_lost(self) -> None:
        for _, fault in zip(
            self.faults.turns(), itertools.cycle(("raises", "closes", "aborted", "left")), strict=False
        ):
            with self.faults.one(fault):
                await getattr(self, f"_{fault}")()

    async def _raises(self) -> None:
        with self.assertServerRaises(LookupError, "lost"):
            await self._read_on(await self._open("raises"), 1006, 1011)

    async def _closes(self) -> None:
        await self._read_on(await self._open("closes"), 1013)

    async def _aborted(self) -> None:
        session = await self._open("waits")
        session.transport.abort()
        await self._read_on(session, 1006)

    async def _left(self) -> None:
        session = await self._open("waits")
        await session.disconnect()

    async def _open(self, fault: str) -> WebSocketSession:
        session = await self.ws.connect(f"/{fault}")
        await session.expect("hello")
        return session

    async def _read_on(self, session: WebSocketSession, *codes: int) -> None:
        """Read until the end, which comes with one of these codes."""
        with self.assertRaises(ConnectionClosed):
            await session.receive_text()
        self.assertIn(session.close_code, codes)


def run(budget: Budget) -> Outcome:
    """Lose WebSockets."""
    _Tests.faults = faults = Faults(budget, _BOUND)
    faults.mistakes += run_test(_Tests("test_lost"))
    return faults.outcome("WebSockets")


ROW = Row(name="lost-websockets", title="WebSockets that the app, the server or the client gives up", run=run)
