"""Where code stands and where it failed, in the lines of the user's own code, so that an error can name them."""

import gc
import inspect
import itertools
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from traceback import FrameSummary, StackSummary, TracebackException, format_list, walk_tb
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi_testing.server.clock import RealClock
from fastapi_testing.server.recording.libraries import is_frameworks, is_packages, is_users

if TYPE_CHECKING:
    import asyncio

__all__ = [
    "app_traceback",
    "describe_task",
    "follow",
    "format_frames",
    "format_stack",
    "frames_of",
    "frames_of_executor",
    "frames_of_thread",
    "frames_of_workers",
    "has_debugger",
    "headline_of",
    "is_debugging",
    "is_in_debugger",
    "message_of",
    "name_of",
    "places",
    "runs_users",
    "said_by",
    "stack_of",
    "stack_of_thread",
    "traceback_of_users",
    "waiting_at",
]

_T = TypeVar("_T")

_DEBUGGERS = {"bdb", "pydevd", "_pydevd_bundle"}
"""What pdb and all that are made of it run, and what editors do."""

_LOADED_DEBUGGERS = ("pdb", "pudb", "pydevd")
"""What is imported when somebody first stops in one; bdb alone is also imported by pytest."""

_HALF = 5000
"""Characters that are shown of the beginning of a long traceback, and as many of its end."""

_CHAINS = (("cr_frame", "cr_await"), ("ag_frame", "ag_await"), ("gi_frame", "gi_yieldfrom"))
"""Where coroutines, asynchronous generators and generators show their frame and what they wait for."""


def waiting_at(task: "asyncio.Task[Any]") -> str:
    """
    Return where a suspended task waits, in a traceback's words: ``File "shop.py", line 7, in slow``.

    The innermost frame of the user's own code is named; where there is none, the innermost of all.
    """
    frames = _own(list(frames_of(task.get_coro())), _frame_file)
    if not frames:
        return "a place that cannot be seen"
    frame = frames[-1]
    return f'File "{frame.f_code.co_filename}", line {frame.f_lineno}, in {frame.f_code.co_name}'


def follow(
    own: "asyncio.Task[Any]", started: Iterable["asyncio.Task[Any]"], endpoint: object
) -> list["asyncio.Task[Any]"]:
    """
    Return the tasks in which a call of the app runs the user's code, the one that shows best where it stands last.

    Middleware and streamed responses go on in tasks of their own. What the user's code has started is not looked at, as
    the call need not wait for it, unless the endpoint itself runs there.

    Args:
        own: The call's own task.
        started: The tasks started in it, the first one first.
        endpoint: The route's function.
    """
    frames = {task: [*frames_of(task.get_coro())] for task in (own, *started)}
    code = getattr(inspect.unwrap(endpoint), "__code__", None) if callable(endpoint) else None
    of_endpoint = [task for task in frames if any(frame.f_code is code for frame in frames[task])]
    of_users = [task for task in frames if any(is_users(_frame_file(frame)) for frame in frames[task])]
    continued = [task for task in of_users if task is own or not is_users(_frame_file(frames[task][0]))]
    return [*(task for task in continued if task not in of_endpoint), *of_endpoint] or [own]


def stack_of(task: "asyncio.Task[Any]") -> list[str]:
    """Return the stack of a suspended task, outermost first, as a traceback has it; empty of one that is running."""
    coroutine = task.get_coro()
    return [] if getattr(coroutine, "cr_running", False) else format_frames(frames_of(coroutine))


def stack_of_thread(thread: int, room: str = "") -> list[str]:
    """
    Return the same for what a thread is running, from where this package, or one of its rooms, has called it.

    What the user's code in turn has called of this package, such as ``run_async``, is not where it begins. Where no
    line of the user's is at work, what a library iterates over is shown, too, if it is the user's.
    """
    frames = frames_of_thread(thread)
    stack = places(frames)
    return [*format_stack(stack, room), *([] if runs_users(stack) else format_frames(_iterated_in(frames)))]


def _iterated_in(frames: list[FrameType]) -> list[FrameType]:
    """Return where the generators stand that objects in these frames hold, such as a response its body."""
    held = (value for frame in frames for value in frame.f_locals.values() if hasattr(value, "__dict__"))
    generators = (each for value in held for each in vars(value).values() if inspect.isasyncgen(each))
    found = dict.fromkeys(each.ag_frame for each in generators if each.ag_frame is not None)
    return [frame for frame in found if is_users(_frame_file(frame))]


