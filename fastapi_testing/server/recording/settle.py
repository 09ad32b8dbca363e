"""
Waiting until the app has done what it was asked to do.

Theory of operation
-------------------

A request is over in three steps, in this order: its answer is sent; its call ends (background tasks have run, and
dependencies with ``yield`` are closed); the tasks end that the app started meanwhile and left. Who waits says for
which:

* ``wait_ended()``, one request: for the second step. A client does so once it has the answer.
* ``settle()``, all of a server's: for the second step of every HTTP request, or with ``tasks`` for the third. It looks
  again after each round, as what has ended may have asked for more.

A WebSocket is open as long as both sides like, and a lifespan as long as the server: neither is waited for, nor are
the tasks of a WebSocket that is still open. What a lifespan has started is never waited for.

What is never so: a wait is without a limit, but while somebody stands in a debugger; who asks waits for the task that
asks, be it a handler's; a task is cancelled here (guards do that, at the end of a test).
"""

import asyncio
from typing import Any

from fastapi_testing.server.recording.exchange import Exchange, exchange_of
from fastapi_testing.server.recording.recorder import Recorder
from fastapi_testing.server.recording.stacks import describe_task, is_debugging

__all__ = ["app_tasks", "describe", "settle", "wait_ended"]


async def wait_ended(exchange: Exchange, timeout: float) -> None:
    """
    Wait until the ASGI call of a request, or of a WebSocket that is closed, has ended.

    Args:
        exchange: The request, or the WebSocket.
        timeout: Seconds that it may take.

    Raises:
        TimeoutError: If it takes longer; it names the handler, and the line at which it waits.
    """
    try:
        async with asyncio.timeout(timeout):
            await exchange.wait_ended()
    except TimeoutError:
        if is_debugging():
            await wait_ended(exchange, timeout)
            return
        is_websocket = exchange.kind == "websocket"
        if is_websocket and not exchange.is_told:
            # It does not receive, and so cannot know that its client has gone: the end of the test cancels it.
            exchange.is_given_up = True
            return
        option = "settle=False with connect()" if is_websocket else 'extensions={"settle": False} with the request'
        raise TimeoutError(
            f"{exchange}: {'closed' if is_websocket else 'answered'}, but the app did not end the call within "
            f"{timeout:g} s: {exchange.whereabouts}; where it waits for something that the test does later, say "
            f"settle = False on the class, or {option}"
        ) from None


async def settle(recorder: Recorder, timeout: float, *, tasks: bool = False) -> None:
    """
    Wait until no HTTP request is in flight, and no WebSocket whose connection has ended.

    Args:
        recorder: The recorder of the server.
        timeout: Seconds that it may take.
        tasks: Whether to wait for the tasks as well that the app started while it answered, and left running.

    Raises:
        TimeoutError: If it takes longer; it names what has not ended.
    """
    try:
        async with asyncio.timeout(timeout):
            while waited_for := _unsettled(recorder, tasks=tasks):
                await asyncio.wait(waited_for)
            if tasks:
                await asyncio.sleep(0)  # what a task that has just ended has raised is noted a turn later
    except TimeoutError:
        if is_debugging():
            await settle(recorder, timeout, tasks=tasks)
            return
        unsettled = _unsettled(recorder, tasks=tasks)
        lines = sorted(f"\n  {describe(recorder, task)}" for task in unsettled)
        raise TimeoutError(f"not settled within {timeout:g} s:{''.join(lines)}") from None


def app_tasks(recorder: Recorder) -> set["asyncio.Task[Any]"]:
    """Return the tasks that the app started while it answered what the recorder holds; those that answer are none."""
    answering, exchanges = recorder.tasks(), set(recorder.exchanges)
    return {task for task in asyncio.all_tasks() - answering if _is_left_by(exchange_of(task), exchanges)}


def describe(recorder: Recorder, task: "asyncio.Task[Any]") -> str:
    """Return what a task does and where it stands."""
    return recorder.describe(task) if task in recorder.tasks() else describe_task(task)


def _unsettled(recorder: Recorder, *, tasks: bool) -> set["asyncio.Task[Any]"]:
    found = recorder.settling() | (app_tasks(recorder) if tasks else set())
    return found - {asyncio.current_task()}  # a handler may ask, too


def _is_left_by(exchange: Exchange | None, exchanges: set[Exchange]) -> bool:
    """Tell whether something left a task; what an open WebSocket has started is a part of it."""
    if exchange is None or exchange not in exchanges:
        return False
    return exchange.kind == "http" or exchange.ended_at is not None
