"""The app's exceptions in a test's hands: expected ones, and those that nobody has seen."""

import asyncio
import contextlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from textwrap import indent
from traceback import walk_tb
from types import TracebackType
from typing import Any, Literal, Self
from unittest import SkipTest

from fastapi_testing.assertions.describing.exchange import describe_exchange
from fastapi_testing.case.guards.last_exchanges import note_last_exchanges, note_withheld
from fastapi_testing.case.mistakes.other_loop import note_other_loop
from fastapi_testing.masking import mask_exception
from fastapi_testing.server.recording.ends import ends_of
from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.recording.libraries import is_users
from fastapi_testing.server.recording.recorder import Recorder
from fastapi_testing.server.recording.stacks import headline_of, message_of, said_by
from fastapi_testing.server.recording.tasks import TaskFailure

__all__ = ["ServerRaises", "TellingMore", "describe_unseen", "release_logs"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_UNSEEN = "the app raised what no response could show"

Expected = type[BaseException] | tuple[type[BaseException], ...]


class ServerRaises:
    """
    The context in which the app is expected to raise; ``assertServerRaises`` makes it.

    Attributes:
        exception: The exception that the app raised, or that this was raised from; None as long as it has not.
        exchange: The request or WebSocket for which it did.
    """

    def __init__(
        self,
        recorders: Sequence[Recorder],
        expected: Expected,
        regex: str | re.Pattern[str] | None,
        *,
        timeout: float,
        fail: Callable[[str], None],
        defer: Callable[["ServerRaises"], None],
    ) -> None:
        self.exception: BaseException | None = None
        self.exchange: Exchange | None = None
        self._candidates: set[Exchange] | None = None
        self._error: BaseException | None = None
        self._recorders = recorders
        self._expected = _check_expected(expected)
        self._pattern = None if regex is None else re.compile(regex)
        self._timeout = timeout
        self._fail = fail
        self._defer = defer

    def __enter__(self) -> Self:
        self._before = {*self._exchanges("exchanges")}
        self._failed_before = {*self._failures()}
        self._looked_at = list(self._recorders)
        for recorder in self._looked_at:
            recorder.looks.append(self.is_fulfilled)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if exc is None and not self.is_fulfilled() and self._running():
            # It may come yet, of what has been asked by now, and a `with` cannot wait for it.
            self._candidates = {*self._exchanges("exchanges"), *self._exchanges("in_flight")}
            self._defer(self)
            return False
        return self._conclude(exc)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if exc is None and not self.is_fulfilled():
            await self._wait_until_over()
        return self._conclude(exc)

    def is_fulfilled(self) -> bool:
        """Tell whether the app has raised as expected by now; what it raised so counts as seen."""
        for failure in self._failed():
            exception = self._find(failure.error)
            if exception is not None:
                failure.expect()
                self.exchange = self.exchange or _exchange_of(failure)
                self.exception = self.exception or exception
                self._error = self._error or failure.error
        return self.exchange is not None

    def describe(self) -> str:
        """Return what was expected, and what came instead."""
        matching = "" if self._pattern is None else f" matching {self._pattern.pattern!r}"
        return f"expected the app to raise {_name(self._expected)}{matching}, {self._describe_instead()}"

    def _conclude(self, exc: BaseException | None) -> bool:
        self._look_no_more()
        if self.is_fulfilled():
            # With raise_server_exceptions it has come through here as well, and has done its duty.
            return exc is not None and exc is self._error
        if exc is None:
            self._fail(self.describe())
        return False

    def _look_no_more(self) -> None:
        for recorder in self._looked_at:
            with contextlib.suppress(ValueError):  # the next test has begun
                recorder.looks.remove(self.is_fulfilled)
        self._looked_at = []  # a test may hold this for longer than the app is there

    def _describe_instead(self) -> str:
        if failed := self._failed():
            chains = [_name_chain(failure.error, self._expected) for failure in failed]
            names = f" {' and '.join(chains)}" if any(" " in chain for chain in chains) else ""
            return f"it raised{names}:{''.join(map(_tell, failed))}"
        asked = [exchange for exchange in self._exchanges("exchanges") if exchange not in self._before]
        if not asked:
            return "it was asked nothing"
        return (
            f"it raised nothing; it was asked for {', '.join(f'{exchange} ({exchange.status})' for exchange in asked)}"
        )

    def _failed(self) -> list[Exchange | TaskFailure]:
        failed = (failure for failure in self._failures() if failure not in self._failed_before)
        if self._candidates is not None:
            failed = (failure for failure in failed if _exchange_of(failure) in self._candidates)
        return [failure for failure in failed if failure.is_error or self._find(failure.error) is not None]

    def _find(self, exception: BaseException | None) -> BaseException | None:
        raised = iter(()) if exception is None else _raised(exception, set())
        return next((each for each in raised if self._is_expected(each)), None)

    def _is_expected(self, exception: BaseException) -> bool:
        return isinstance(exception, self._expected) and (
            self._pattern is None or self._pattern.search(message_of(exception)) is not None
        )

    def _exchanges(self, which: Literal["exchanges", "in_flight"]) -> Iterator[Exchange]:
        for recorder in self._recorders:
            yield from list(getattr(recorder, which))

    def _failures(self) -> Iterator[Exchange | TaskFailure]:
        for recorder in self._recorders:
            yield from list(recorder.failed)

    def _running(self) -> set["asyncio.Task[Any]"]:
        """Return the tasks in which the app answers, or goes on with what it was asked."""
        return set().union(*(recorder.unfinished() for recorder in list(self._recorders)))

    async def _wait_until_over(self) -> None:
        ends = ends_of(self._running())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                while ends and not self.is_fulfilled():
                    _, ends = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)