def places(frames: Iterable[FrameType]) -> list[FrameSummary]:
    """Return where frames stand at this moment, quickly: their source is looked up when it is wanted."""
    return [
        FrameSummary(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, lookup_line=False)
        for frame in frames
    ]


def format_stack(stack: list[FrameSummary], room: str = "") -> list[str]:
    """Return the places of a thread, innermost first, as :func:`stack_of_thread` does."""
    users = next((index for index, place in enumerate(stack) if is_users(place.filename)), 0)
    called = itertools.takewhile(lambda place: not is_packages(place.filename, room), stack[users:])
    return _format([*reversed([*stack[:users], *called] or stack)])


def runs_users(stack: Iterable[FrameSummary]) -> bool:
    """Return whether the user's code is at work in what this package has called last; places innermost first."""
    called = itertools.takewhile(lambda place: not is_packages(place.filename), stack)
    return any(is_users(place.filename) for place in called)


def frames_of_thread(thread: int) -> list[FrameType]:
    """Return the frames of a thread, innermost first; none of one that has ended."""
    return _frames_of_threads([thread])[0]


def frames_of(awaited: object) -> Iterator[FrameType]:
    """Yield the frames of a chain of awaits, outermost first; Task.get_stack() shows only the outermost."""
    while awaited is not None:
        frame, awaited = _step(awaited)
        if frame is not None:
            yield frame


def frames_of_workers() -> list[list[FrameType]]:
    """Return the frames, outermost first, of the threads that run a handler which is a plain function."""
    return _frames_of_pool("AnyIO worker thread")


def frames_of_executor() -> list[list[FrameType]]:
    """Return the same of the threads that event loops have for what is no coroutine, as for asyncio.to_thread()."""
    return _frames_of_pool("asyncio_")


def _frames_of_pool(name: str) -> list[list[FrameType]]:
    threads = [thread.ident or 0 for thread in threading.enumerate() if thread.name.startswith(name)]
    stacks = [stack[::-1] for stack in _frames_of_threads(threads)]
    return [stack for stack in stacks if any(is_users(_frame_file(frame)) for frame in stack)]


def _frames_of_threads(threads: Iterable[int]) -> list[list[FrameType]]:
    """
    Return the frames of threads, innermost first.

    In Python 3.11, a frame gets its object when somebody asks for it, and that may set off a garbage collection. A
    finalizer in it lets the other thread go on: the frame is left, and its object written into what is there now.
    Seen as an ``f_back`` that was a list. From 3.12 on, no collection begins inside of an allocation.
    """
    stops_collecting = sys.version_info < (3, 12) and gc.isenabled()
    if stops_collecting:  # pragma: no cover - on Python 3.11
        gc.disable()
    try:
        frames = sys._current_frames()  # noqa: SLF001 - documented
        return [[*_callers(frames.get(thread))] for thread in threads]
    finally:
        if stops_collecting:  # pragma: no cover - on Python 3.11
            gc.enable()


def format_frames(frames: Iterable[FrameType]) -> list[str]:
    """Return frames in a traceback's words: those of the user's own code."""
    return _format(places(frames))


def _format(stack: list[FrameSummary]) -> list[str]:
    own = _own(stack, _summary_file)
    return "".join(format_list(own)).splitlines()


def is_in_debugger(thread: int) -> bool:
    """Return whether a debugger has a thread in its hands, where it waits for somebody to type or to click."""
    return any(map(_is_debuggers, frames_of_thread(thread)))


def has_debugger() -> bool:
    """Return whether a debugger may have stopped this process at some time; nothing tells of that once it goes on."""
    return any(name in sys.modules for name in _LOADED_DEBUGGERS)


def is_debugging() -> bool:
    """Return the same of any thread of the process: a handler that is a plain function stops in one of its own."""
    if _DEBUGGERS.isdisjoint(sys.modules):  # as always but while somebody looks for a mistake
        return False
    return _debuggers.look()


class _Debuggers:
    """
    Whether a debugger has a thread in its hands, looked for no more than a tenth of the time.

    With a hundred servers there are as many who ask, each of them for every thread.
    """

    def __init__(self) -> None:
        self._until = 0.0
        self._found = False

    def look(self) -> bool:
        begin = RealClock.now()
        if begin >= self._until:
            stacks = _frames_of_threads([thread.ident or 0 for thread in threading.enumerate()])
            self._found = any(map(_is_debuggers, itertools.chain.from_iterable(stacks)))
            end = RealClock.now()
            self._until = end + 9 * (end - begin)
        return self._found


_debuggers = _Debuggers()


def _is_debuggers(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] in _DEBUGGERS


