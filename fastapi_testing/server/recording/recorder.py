"""The recorder around the app: it keeps an exchange for everything that the app is called for."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod, WeakSet

from fastapi_testing.server.application import ASGIApp, Receive, Scope, Send
from fastapi_testing.server.recording.exchange import Exchange, current_exchange
from fastapi_testing.server.recording.kept import Shelf
from fastapi_testing.server.recording.tap import DEBUG, Tap
from fastapi_testing.server.recording.tasks import TaskFailure, was_not_retrieved

if TYPE_CHECKING:
    import threading

__all__ = ["Address", "Recorder", "find_exchange", "raising", "recorders", "watcher"]

_KEPT = 500
"""Exchanges that are kept, the last ones; so much memory a test may take that makes thousands of requests."""

_WHOLE = 2
"""Exchanges that are kept with what they hold besides text, of those that have raised or logged something."""

_UNTAKEN = 100
"""The same of those that a client is going to raise, as it raises what the app has raised."""

Address = tuple[str, int]

recorders: dict[Address, "Recorder"] = {}
"""The recorders of the servers that run in this process, by the host and the port they listen on."""

watcher: ContextVar["WeakMethod[Callable[[Recorder], None]] | None"] = ContextVar("watcher", default=None)
"""
What is told of each server that the running code starts: the guard of the test that it is a part of.

