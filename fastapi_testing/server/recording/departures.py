"""How a call of the app ends whose client has gone, or whose test is over: by an exception that is no error."""

import asyncio

from anyio import BrokenResourceError
from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect
from uvicorn.protocols.utils import ClientDisconnected

__all__ = ["is_an_end", "left_by_client"]

_GONE = (
    BrokenResourceError,  # of FastAPI's EventSourceResponse, when its client goes while it sends
    ClientDisconnect,
    ClientDisconnected,
    WebSocketDisconnect,
)
"""What ends an ASGI call because the other side has gone."""

_NO_ERRORS = (asyncio.CancelledError, *_GONE)
"""What ends one because of that, or because the test is over."""


def is_an_end(exception: BaseException) -> bool:
    """Tell whether it is how a call ends whose client has gone, or that was cancelled."""
    return _is_only(exception, _NO_ERRORS)


def left_by_client(exception: BaseException) -> bool:
    """Tell whether it is how a call ends whose client has gone, and nobody's mistake."""
    return _is_only(exception, _GONE)


def _is_only(exception: BaseException, kinds: tuple[type[BaseException], ...]) -> bool:
    """Tell whether it is of these kinds; a task group may raise them as parts of a group."""
    if isinstance(exception, BaseExceptionGroup):
        return all(_is_only(part, kinds) for part in exception.exceptions)
    return isinstance(exception, kinds)