def describe_task(task: "asyncio.Task[Any]") -> str:
    """Return which coroutine a task runs, where it was made if asyncio knows, and where it waits."""
    made = _own(list(getattr(task, "_source_traceback", None) or ()), _summary_file)
    where = f', made at File "{made[-1].filename}", line {made[-1].lineno}, in {made[-1].name}' if made else ""
    return f"task {task.get_name()!r} of {name_of(task.get_coro())}(){where}, waits at {waiting_at(task)}"


def name_of(coroutine: object) -> str:
    """Return the name of a coroutine's function."""
    name = getattr(coroutine, "__qualname__", None)
    return name if isinstance(name, str) else repr(coroutine)


def app_traceback(exception: BaseException, taken: TracebackType | None = None) -> str:
    """
    Return the traceback of an exception and of those behind it, in the user's own frames.

    Frames of installed packages, the app's framework among them, are left out; where nothing remains, which is so of
    an app that is itself installed, only those of the framework are; and the innermost is always there. A long one,
    such as that of a statement with a thousand parameters, is cut in its middle.

    Args:
        exception: The exception.
        taken: Its traceback, in case that it has none any more: Starlette takes it from those that handlers answer.
    """
    exception, taken = _within_frameworks_group(exception, taken)
    rendered = TracebackException(type(exception), exception, exception.__traceback__ or taken, compact=True)
    _keep_own_frames(rendered)
    return _cut_middle("".join(rendered.format()).rstrip("\n"))


def _within_frameworks_group(
    exception: BaseException, taken: TracebackType | None
) -> tuple[BaseException, TracebackType | None]:
    """Return the one exception in a group that a task group of the framework's made of it, as older Starlettes do."""
    while isinstance(exception, BaseExceptionGroup) and len(exception.exceptions) == 1:
        if any(is_users(_frame_file(frame)) for frame, _ in walk_tb(exception.__traceback__ or taken)):
            break
        exception, taken = exception.exceptions[0], None
    return exception, taken


def headline_of(exception: BaseException) -> str:
    """Return the type and the text of an exception, or of the one in a group of one, as a task group raises it."""
    while isinstance(exception, BaseExceptionGroup) and len(exception.exceptions) == 1:
        exception = exception.exceptions[0]
    return f"{type(exception).__name__}: {message_of(exception)}"


def message_of(exception: BaseException) -> str:
    """Return the text of an exception, or what a traceback has in its place where ``__str__`` itself raises."""
    try:
        return str(exception)
    except Exception:  # noqa: BLE001 - one of the user's, of whatever kind
        return "<exception str() failed>"


def said_by(exception: BaseException) -> str:
    """Return the text of an exception and its notes, on lines of their own."""
    return "\n".join([message_of(exception), *map(str, getattr(exception, "__notes__", ()))])


def _cut_middle(text: str) -> str:
    omitted = len(text) - 2 * _HALF
    if omitted <= 0:
        return text
    return f"{text[:_HALF]}… ({omitted} of {len(text)} characters cut) …{text[-_HALF:]}"


def traceback_of_users(exception: BaseException) -> TracebackType | None:
    """Return an exception's traceback from the first frame of the user's own code on; all of it if there is none."""
    each = exception.__traceback__
    while each is not None and not is_users(_frame_file(each.tb_frame)):
        each = each.tb_next
    return each or exception.__traceback__


def _keep_own_frames(rendered: TracebackException) -> None:
    frames: list[FrameSummary] = [*rendered.stack]
    rendered.stack = StackSummary()
    rendered.stack.extend(_own(frames, _summary_file))
    behind = (rendered.__cause__, rendered.__context__, *(rendered.exceptions or ()))
    for other in filter(None, behind):
        _keep_own_frames(other)


def _own(frames: list[_T], file_of: Callable[[_T], str]) -> list[_T]:
    """Return the frames of the user's code, or the nearest to them that there are."""
    if own := [frame for frame in frames if is_users(file_of(frame))]:
        return own
    return [frame for frame in frames if not is_frameworks(file_of(frame))] or frames[-1:]


def _step(awaited: object) -> tuple[FrameType | None, object]:
    for frame_name, next_name in _CHAINS:
        if hasattr(awaited, frame_name):
            return getattr(awaited, frame_name), getattr(awaited, next_name)
    # What anext() of an asynchronous generator returns, in a lifespan for one, shows its generator to gc alone.
    return None, next(filter(inspect.isasyncgen, gc.get_referents(awaited)), None)


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _frame_file(frame: FrameType) -> str:
    return frame.f_code.co_filename


def _summary_file(frame: FrameSummary) -> str:
    return frame.filename
