"""Where a suspended task waits, and where an exception comes from."""

import asyncio
import gc
import json
import re
import sys
import threading
import types
import unittest
from collections.abc import AsyncIterator, Awaitable, Generator
from traceback import extract_tb
from typing import Any
from unittest import mock

from fastapi_testing.server.clock import RealClock
from fastapi_testing.server.recording import stacks
from fastapi_testing.server.recording.stacks import (
    app_traceback,
    describe_task,
    frames_of_thread,
    has_debugger,
    stack_of,
    stack_of_thread,
    traceback_of_users,
    waiting_at,
)


async def position(awaitable: Awaitable[Any]) -> str:
    """Return where a task that awaits something waits, one turn of the loop later."""
    task = asyncio.ensure_future(awaitable)
    await asyncio.sleep(0)
    found = waiting_at(task)
    task.cancel()
    return found


class WaitingAtTests(unittest.IsolatedAsyncioTestCase):
    """The innermost line of the user's own code."""

    async def test_user_code_below_the_library(self) -> None:
        """The frames of the standard library are passed over."""

        async def inner() -> None:
            await asyncio.Event().wait()

        async def outer() -> None:
            await asyncio.wait_for(inner(), None)

        self.assertEqual(
            await position(outer()), f'File "{__file__}", line {inner.__code__.co_firstlineno + 1}, in inner'
        )

    async def test_asynchronous_generator(self) -> None:
        """An iteration is followed into the generator, in which it waits."""

        async def rows() -> AsyncIterator[bool]:
            yield await asyncio.Event().wait()

        async def read() -> list[bool]:
            return [row async for row in rows()]

        self.assertRegex(await position(read()), f'^File "{__file__}", line .*, in rows$')

    async def test_generator_based_coroutine(self) -> None:
        """Coroutines made of generators are followed as well."""

        @types.coroutine
        def inner() -> Generator[Any, Any, None]:
            yield from asyncio.get_running_loop().create_future()

        async def outer() -> None:
            await inner()

        line = (
            inner.__wrapped__.__code__.co_firstlineno
            if hasattr(inner, "__wrapped__")
            else inner.__code__.co_firstlineno
        )
        self.assertEqual(await position(outer()), f'File "{__file__}", line {line + 2}, in inner')

    async def test_only_library_code(self) -> None:
        """Where there is no code of the user's, the innermost frame of all is named."""
        self.assertRegex(await position(asyncio.Event().wait()), r"^File .*locks\.py\", line \d+, in wait$")

    async def test_finished_task(self) -> None:
        """A task that is done waits nowhere."""
        task = asyncio.create_task(asyncio.sleep(0))
        await task
        self.assertEqual(waiting_at(task), "a place that cannot be seen")


class StackTests(unittest.IsolatedAsyncioTestCase):
    """Whole stacks."""

    async def test_suspended_task(self) -> None:
        """The user's own frames are there, outermost first, each with its line."""

        async def inner() -> None:
            await asyncio.Event().wait()

        async def outer() -> None:
            await asyncio.wait_for(inner(), None)

        task = asyncio.create_task(outer())
        await asyncio.sleep(0)
        first = inner.__code__.co_firstlineno
        self.assertEqual(
            stack_of(task),
            [
                f'  File "{__file__}", line {first + 4}, in outer',
                "    await asyncio.wait_for(inner(), None)",
                f'  File "{__file__}", line {first + 1}, in inner',
                "    await asyncio.Event().wait()",
            ],
        )
        task.cancel()

    async def test_running_task(self) -> None:
        """A task that runs waits nowhere."""
        task = asyncio.current_task()
        assert task is not None
        self.assertEqual(stack_of(task), [])

    async def test_thread(self) -> None:
        """Of a thread, the stack ends in what it runs; a thread that is gone has none."""
        self.assertIn("stack_of_thread(threading.get_ident())", stack_of_thread(threading.get_ident())[-1])
        self.assertEqual(stack_of_thread(0), [])

    async def test_no_collection(self) -> None:
        """In Python 3.11, no garbage is collected while frames of another thread are made; it is as before then."""
        seen: list[bool] = []

        def current_frames() -> dict[int, types.FrameType]:
            seen.append(gc.isenabled())
            return {}

        self.addCleanup(gc.enable)
        with mock.patch.object(sys, "_current_frames", current_frames):
            for is_on in (True, False):
                (gc.enable if is_on else gc.disable)()
                self.assertEqual(frames_of_thread(threading.get_ident()), [])
                self.assertEqual(gc.isenabled(), is_on)
        self.assertEqual(seen, [sys.version_info >= (3, 12), False])

    async def test_task_in_debug_mode(self) -> None:
        """A task is described with the place where it was made, if asyncio knows it."""
        asyncio.get_running_loop().set_debug(True)

        async def poll() -> None:
            await asyncio.Event().wait()

        task = asyncio.create_task(poll(), name="poller")
        await asyncio.sleep(0)
        line = poll.__code__.co_firstlineno
        self.assertEqual(
            describe_task(task),
            f"task 'poller' of StackTests.test_task_in_debug_mode.<locals>.poll(), "
            f'made at File "{__file__}", line {line + 3}, in test_task_in_debug_mode, '
            f'waits at File "{__file__}", line {line + 1}, in poll',
        )
        task.cancel()


