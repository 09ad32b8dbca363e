"""
What happened inside: one record for each request, WebSocket and lifespan that the app was called for.

Theory of operation
-------------------

The recorder makes an exchange when the app is called, and ends it when the call returns or raises, in the same task.
Tasks that the app has started meanwhile (``started``) may go on after that.

========= ================= ===================================================================================
state     next              how it is told
========= ================= ===================================================================================
asked     answered, ended   ``status`` and ``ended_at`` are None.
answered  ended             ``status`` is set, once: by the first message with which the app answers (for a WebSocket
                            accept, close or denial), since the server refuses a second one.
ended     none              ``ended_at`` is set. If the app raised, ``fail()`` came just before.
========= ================= ===================================================================================

An exception is to be seen by somebody, or the test fails. It counts as *shown* where the client was told of it: the
status is 500, or it was being handled while the app answered, or there was no answer, for which the server sends a 500
itself. Else it is *unseen*, until a test expects it or a text shows it (``expect()``). A client adds what only it
knows, at any time: ``delivered``, it has got the response; or ``left``, it gave up, so that the response has shown
nothing.

What the app does is written on the server's thread, and what clients and guards note of it on theirs. Who waits for
the end on another thread first puts a waiter there and then looks at ``ended_at``; ``end()`` does the two the other
way round. So none is missed, and one whose own loop has closed keeps nobody else from being told.

An exception holds the frames that it came through, and they the request, its body and what was made of it. So what is
kept of an exchange that has ended gets less, a step at a time, as the recorder says: ``condense()`` leaves the
exception without its frames, and of the log what is text; ``forget()`` leaves a line of all that; and ``let_go()``, at
the end of the test, leaves all of the text and nothing else.

What is never so:

* An exchange is both expected and unseen.
* An ended one keeps the scope or the task of its call.
* How a call ends whose client has gone, or whose test is over (``is_an_end()``), is an error.
"""

import asyncio
import contextlib
import contextvars
import gc
import logging
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Literal

from fastapi_testing.server.application import ASGIApp, Message, Scope, describe_app
from fastapi_testing.server.clock import RealClock
from fastapi_testing.server.recording.ends import is_an_end
from fastapi_testing.server.recording.kept import (
    drop_frames,
    estimate,
    last_line_of,
    note_of,
    record_without,
    shorten_record,
    size_of_failure,
)
from fastapi_testing.server.recording.stacks import app_traceback, follow, name_of, stack_of, waiting_at

__all__ = ["Exchange", "current_exchange", "exchange_of", "is_servers", "server_of", "serving"]

_RECORDS = 100
"""Log records that an exchange keeps, the last ones."""

_INTERNAL_ERRORS = {500, 1011, 4500}
"""The status and the close codes of an app that has failed (RFC 9110 §15.6.1, RFC 6455 §7.4.1, and Litestar's own)."""

current_exchange: contextvars.ContextVar["Exchange | None"] = contextvars.ContextVar("current_exchange", default=None)
"""What the running code is a part of: set for an ASGI call, and inherited by the tasks and threads it starts."""

serving: contextvars.ContextVar[object] = contextvars.ContextVar("serving", default=None)
"""
The server whose the running code is, or its app's, by its recorder: set where connections are accepted, and inherited.
"""