def describe_unseen(recorders: Iterable[Recorder]) -> list[str]:
    """Return one text for each exception that no response has shown, and no test has expected; a number of old ones."""
    recorders = list(recorders)
    lost = sum(recorder.lost for recorder in recorders)
    unseen = (failure for recorder in recorders for failure in list(recorder.failed) if failure.was_missed)
    told = [
        f"{_headline(failure)}; where that is meant, expect it with assertServerRaises(): {_tell(failure).lstrip()}"
        for failure in unseen
    ]
    return [f"{_UNSEEN} before that, {lost} times; what it was is not kept", *told] if lost else told


class TellingMore:
    """
    Adds to a failure what the app has to do with it, and takes the secrets out of its text; a context.

    That is the exceptions that the app has answered with, where the failure does not show them yet, and what the test
    has asked last.

    Args:
        recorders: Of the servers that the test has asked.
        note: Adds what else there is to say.
        note_failure: Takes note that the test, or a part of it, has failed or was skipped.
        show_secrets: Whether the text stays as it is.
    """

    __slots__ = ("_note", "_note_failure", "_recorders", "_show_secrets")

    def __init__(
        self,
        recorders: Sequence[Recorder],
        note: Callable[[BaseException], None],
        note_failure: Callable[[], object],
        *,
        show_secrets: bool,
    ) -> None:
        self._recorders = recorders
        self._note = note
        self._note_failure = note_failure
        self._show_secrets = show_secrets

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, exc: BaseException | None, __: object) -> None:
        """Add it to what is raised."""
        if not isinstance(exc, Exception):
            return
        self._note_failure()
        if isinstance(exc, SkipTest):
            return
        _note_errors(exc, self._recorders)
        self._note(exc)
        note_other_loop(exc)
        note_withheld(exc, self._recorders)
        note_last_exchanges(exc, self._recorders)
        if not self._show_secrets:
            mask_exception(exc)


def release_logs(recorders: Iterable[Recorder]) -> None:
    """
    Let the server's log of an exception go where it was on its way to, if nobody has seen the exception.

    So it is where a client that is not of this package, in a thread for instance, got the response.
    """
    for recorder in recorders:
        for failure in list(recorder.failed):
            if isinstance(failure, Exchange) and failure.is_error and not (failure.delivered or failure.expected):
                failure.release_log()


def _note_errors(exception: BaseException, recorders: Iterable[Recorder]) -> None:
    said = said_by(exception)
    for recorder in recorders:
        for failure in list(recorder.failed):
            if not failure.is_error or failure.expected:
                continue
            if indent(failure.app_traceback, "  ") in said:
                failure.expect()
            elif not failure.was_missed:
                exception.add_note(_tell(failure).strip())


def _headline(failure: Exchange | TaskFailure) -> str:
    if isinstance(failure, Exchange) and failure.kind == "lifespan" and failure.error is not None:
        return f"the app's lifespan ended while the server ran: {headline_of(failure.error)}"
    return _UNSEEN


def _tell(failure: Exchange | TaskFailure) -> str:
    """Return the text of an exception, which is seen by that."""
    failure.expect()
    return describe_exchange(failure)


def _exchange_of(failure: Exchange | TaskFailure) -> Exchange:
    return failure.exchange if isinstance(failure, TaskFailure) else failure


def _raised(exception: BaseException, seen: set[int]) -> Iterator[BaseException]:
    """Yield an exception, those that it came from, and of a group such as a task group raises, those in it."""
    if id(exception) not in seen:
        seen.add(id(exception))
        yield exception
        parts = exception.exceptions if isinstance(exception, BaseExceptionGroup) else ()
        for inner in (*parts, _origin(exception)):
            if inner is not None:
                yield from _raised(inner, seen)


def _origin(exception: BaseException) -> BaseException | None:
    """
    Return what an exception was raised from, or became it on the way from the app to the server.

    Starlette, for one, raises a RuntimeError from the HTTPException of a handler that has begun to answer, and fails in
    answering that of a WebSocket that was accepted. What the user's own code was handling is another matter.
    """
    handled = exception.__context__
    if exception.__cause__ is not None or exception.__suppress_context__ or handled is None:
        return exception.__cause__
    handler = None if handled.__traceback__ is None else handled.__traceback__.tb_frame
    frames = (frame for frame, _ in walk_tb(exception.__traceback__))
    inside = [*itertools.dropwhile(lambda frame: frame is not handler, frames)]
    return handled if inside and not any(is_users(frame.f_code.co_filename) for frame in inside) else None


def _name_chain(exception: BaseException | None, expected: Expected) -> str:
    """Return the type that counts, with those it came from; and an expected one that does not count."""
    names: list[str] = []
    seen: set[int] = set()
    while exception is not None and id(exception) not in seen:
        seen.add(id(exception))
        origin, handled = _origin(exception), exception.__context__
        name = type(exception).__qualname__
        if origin is None and isinstance(handled, expected):
            name += f" while it handled {type(handled).__qualname__}, which does not count without `raise ... from`"
        names.append(name)
        exception = origin
    return " from ".join(names)


def _check_expected(expected: Any) -> Expected:
    types = expected if isinstance(expected, tuple) else (expected,)
    if not types or not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in types):
        raise TypeError(f"assertServerRaises() takes an exception type, or a tuple of them, got {expected!r}")
    return expected  # type: ignore[no-any-return]


def _name(expected: Expected) -> str:
    types = expected if isinstance(expected, tuple) else (expected,)
    return " or ".join(kind.__qualname__ for kind in types)