Who keeps the context of a test, as the connections of Python 3.15 do, does not keep the guard by that.
"""


raising: WeakSet[object] = WeakSet()
"""What stands for the clients that raise what the app has raised."""


def find_exchange(server: Address, client: Address) -> Exchange | None:
    """
    Return the exchange that a client's connection has just been used for; each is found once.

    A connection carries one request at a time, so its address is all that is needed to tell requests apart.

    Args:
        server: Where the connection leads to.
        client: Where it comes from.

    Returns:
        The exchange; None if the server is not one of this process, or answered without asking the app.
    """
    recorder = recorders.get(server)
    return None if recorder is None else recorder.take(client)


class Recorder:
    """
    An ASGI application around the served one that records what it is called for.

    It stands outside everything that uvicorn wraps around an app: ProxyHeadersMiddleware changes
    ``scope["client"]``, and the socket's own address is wanted here.

    What is kept is bounded, in number and in bytes: the last two of what has raised or logged something are as they
    are, and those before keep text, about 1 MB of it all in all (see ``kept.py``).

    The app is called on one thread, and a test may look on from another: what is iterated over is a copy.

    Args:
        app: The application that answers.
        root_path: What the server puts before the path of each request, as a proxy shows the app under it.

    Attributes:
        exchanges: HTTP requests and WebSockets, oldest first, since :meth:`start_over`; the last 500.
        failed: Those among them whose call ended with an exception, or that answered 500 for one, and the tasks they
            started that failed and were not looked after.
        lost: How many more had failed, and were not seen by anybody, before the last 500 did.
        looks: Called before something is let go of that an exception is looked for in: of those who expect one.
        lifespan: The exchange of the lifespan, if there is one.
        reports: Whether somebody reports the app's exceptions, so that uvicorn's log of them is kept off the terminal.
        loop: The event loop on which the server runs; None before its first start.
        starter: The thread that has started the server on a thread of its own; None where it has none.
    """

    def __init__(self, app: ASGIApp, root_path: str = "") -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=_KEPT)
        self._begin_to_keep()
        self.lifespan: Exchange | None = None
        self.reports = False
        self.loop: asyncio.AbstractEventLoop | None = None
        self.starter: threading.Thread | None = None
        self._app = app
        self._root_path = root_path
        self._tell = self._take_failure  # made once, not for each exchange
        self._by_client: dict[Address | None, Exchange] = {}
        self._in_flight: dict[asyncio.Task[Any], Exchange] = {}
        self._earlier: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has a task
        exchange = self._in_flight[task] = Exchange(scope, task, self._tell, self._app)
        if exchange.kind == "lifespan":
            self.lifespan = exchange
        else:
            if self._root_path:
                exchange.leave_out(self._root_path)
            if exchange.kind == "http":
                # As Starlette's TestClient offers it; it is no server's, and the app's message goes no further.
                scope.setdefault("extensions", {})[DEBUG] = {}
            task.set_name(exchange.asked)
            self.exchanges.append(exchange)
            self._by_client[exchange.client] = exchange
            if len(self._by_client) > _KEPT:  # clients of other makers never take theirs
                self._by_client.pop(next(iter(self._by_client), None), None)
        current_exchange.set(exchange)
        tap = Tap(exchange, receive, send)
        try:
            await self._app(scope, tap.receive, tap.send)
        except BaseException as exc:
            self._fail(exchange, exc)
            raise
        else:
            if exchange.handled is not None:
                self._add(exchange)
        finally:
            del self._in_flight[task]
            exchange.end()
            if exchange.debug is not None:
                self._keep_debug(exchange)
            if exchange.log_records or exchange.error is not None:
                self._keep(exchange)

    @property
    def in_flight(self) -> list[Exchange]:
        """The HTTP requests and WebSockets whose call has not ended."""
        return [exchange for exchange in self._in_flight.copy().values() if exchange.kind != "lifespan"]

    def tasks(self, *kinds: str) -> set["asyncio.Task[Any]"]:
        """Return the tasks in which the app is called, for a kind of exchange or for any."""
        return {task for task, exchange in self._in_flight.copy().items() if not kinds or exchange.kind in kinds}

    def settling(self) -> set["asyncio.Task[Any]"]:
        """Return the tasks of HTTP requests, and of the WebSockets whose connection has ended."""
        in_flight = self._in_flight.copy()
        return {task for task, exchange in in_flight.items() if exchange.kind == "http" or exchange.is_over}

    @property
    def current(self) -> dict["asyncio.Task[Any]", Exchange]:
        """Those among them that were asked since :meth:`start_over`, by the task in which the app is called."""
        return {
            task: exchange
            for task, exchange in self._in_flight.copy().items()
            if exchange.kind != "lifespan" and task not in self._earlier
        }

    def unfinished(self) -> set["asyncio.Task[Any]"]:
        """Return the tasks in which the app answers what was asked since :meth:`start_over`, or goes on with it."""
        return {*self.current, *(task for exchange in list(self.exchanges) for task in exchange.started)}

    def begin(self, address: Address) -> None:
        """Take note that the server has started."""
        self.loop = asyncio.get_running_loop()
        recorders[address] = self
        watched = watcher.get()
        watch = None if watched is None else watched()
        if watch is not None:
            watch(self)

    def take(self, client: Address) -> Exchange | None:
        """Return the exchange that a client's connection has just been used for; each is found once."""
        return self._by_client.pop(client, None)

    def start_over(self) -> None:
        """Forget what was, as a test begins; what is in flight stays in flight."""
        self._earlier = {*self._in_flight}
        self.exchanges.clear()
        self._begin_to_keep()
        self._by_client.clear()
        if self.lifespan is not None and self.lifespan.was_missed:  # it ended between two tests
            self.failed.append(self.lifespan)

    def _begin_to_keep(self) -> None:
        self.failed: deque[Exchange | TaskFailure] = deque()
        self.lost: int = 0
        self.looks: list[Callable[[], object]] = []
        self._debugged: deque[Exchange] = deque()
        self._whole: deque[Exchange | TaskFailure] = deque()
        self._condensed: Shelf[Exchange | TaskFailure] = Shelf(_KEPT, _size_of, self._forget)

    def let_go(self) -> None:
        """Let go of the app in what was kept of its calls, as the test is over that they were for: text stays."""
        failed = (failure for failure in list(self.failed) if isinstance(failure, Exchange))
        for exchange in {*list(self.exchanges), *failed}:
            exchange.let_go()

    def abandon(self, tasks: Iterable["asyncio.Task[Any]"]) -> None:
        """Take note of tasks that are going to be cancelled, and reported by who does so."""
        for task in tasks:
            if task in self._in_flight:
                self._in_flight[task].reported = True

    def describe(self, task: "asyncio.Task[Any]") -> str:
        """Return what a task is answering and where it stands: ``GET /slow, in shop.slow, waits at File ...``."""
        exchange = self._in_flight.get(task)
        return repr(task) if exchange is None else exchange.whereabouts

    def _take_failure(self, exchange: Exchange, task: "asyncio.Task[Any]", name: str) -> None:
        """Keep the exception of a task, where somebody will ask; else asyncio logs it, as it always does."""
        if self.reports and was_not_retrieved(task):
            failure = TaskFailure(exchange, task, name)
            self._add(failure)
            self._keep(failure)

    def _fail(self, exchange: Exchange, exception: BaseException) -> None:
        exchange.fail(exception)
        if isinstance(exception, KeyboardInterrupt) and exchange.kind != "lifespan":
            # It is the run's; uvicorn would answer with 500. From a callback, it leaves the event loop.
            exchange.expect()
            asyncio.get_running_loop().call_soon(_interrupt, exception)
        # A WebSocket whose other side has gone is no error, whoever looks: at the end of a class, nobody does.
        has_gone = exchange.kind == "websocket" and not exchange.is_error
        exchange.reported = exchange.reported or self.reports or has_gone
        if exchange.kind != "lifespan" or exchange.is_on:
            self._add(exchange)

    def _add(self, failure: Exchange | TaskFailure) -> None:
        """Keep a failure; one that nobody has seen is counted at least, where there are too many."""
        failed = self.failed
        if len(failed) == _KEPT:
            self._look()
            self.lost += failed.popleft().was_missed
        failed.append(failure)

    def _keep(self, ended: Exchange | TaskFailure) -> None:
        """Keep what has ended as it is, and of the one that it takes the place of the text."""
        whole, condensed = self._whole, self._condensed  # a test that begins on another thread takes new ones
        whole.append(ended)
        for each in list(whole)[:-_WHOLE]:
            if raising and not each.expected and len(whole) <= _UNTAKEN:
                continue
            if each.is_handed_over:
                self._look()
            if each.condense():
                condensed.keep(each)
            elif len(whole) <= _UNTAKEN:
                continue
            whole.remove(each)

    def _keep_debug(self, exchange: Exchange) -> None:
        """Let what a template was given wait for a client to take it, of so many as have asked at once."""
        self._debugged.append(exchange)
        if len(self._debugged) > _UNTAKEN:
            self._debugged.popleft().debug = None

    def _forget(self, ended: Exchange | TaskFailure) -> None:
        self._look()
        ended.forget()

    def _look(self) -> None:
        """Let those see what has failed who expect that, before there is less to be seen."""
        for look in list(self.looks):
            with suppress(Exception):  # of the user's own making, as a text is; the test meets it where it looks
                look()


def _size_of(ended: Exchange | TaskFailure) -> int:
    return ended.size


def _interrupt(interruption: KeyboardInterrupt) -> None:
    raise interruption
