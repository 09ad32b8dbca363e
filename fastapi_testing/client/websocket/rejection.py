"""What is said of a WebSocket handshake that the server has rejected, or has not answered to the end."""

from http import HTTPStatus

from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.frames import CloseCode

from fastapi_testing.client.wrappers.settling import describe_exception
from fastapi_testing.server.recording.exchange import Exchange

__all__ = ["note_broken_off", "note_rejection"]


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


def note_broken_off(exc: InvalidMessage, websocket: str, exchange: Exchange | None) -> None:
    """Do the same for a handshake whose answer has broken off, where the app was asked at all."""
    exc.exchange = exchange  # type: ignore[attr-defined]
    if exchange is not None:
        exc.__cause__, exc.__suppress_context__ = None, True  # where a parser has missed the rest explains nothing
        exc.add_note(f"{websocket}: the answer to the handshake broke off{_describe_exception(exchange)}")


def _describe_why(exc: InvalidStatus, exchange: Exchange | None) -> str:
    """Return why: by what the app's routes are, where they are the reason, since a status says little of that."""
    obstacle = "" if exchange is None else exchange.obstacle
    return f": {obstacle}" if obstacle else f" with {_status(exc)}{_describe_close(exchange)}"


def _status(exc: InvalidStatus) -> str:
    code = exc.response.status_code
    phrase = exc.response.reason_phrase or (HTTPStatus(code).phrase if code in [*HTTPStatus] else "")
    return f"{code} {phrase}".rstrip()


def _describe_close(exchange: Exchange | None) -> str:
    """Return the code that the app has given, which only tests get to know; not the one that it need not give."""
    if exchange is None or exchange.close_code in (None, CloseCode.NORMAL_CLOSURE):
        return ""
    reason = f" and {exchange.close_reason!r}" if exchange.close_reason else ""
    return f", as the app closed with {exchange.close_code}{reason}"


def _describe_exception(exchange: Exchange | None) -> str:
    if exchange is None or not exchange.app_traceback:
        return ""
    return f"\n{describe_exception(exchange)}"
