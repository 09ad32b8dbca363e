"""What is said of a WebSocket handshake that the server has rejected, or has not answered to the end."""

from collections.abc import Callable
from functools import cached_property, partial

from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.frames import CloseCode
from websockets.http11 import Response

from fastapi_testing.client.wrappers.settling import describe_exception
from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.statuses import name_status

__all__ = ["note_broken_off", "note_rejection"]


def note_rejection(exc: InvalidStatus, websocket: str, exchange: Exchange | None) -> None:
    """
    Add to the exception of a rejected handshake what was asked, and what the app did with it.

    The text is made when somebody asks for it, as to look for the nearest routes takes its time, and most rejections
    are expected.

    Args:
        exc: The exception; it gets the exchange as its attribute of that name.
        websocket: How the WebSocket is called.
        exchange: What the server recorded; None where it is not one of this process.
    """
    exc.exchange = exchange  # type: ignore[attr-defined]
    exc.__class__ = _NotedStatus
    vars(exc)["_describe"] = partial(_describe, exc.response, websocket, exchange)


class _NotedStatus(InvalidStatus):
    """An :class:`InvalidStatus`, by that name, whose first note is made when its notes are asked for."""

    _describe: Callable[[], str]

    @cached_property
    def __notes__(self) -> list[str]:  # type: ignore[override]  # Python asks for the attribute, wherever it is
        return [self._describe()]


_NotedStatus.__name__ = _NotedStatus.__qualname__ = InvalidStatus.__name__
_NotedStatus.__module__ = InvalidStatus.__module__


def _describe(response: Response, websocket: str, exchange: Exchange | None) -> str:
    why = _describe_why(response, exchange)
    return f"{websocket}: the handshake was rejected{why}{_describe_exception(exchange)}"


def note_broken_off(exc: InvalidMessage, websocket: str, exchange: Exchange | None) -> None:
    """Do the same for a handshake whose answer has broken off, where the app was asked at all."""
    exc.exchange = exchange  # type: ignore[attr-defined]
    if exchange is not None:
        exc.__cause__, exc.__suppress_context__ = None, True  # where a parser has missed the rest explains nothing
        exc.add_note(f"{websocket}: the answer to the handshake broke off{_describe_exception(exchange)}")


def _describe_why(response: Response, exchange: Exchange | None) -> str:
    """Return why: by what the app's routes are, where they are the reason, since a status says little of that."""
    obstacle = "" if exchange is None else exchange.obstacle
    if obstacle:
        return f": {obstacle}"
    status = name_status(response.status_code, response.reason_phrase)
    return f" with {status}{_describe_close(exchange)}"


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