class Exchange:
    """
    One call of the app: what was asked, what was answered, and what became of it.

    Attributes:
        kind: ``"http"``, ``"websocket"`` or ``"lifespan"``.
        method: The request method (RFC 9110 §9); ``GET`` for a WebSocket, empty for a lifespan.
        request_headers: The request's header fields as the server got them, names in lower case.
        client: The client's socket address, host and port; None where it has none.
        status: The status code of the response; None while there is none. A WebSocket that was accepted has 101.
        response_headers: The header fields that the app answered with; the server adds its own.
        bytes_received: Bytes of the request's body, or of a WebSocket's messages, that the app has read.
        bytes_sent: Bytes of the response's body, or of a WebSocket's messages, that the app has sent.
        started_at: When the app was called, in seconds of the monotonic clock.
        ended_at: When the call ended; None as long as it runs.
        exception: The exception that the app raised to the server; without its traceback once the app has raised others
            since, and None once the test is over: ``app_traceback`` has its text.
        handled: The exception for which the app answered 500, or closed the WebSocket so, where it can be told: the one
            that was being handled just then, or the last one logged as an error. Litestar, Quart and Django raise none.
        log_records: What was logged from INFO up while serving it, uvicorn's own records aside; the last 100, and of
            the text of each 10,000 characters.
        unseen: Whether there is an exception which no response has shown, and no test has expected.
        expected: Whether a test has expected the exception.
        reported: Whether somebody reports the exception, so that the server's log need not go to the terminal.
        delivered: Whether a client of this package has got the response.
        withheld: The names of the cookies that the client of a refusal has, and did not send, as they are ``Secure``
            and there is no TLS.
        debug: What the app has told of how it made the response, if it has: the template and its context. Who gets the
            response takes it.
        denied: Whether the app has rejected the handshake of a WebSocket with a response of its own.
        close_code: The code with which the app has closed a WebSocket, or refused it, where no client gets to know it
            (RFC 6455 §7.4); None where it has not.
        close_reason: The reason that it gave for that.
        is_over: Whether the connection of a WebSocket has ended, as far as it is known: the call is about to end, too.
        is_told: Whether the handler of a WebSocket has received that its client has gone; one that only sends does not.
        is_given_up: Whether its end has been waited for in vain, so that nobody has to wait once more.
        left: Whether a client of this package gave up waiting for the response: it cannot have shown the exception.
        is_on: Whether it is a lifespan that has started, and has not been told to end.
        is_handed_over: Whether the test has got the exception itself, which is left as it is then.
    """

    # Class attributes until they change: one is made for every request, and most of this stays as it is.
    status: int | None = None
    response_headers: Iterable[tuple[bytes, bytes]] = ()
    bytes_received = 0
    bytes_sent = 0
    ended_at: float | None = None
    exception: BaseException | None = None
    handled: BaseException | None = None
    log_records: Sequence[logging.LogRecord] = ()
    unseen: bool = False
    expected: bool = False
    reported = False
    delivered = False
    withheld: Sequence[str] = ()
    debug: dict[str, Any] | None = None
    denied = False
    close_code: int | None = None
    close_reason: str = ""
    is_over: bool = False
    is_told: bool = False
    is_given_up: bool = False
    left = False
    is_on = False
    is_handed_over = False
    _handled: BaseException | None = None
    _traceback: TracebackType | None = None
    _endpoint: object = None
    _routed_path: str = ""
    _root_path: str = ""
    _was_routed = False
    _invalid: str = ""
    _waiters: Sequence["asyncio.Future[None]"] = ()
    _held: tuple[logging.LogRecord, Sequence[logging.Handler]] | None = None
    _text: str | None = None
    _was_error: bool | None = None
    _started: "dict[asyncio.Task[Any], str] | None" = None

    def __init__(
        self,
        scope: Scope,
        task: "asyncio.Task[Any]",
        tell: Callable[["Exchange", "asyncio.Task[Any]", str], None],
        app: ASGIApp,
    ) -> None:
        get = scope.get
        self.kind: Literal["http", "websocket", "lifespan"] = scope["type"]
        self.request_headers: Sequence[tuple[bytes, bytes]] = get("headers", ())
        self.client: tuple[str, int] | None = get("client")
        self.started_at: float = RealClock.now()
        self.method: str = get("method") or ("" if self.kind == "lifespan" else "GET")
        self._path: bytes = get("raw_path") or get("path", "").encode()
        self._query: bytes = get("query_string", b"")
        self._scope: Scope | None = scope
        self._task: asyncio.Task[Any] | None = task
        self._tell = tell
        self._app: ASGIApp | None = app

    def __repr__(self) -> str:
        state = "in flight" if self.ended_at is None else f"status {self.status}"
        return f"<Exchange {self} {state}>"

    def __str__(self) -> str:
        if self.kind == "lifespan":
            return "its lifespan" if self.is_on and self.ended_at is not None else "lifespan"
        return f"{self.method if self.kind == 'http' else 'WebSocket'} {self.target}"

    @property
    def asked(self) -> str:
        """What is asked but for the query, in which there may be secrets: ``GET /items``."""
        path = self._path.decode("utf-8", "backslashreplace")
        return f"{self.method if self.kind == 'http' else 'WebSocket'} {path}"

    @property
    def target(self) -> str:
        """The request target (RFC 9112 §3.2.1), path and query; empty for a lifespan."""
        target = self._path + b"?" + self._query if self._query else self._path
        return target.decode("utf-8", "backslashreplace")

    @property
    def error(self) -> BaseException | None:
        """What went wrong: the exception that the app raised, or else the one that it handled."""
        return self.handled if self.exception is None else self.exception

    @property
    def is_error(self) -> bool:
        """Whether something went wrong, other than because the client had gone or the test was over."""
        if self._was_error is not None:
            return self._was_error
        return self.error is not None and not is_an_end(self.error)

    @property
    def was_missed(self) -> bool:
        """Whether there is an exception that no response has shown, be it because its client did not stay for it."""
        return self.unseen or (self.left and not self.delivered and self.is_error and not self.expected)

    @property
    def endpoint(self) -> str:
        """The name of the route's function, such as ``shop.main.read_item``; empty where there is none."""
        endpoint = self._endpoint if self._scope is None else self._scope.get("endpoint")
        return endpoint if isinstance(endpoint, str) else "" if endpoint is None else describe_app(endpoint)

    @property
    def obstacle(self) -> str:
        """
        Why the function of no route was called, where that can be told.

        No route of the app takes it, or it is the handshake of a WebSocket that is not as its route takes it. Empty
        where there is nothing to say.
        """
        if self._invalid or self.kind == "lifespan":
            return self._invalid
        if not (self._was_routed if self._scope is None else "router" in self._scope):
            return ""  # what has looked for a route did so in a scope of its own, or nothing has
        from fastapi_testing.server.routing.obstacles import describe_unrouted  # noqa: PLC0415 - for failures only

        scope = {"endpoint": self._endpoint, "path": self._routed_path} if self._scope is None else self._scope
        asked = (self.kind, self.method, str(scope.get("path", "")).removeprefix(self._root_path))
        return describe_unrouted(self._app, scope.get("endpoint"), asked, self.status)

    @property
    def duration(self) -> float:
        """Seconds that the call took, or has taken so far."""
        return (RealClock.now() if self.ended_at is None else self.ended_at) - self.started_at

    @property
    def app_traceback(self) -> str:
        """The traceback of what went wrong without the frames of frameworks; empty where nothing did."""
        error = self.error
        text = "" if error is None or self._text is not None else app_traceback(error, self._traceback)
        # Looked at after that: another thread may have taken the frames meanwhile.
        return text if self._text is None else self._text

    @property
    def size(self) -> int:
        """About how many bytes are kept of what it raised and logged."""
        logged = sum(estimate(record.msg, record.exc_text) for record in self.log_records)
        return logged + size_of_failure(self._text, self.exception, self.handled)

    @property
    def stack(self) -> list[str]:
        """Where the call stands, outermost first, in a traceback's words; empty once it has ended."""
        return [line for task in self._tasks for line in stack_of(task)]

    @property
    def is_running(self) -> bool:
        """Whether the call holds the event loop at this moment, instead of waiting."""
        return self._task is not None and getattr(self._task.get_coro(), "cr_running", False)

    @property
    def whereabouts(self) -> str:
        """What is asked, of which function, and where it waits: ``GET /slow, in shop.slow, waits at File ...``."""
        where = f", waits at {waiting_at(self._tasks[-1])}" if self._tasks else ""
        return f"{self.name}{where}"

    @property
    def name(self) -> str:
        """What is asked, and of which function: ``GET /slow, in shop.slow``."""
        return f"{self}{f', in {self.endpoint}' if self.endpoint else ''}"

    @property
    def started(self) -> list["asyncio.Task[Any]"]:
        """The tasks that the app started while it answered, and that have not ended."""
        return list(self._started or ())

    async def wait_ended(self) -> None:
        """Wait until the app's call has ended: its background tasks and ``yield`` dependencies are done then."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters = [*self._waiters, waiter]
        if self.ended_at is None:  # looked at after that: it may end on another thread's loop
            await waiter

    def leave_out(self, root_path: str) -> None:
        """Leave a path out that the server has put before the one that was asked for."""
        self._root_path = root_path
        self._path = self._path.removeprefix(root_path.encode())

    def fail(self, exception: BaseException) -> None:
        """Take note of the exception that ends the call."""
        self.exception = exception
        # Starlette answers with 500 from inside of `except`, and raises then; what uvicorn gets, it answers itself.
        # Other middleware answers with 500 first and raises again later, outside of its `except`.
        shown = self.kind == "http" and (self.status in (None, 500) or self._handled is exception)
        if self.kind != "lifespan" and self.status is None:
            self.status = 500
        self.unseen = (self.kind != "lifespan" or self.is_on) and self.is_error and not shown

    def expect(self) -> None:
        """Take note that a test has expected the exception, has got it itself, or shows it."""
        self.expected = True
        self.unseen = False

    def end(self) -> None:
        """Let go of what belongs to the call, and wake those who wait for its end."""
        self.ended_at = RealClock.now()
        assert self._scope is not None  # noqa: S101 - a call ends once
        self._endpoint = self._scope.get("endpoint")
        self._routed_path = self._scope.get("path", "")
        self._was_routed = "router" in self._scope
        self._scope = self._task = self._handled = None
        for waiter in self._waiters:
            _wake(waiter)

    def take_answer(self, message: Message, status: int) -> None:
        """Take note of how the app begins its answer; the server refuses another one, and the client never sees it."""
        if self.status is not None:
            return
        self.status = status
        self.response_headers = message.get("headers", ())
        self._handled = sys.exc_info()[1]
        if status in _INTERNAL_ERRORS:
            self._take_handled()
        elif self.kind == "websocket" and self._handled is not None:
            self._take_invalid(self._handled)

    def take_close(self, message: Message) -> None:
        """Take note of how the app closes a WebSocket, or refuses it."""
        self.close_code, self.close_reason = message.get("code", 1000), message.get("reason") or ""
        self.is_over = True
        if self.status is None:
            self.take_answer(message, 403)
        if self.close_code in _INTERNAL_ERRORS:
            self._take_handled()

    def hold_log(self, record: logging.LogRecord, handlers: Sequence[logging.Handler]) -> None:
        """Keep the server's log of the exception back from handlers, until it is known whether anybody sees it."""
        self._held = record, handlers

    def release_log(self) -> None:
        """Let it go to them after all."""
        held, self._held = self._held, None
        if held is not None:
            for handler in held[1]:
                handler.handle(held[0])

    def condense(self) -> bool:
        """
        Let go of the frames of what it raised, and of what the log holds besides text; once its call has ended.

        What is thrown into the test stays as it is: it is the test's.
        """
        self._text = self.app_traceback
        if self.is_handed_over:
            self._drop_errors()
        self._traceback = None
        for error in (self.exception, self.handled):
            if error is not None:
                drop_frames(error)
        self._condense_logs()
        return True

    def forget(self) -> None:
        """Keep no more than a line of what it raised, and the number of what it logged."""
        self._drop_errors()
        self._text = last_line_of(self._text or "")
        if self.log_records:
            self.log_records = deque([note_of(self.log_records)], _RECORDS)

    def let_go(self) -> None:
        """Keep the text of what is known, and nothing of the app; once the test is over."""
        if self.ended_at is None:
            return
        self._invalid, self._was_routed = self.obstacle, False
        if self.expected:
            self.condense()  # who expects an exception has it, and need not have its frames
        self._text = self.app_traceback
        self._drop_errors()
        self._condense_logs()
        self.debug = None
        self._endpoint = self.endpoint or None
        self._app = None
        if not self._started:
            self._tell = _tell_nobody

    def _drop_errors(self) -> None:
        self._was_error = self.is_error
        self.exception = self.handled = self._traceback = None

    def _condense_logs(self) -> None:
        if self.log_records:
            self.log_records = deque(map(record_without, self.log_records), _RECORDS)
        if self._held is not None:
            self._held = record_without(self._held[0]), self._held[1]

    def watch(self, task: "asyncio.Task[Any]", coroutine: Any) -> None:
        """Take note of a task that the app starts while it answers, or that is started by what it started."""
        if self._started is None:
            self._started = {}
        # Asked for by its coroutine, an eager task that is done has none, and crashes Python 3.12.1.
        self._started[task] = name_of(coroutine)
        task.add_done_callback(self._look_at)

    def log(self, record: logging.LogRecord) -> None:
        """Keep a log record that was made during the call."""
        own = record.name == "uvicorn" or record.name.startswith("uvicorn.")
        if record.levelno >= logging.INFO and not own:
            if not isinstance(self.log_records, deque):
                self.log_records = deque(maxlen=_RECORDS)
            self.log_records.append(shorten_record(record))

    def _take_handled(self) -> None:
        """Take note of the exception that is being handled, or that was logged before the app answered for it."""
        errors = (each for each in reversed(self.log_records) if each.levelno >= logging.ERROR)
        logged = (each.exc_info for each in errors if each.exc_info)
        _, self.handled, self._traceback = next((info for info in (sys.exc_info(), *logged) if info[1]), (None,) * 3)

    def _take_invalid(self, exception: BaseException) -> None:
        """Take note of what FastAPI found wrong with a handshake, of which the client sees a rejection only."""
        from fastapi.exceptions import WebSocketRequestValidationError  # noqa: PLC0415 - few handshakes are rejected

        if isinstance(exception, WebSocketRequestValidationError):
            from fastapi_testing.server.routing.obstacles import describe_invalid  # noqa: PLC0415 - as above

            self._invalid = describe_invalid(self.endpoint, exception.errors())

    @property
    def _tasks(self) -> list["asyncio.Task[Any]"]:
        """The tasks to look at to see where the call stands: its own and, behind it, those a framework continues in."""
        if self._task is None:
            return []
        started = (task for task in self.started if not task.done())
        return follow(self._task, started, None if self._scope is None else self._scope.get("endpoint"))

    def _look_at(self, task: "asyncio.Task[Any]") -> None:
        assert self._started is not None  # noqa: S101 - watch() has made it
        name = self._started.pop(task)
        if not task.cancelled() and self.kind != "lifespan":
            self._tell(self, task, name)


