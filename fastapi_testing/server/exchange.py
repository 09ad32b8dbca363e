"""The recorder around the app: what is being asked of it."""

import asyncio
from typing import Any

from fastapi_testing.server.application import ASGIApp, Receive, Scope, Send, describe_app
from fastapi_testing.server.stacks import waiting_at

__all__ = ["Recorder"]


class Recorder:
    """
    An ASGI application around the served one that knows which requests are in flight.

    It stands outside everything that uvicorn wraps around an app: ProxyHeadersMiddleware changes
    ``scope["client"]``, and the socket's own address is wanted here.

    Args:
        app: The application that answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._in_flight: dict[asyncio.Task[Any], Scope] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has a task
        self._in_flight[task] = scope
        try:
            await self._app(scope, receive, send)
        finally:
            del self._in_flight[task]

    def describe(self, task: asyncio.Task[Any]) -> str:
        """Return what a task is answering and where it stands: ``GET /slow, in shop.slow, waits at File ...``."""
        scope = self._in_flight.get(task)
        if scope is None:
            return repr(task)
        asked = f"{scope.get('method', 'WebSocket')} {scope['path']}"
        endpoint = scope.get("endpoint")
        handler = "" if endpoint is None else f", in {describe_app(endpoint)}"
        return f"{asked}{handler}, waits at {waiting_at(task)}"
