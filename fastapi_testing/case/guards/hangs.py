"""What to say of a test that does not come to its end."""

import asyncio
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from fastapi_testing.case.guards.own_server import waits_for
from fastapi_testing.case.loops.kept_context import followed
from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.recording.recorder import Address, Recorder
from fastapi_testing.server.recording.stacks import (
    describe_task,
    format_frames,
    frames_of,
    frames_of_executor,
    frames_of_workers,
    places,
    runs_users,
    stack_of,
    stack_of_thread,
)

__all__ = [
    "advise_of_own_server",
    "choose_hook_timeout",
    "choose_test_timeout",
    "describe_block",
    "describe_hang",
    "describe_standstill",
    "describe_wait",
]

_VARIABLE = "FASTAPI_TESTING_TEST_TIMEOUT"

_ADVICE = (
    "Server and tests share the event loop: while one of them blocks it, the other stands still. "
    "Use self.client instead of a blocking client, await instead of time.sleep(), asyncio.to_thread() for the rest."
)

_ADVICE_BESIDE = (
    "The server answers nothing meanwhile. In what is asynchronous, await instead of time.sleep(), "
    "asyncio.to_thread() for the rest; or make the handler a plain `def`, which runs in a thread."
)

_OWN_SERVER = (
    "The call goes to the test's own server, which cannot answer while the call holds its event loop. "
    "Make the test `async def` and use `await self.client.get(...)`, or `await asyncio.to_thread(...)` with the call, "
    "or make the class a ServerTestCase, whose server has a thread of its own."
)

_OWN_SERVER_IN_HANDLER = (
    "The call goes to the server whose own event loop it holds, so that nothing answers it. "
    "Await a client that is asynchronous, or make the handler a plain `def`, which runs in a thread."
)


def choose_test_timeout(case: type) -> float | None:
    """
    Return the seconds that a test may take: as its class says, else as the environment does; None for no limit.

    A test that happens to be called ``test_timeout`` is no limit, and does not hide the one of a base class.

    Raises:
        ValueError: If they are not a positive number.
    """
    said = (vars(owner).get("test_timeout") for owner in case.__mro__)
    seconds = next((value for value in said if value is not None and not callable(value)), None)
    if seconds is not None:
        return _positive("test_timeout", seconds)
    given = os.environ.get(_VARIABLE)
    return _positive(_VARIABLE, given) if given else None


def choose_hook_timeout(case: Any) -> float | None:
    """
    Return the seconds that each hook of a class may take: as it says, else what its tests may; None for no limit.

    Raises:
        ValueError: If they are not a positive number.
    """
    seconds = case.hook_timeout
    return choose_test_timeout(case) if seconds is None else _positive("hook_timeout", seconds)


def describe_hang(who: str, seconds: float, task: "asyncio.Task[Any]", recorders: Iterable[Recorder]) -> str:
    """Return where a test, or who else it is, waits that has not ended in time, and what the app does meanwhile."""
    stack = stack_of(task)
    if (further := followed(task)) is not task:
        stack = format_frames([*frames_of(task.get_coro()), *frames_of(further.get_coro())])
    others = "" if runs_users(places(frames_of(task.get_coro()))) else _describe_others(task)
    return f"not ended within {seconds:g} s; {who} waits at:{_lines(stack)}{others}{_describe_app(recorders)}"


def describe_block(seconds: float, thread: int, recorders: Iterable[Recorder]) -> str:
    """Return which line blocks a thread, and with it the event loop."""
    where = _lines(stack_of_thread(thread))
    return f"not ended within {seconds:g} s; the event loop is blocked at:{where}{_describe_app(recorders)}\n{_ADVICE}"


def describe_standstill(
    test: str,
    seconds: float,
    thread: int,
    stack: list[str],
    servers: Mapping[Address, Recorder],
    *,
    is_shared: bool,
) -> str:
    """
    Return which line holds an event loop up, and what to write instead.

    Args:
        test: Which test it is.
        seconds: For how long it has done so.
        thread: The thread of the event loop.
        stack: Where it stands, as a traceback has it.
        servers: Those on the loop.
        is_shared: Whether the tests run on that loop as well.
    """
    loop = "the event loop" if is_shared else "the server's event loop"
    advice = _ADVICE if is_shared else _ADVICE_BESIDE
    if waits_for(thread, servers):
        is_servers = not is_shared or _has_running(servers.values())
        advice = _OWN_SERVER_IN_HANDLER if is_servers else _OWN_SERVER
    asked = _describe_app(servers.values())
    return f"{test}: {loop} has been blocked for {seconds:g} s, at:{_lines(stack)}{asked}\n{advice}"


def describe_wait(who: str, seconds: float, thread: int, loop: str, recorders: Sequence[Recorder]) -> str:
    """
    Return where a test waits on whose own thread no event loop runs, and what the app is doing meanwhile.

    Args:
        who: The test, or what else waits.
        seconds: How long it might have taken.
        thread: Its thread.
        loop: Where the thread of the event loop stands, on lines of their own; empty where there is none.
        recorders: Of the servers.
    """
    where = f"\nthe server's event loop is blocked at:{loop}" if loop and _has_running(recorders) else ""
    stack = _lines(stack_of_thread(thread, "case"))
    return f"not ended within {seconds:g} s; {who} is at:{stack}{_describe_app(recorders)}{where}"


def advise_of_own_server(thread: int, addresses: Collection[Address]) -> str:
    """Return what to write instead, on a line of its own, where a thread waits for the server that it keeps waiting."""
    return f"\n{_OWN_SERVER}" if waits_for(thread, addresses) else ""


def _has_running(recorders: Iterable[Recorder]) -> bool:
    return any(exchange.is_running for recorder in recorders for exchange in recorder.in_flight)


def _describe_app(recorders: Iterable[Recorder]) -> str:
    in_flight = [exchange for recorder in recorders for exchange in recorder.in_flight]
    requests = [_describe("in flight", exchange) for exchange in in_flight if exchange.kind == "http"]
    websockets = [_describe("open", exchange) for exchange in in_flight if exchange.kind == "websocket"]
    threads = [
        f"\na thread of a handler that is no coroutine, at:{_lines(format_frames(frames))}"
        for frames in frames_of_workers()
    ]
    return "".join([*requests, *websockets, *threads])


def _describe_others(task: "asyncio.Task[Any]") -> str:
    """Return what else is on the loop of a task in which no line of the user's is: it may be what that waits for."""
    others = asyncio.all_tasks(task.get_loop()) - {task}
    tasks = [f"\n  {describe_task(each)}" for each in others if runs_users(places(frames_of(each.get_coro())))]
    threads = [f"\na thread of the event loop, at:{_lines(format_frames(each))}" for each in frames_of_executor()]
    return "".join([*sorted(tasks), *threads])


def _describe(state: str, exchange: Exchange) -> str:
    stack = exchange.stack
    return f"\n{state}: {exchange.name}{f', at:{_lines(stack)}' if stack else ', running'}"


def _lines(stack: list[str]) -> str:
    return "".join(f"\n{line}" for line in stack)


def _positive(name: str, value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not seconds > 0:
        raise ValueError(f"{name} must be a positive number of seconds, got {value!r}")
    return seconds
