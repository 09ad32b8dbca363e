"""What the exception of a rejected handshake says, and when that is made up."""

import traceback
from unittest import mock

from fastapi import FastAPI, WebSocket
from websockets.exceptions import InvalidStatus

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from fastapi_testing.server.routing.nearest import nearest_routes
from fastapi_testing.server.routing.obstacles import describe_unrouted

app = FastAPI()

NOTE = (
    "WebSocket /chatt: the handshake was rejected: no route of the app matches WebSocket /chatt; nearest: "
    "WebSocket /chat"
)
HEADLINE = "websockets.exceptions.InvalidStatus: server rejected WebSocket connection: HTTP 403"


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    """Never called."""
    await websocket.accept()  # pragma: no cover - that is the point


class NoteTests(AsyncServerTestCase):
    """The note with the reason."""

    app = app

    async def rejected(self) -> InvalidStatus:
        """Return the exception of a handshake that is rejected."""
        with self.assertRaises(InvalidStatus) as caught:
            await self.ws.connect("/chatt")
        return caught.exception

    async def test_made_when_asked_for(self) -> None:
        """The nearest routes are looked for when somebody asks for the notes; not where it is expected."""
        with mock.patch(f"{describe_unrouted.__module__}.nearest_routes", wraps=nearest_routes) as nearest:
            await self.assertWebSocketRejected("/chatt", 403)
            exception = await self.rejected()
            nearest.assert_not_called()
            self.assertEqual([exception.__notes__, exception.__notes__], [[NOTE], [NOTE]])
            nearest.assert_called_once()

    async def test_traceback(self) -> None:
        """A traceback names the exception as websockets does, with this note before those of others."""
        exception = await self.rejected()
        exception.add_note("another one")
        lines = traceback.format_exception_only(exception)
        self.assertEqual("".join(lines), f"{HEADLINE}\n{NOTE}\nanother one\n")


class SyncNoteTests(ServerTestCase):
    """The same in plain tests."""

    app = app

    def test_note(self) -> None:
        """It is there when it is asked for."""
        with self.assertRaises(InvalidStatus) as caught:
            self.ws.connect("/chatt")
        self.assertEqual(caught.exception.__notes__, [NOTE])
