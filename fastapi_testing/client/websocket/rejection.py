"""What is said of a WebSocket handshake that the server has rejected."""

from websockets.exceptions import InvalidStatus
from websockets.frames import CloseCode

from fastapi_testing.client.wrappers.settling import describe_exception
from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.statuses import name_status

__all__ = ["note_rejection"]


def note_rejection(exc: InvalidStatus, websocket: str, exchange: Exchange | None) -> None:
    """
    Add to the exception of a rejected handshake what was asked, and what the app did with it.

    Args:
        exc: The exception; it gets the exchange as its attribute of that name.
        websocket: How the WebSocket is called.
        exchange: What the server recorded; None where it is not one of this process.
    """
    exc.exchange = exchange  # type: ignore[attr-defined]
    why = _describe_why(exc, exchange)
    exc.add_note(f"{websocket}: the handshake was rejected{why}{_describe_exception(exchange)}")


def _describe_why(exc: InvalidStatus, exchange: Exchange | None) -> str:
    """Return why: by what the app's routes are, where they are the reason, since a status says little of that."""
    obstacle = "" if exchange is None else exchange.obstacle
    if obstacle:
        return f": {obstacle}"
    status = name_status(exc.response.status_code, exc.response.reason_phrase)
    return f" with {status}{_describe_close(exchange)}"


def _describe_close(exchange: Exchange | None) -> str:
    """Return the code that the app has given, which only tests get to know; not the one that it need not give."""
    if exchange is None or exchange.close_code in (None, CloseCode.NORMAL_CLOSURE):
        return ""
    reason = f" and {exchange.close_reason!r}" if exchange.close_reason else ""
    return f", as the app closed with {exchange.close_code}{reason}"


def _describe_exception(exchange: Exchange | None) -> str:
    if exchange is None or exchange.error is None:
        return ""
    return f"\n{describe_exception(exchange)}"
