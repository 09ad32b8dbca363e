"""What is said of a WebSocket handshake that the server has rejected."""

from http import HTTPStatus
from textwrap import indent

from websockets.exceptions import InvalidStatus

from fastapi_testing.server.recording.exchange import Exchange

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
    exc.add_note(f"{websocket}: the handshake was rejected with {_status(exc)}{_describe_exception(exchange)}")


def _status(exc: InvalidStatus) -> str:
    code = exc.response.status_code
    phrase = exc.response.reason_phrase or (HTTPStatus(code).phrase if code in [*HTTPStatus] else "")
    return f"{code} {phrase}".rstrip()


def _describe_exception(exchange: Exchange | None) -> str:
    if exchange is None or exchange.error is None:
        return ""
    return f"\nthe app raised, for {exchange.name}:\n{indent(exchange.app_traceback, '  ')}"