def parse(text: str) -> None:
    """Fail with a cause, in the standard library."""
    try:
        json.loads(text)
    except ValueError as exc:
        raise LookupError("no document") from exc


class DebuggerTests(unittest.TestCase):
    """Whether somebody has stopped in a debugger."""

    def test_has_debugger(self) -> None:
        """One that was imported may have stopped the process; bdb alone, which pytest imports, has not."""
        with mock.patch.dict(sys.modules):
            for name in ("pdb", "pudb", "pydevd"):
                sys.modules.pop(name, None)
            sys.modules["bdb"] = types.ModuleType("bdb")
            self.assertFalse(has_debugger())
            sys.modules["pydevd"] = types.ModuleType("pydevd")
            self.assertTrue(has_debugger())

    def test_is_debugging(self) -> None:
        """One that is loaded is not at work for that; where none is, no thread is looked at."""
        with mock.patch.dict(sys.modules), mock.patch.object(stacks._debuggers, "_until", 0.0):
            for name in stacks._DEBUGGERS:
                sys.modules.pop(name, None)
            self.assertFalse(stacks.is_debugging())
            self.assertEqual(stacks._debuggers._until, 0.0)
            sys.modules["bdb"] = types.ModuleType("bdb")
            self.assertFalse(stacks.is_debugging())
            self.assertGreater(stacks._debuggers._until, 0.0)

    def test_rests(self) -> None:
        """Threads are looked through a tenth of the time at most, however many ask."""
        debuggers = stacks._Debuggers()
        with (
            mock.patch.object(RealClock, "now", side_effect=[1.0, 2.0, 10.9, 11.0, 11.5]),
            mock.patch.object(stacks, "_frames_of_threads", side_effect=[[[sys._getframe()]], [[]]]) as frames,
        ):
            self.assertEqual([debuggers.look() for _ in range(3)], [False] * 3)
        self.assertEqual(frames.call_count, 2)


class Decoder(json.JSONDecoder):
    """Code of the user's, which the standard library calls."""

    def decode(self, s: str, *_: object) -> None:
        """Fail."""
        parse(s)


class TracebackTests(unittest.TestCase):
    """Tracebacks of the app's own frames."""

    maxDiff = None

    def test_cause(self) -> None:
        """Of an exception and of its cause, the user's own frames are shown."""
        first = parse.__code__.co_firstlineno
        try:
            parse("x")
        except LookupError as exc:
            text = re.sub(r"^ *[~^]+\n", "", app_traceback(exc), flags=re.MULTILINE)  # each Python has its own
        self.assertIn(f'  File "{__file__}", line {first + 3}, in parse\n    json.loads(text)\njson', text)
        self.assertTrue(text.endswith('raise LookupError("no document") from exc\nLookupError: no document'), text)
        self.assertNotIn("decoder.py", text)

    def test_long(self) -> None:
        """A long text is cut in its middle."""
        whole = f"ValueError: {'a' * 10_000}{'b' * 5000}"
        self.assertEqual(
            app_traceback(ValueError("a" * 10_000 + "b" * 5000)),
            f"{whole[:5000]}… (5012 of 15012 characters cut) …{'b' * 5000}",
        )

    def test_only_foreign_frames(self) -> None:
        """Where no frame is the user's, the innermost is shown."""
        try:
            json.loads("x")
        except ValueError as exc:
            assert exc.__traceback__ is not None
            text = app_traceback(exc.with_traceback(exc.__traceback__.tb_next))
        self.assertEqual(text.count("  File "), 1)
        self.assertIn("decoder.py", text)

    def test_from_the_users_on(self) -> None:
        """What called the user's code is left out, what that has called is not; without any, everything is there."""
        try:
            json.loads("{", object_hook=None, parse_float=None, cls=Decoder)
        except LookupError as exc:
            names = [frame.name for frame in extract_tb(traceback_of_users(exc))]
            self.assertEqual([names[0], names[-1]], ["test_from_the_users_on", "parse"])
            assert exc.__traceback__ is not None
            names = [
                frame.name for frame in extract_tb(traceback_of_users(exc.with_traceback(exc.__traceback__.tb_next)))
            ]
            self.assertEqual(names, ["decode", "parse"])
            foreign = exc.__cause__
        assert foreign is not None
        assert foreign.__traceback__ is not None
        foreign.__traceback__ = foreign.__traceback__.tb_next
        self.assertIs(traceback_of_users(foreign), foreign.__traceback__)

    def test_group(self) -> None:
        """The exceptions of a group are shown in the same way."""
        try:
            parse("x")
        except LookupError as exc:
            text = app_traceback(ExceptionGroup("several", [exc]))
        self.assertIn("LookupError: no document", text)
        self.assertNotIn("decoder.py", text)