def _tell_nobody(*_: object) -> None:
    """Stand in the place of a recorder, once the test is over."""


def exchange_of(task: "asyncio.Task[Any]") -> Exchange | None:
    """Return the exchange that a task works for, or was started in."""
    context = _context_of(task)
    return None if context is None else context.get(current_exchange)


def is_servers(task: "asyncio.Task[Any]") -> bool:
    """Tell whether a server started a task, or the app that it serves."""
    return server_of(task) is not None


def server_of(task: "asyncio.Task[Any]") -> object:
    """Return the server that started a task, or whose app did, by its recorder; None where none has."""
    context = _context_of(task)
    return None if context is None else context.get(serving)


def _context_of(task: "asyncio.Task[Any]") -> contextvars.Context | None:
    if sys.version_info < (3, 12):  # pragma: no cover - on Python 3.11
        return next((held for held in gc.get_referents(task) if isinstance(held, contextvars.Context)), None)
    return task.get_context()


def _wake(waiter: "asyncio.Future[None]") -> None:
    loop = waiter.get_loop()
    if loop is asyncio.get_running_loop():
        _resolve(waiter)
    else:  # a server in a thread of its own, and a test that waits for it
        with contextlib.suppress(RuntimeError):  # that one's loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(_resolve, waiter)


def _resolve(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
