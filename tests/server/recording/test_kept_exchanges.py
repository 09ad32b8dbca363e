"""Exchanges that have raised or logged something: what is kept of them while a test goes on."""

import asyncio
import gc
import logging
import unittest
import weakref
from collections.abc import Awaitable, Callable
from traceback import walk_tb
from typing import Any, ClassVar

from fastapi import BackgroundTasks, FastAPI, Request

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.client.wrappers.settling import Settling
from fastapi_testing.server.recording.recorder import raising
from tests.running import run_classes, without_carets, without_exchanges

logger = logging.getLogger("tests.kept")
logger.setLevel(logging.INFO)
logger.propagate = False
logger.addHandler(logging.NullHandler())


class Order:
    """What a handler makes of a request; the tests look whether it is still there."""

    made: ClassVar[list["weakref.ref[Order]"]] = []

    def __init__(self) -> None:
        self.made.append(weakref.ref(self))

    @classmethod
    def alive(cls) -> list[bool]:
        """Return which of those made since the last call are there."""
        gc.collect()
        alive = [order() is not None for order in cls.made]
        cls.made.clear()
        return alive


app = FastAPI()


@app.post("/fail")
async def fail(request: Request) -> None:
    """Fail with an order in the frame, and behind another error."""
    order = Order()
    try:
        int(await request.body())
    except ValueError as exc:
        raise LookupError(f"no {order.__class__.__name__}") from exc


@app.get("/log")
async def log() -> None:
    """Log an order, in an error that is caught."""
    order = Order()
    try:
        int("x")
    except ValueError:
        logger.exception("no %s for %s", Order.__name__, "ada", extra={"order": order})


@app.get("/params")
async def params() -> None:
    """Fail with much in the exception itself."""
    raise ValueError("no stock", "x" * 400_000)


@app.get("/unseen")
async def unseen(tasks: BackgroundTasks) -> None:
    """Fail where no response shows it."""

    async def work() -> None:
        raise LookupError("in the background")

    tasks.add_task(work)


@app.get("/task")
async def task(*, keep: bool = False) -> None:
    """Start a task that fails, and forget it."""

    async def work() -> None:
        order = Order()
        await asyncio.sleep(0)
        raise LookupError(f"no {order.__class__.__name__}")

    started = asyncio.create_task(work())
    if keep:
        app.state.kept.append(started)
    await asyncio.wait([started])


@app.get("/logs")
async def logs() -> None:
    """Log much, in two records."""
    logger.info("x" * 50_000)
    logger.info("done")


@app.get("/later")
async def later() -> None:
    """Answer, and start a task that fails, once the test says so."""

    async def work() -> None:
        await app.state.failing.wait()
        raise LookupError("later")

    app.state.left = asyncio.create_task(work())
    app.state.asked.set()
    await app.state.answering.wait()


class Untold(Exception):  # noqa: N818 - a name for what it does
    """An exception that has no text."""

    def __str__(self) -> str:
        raise RuntimeError("not now")


@app.get("/untold")
async def untold() -> None:
    """Fail with an exception that cannot be written, and holds much."""
    raise Untold("x" * 600_000)


TRACEBACK = """\
Traceback (most recent call last):
  File "{file}", line {line}, in fail
    int(await request.body())
ValueError: invalid literal for int() with base 10: b''

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "{file}", line {other}, in fail
    raise LookupError(f"no {{order.__class__.__name__}}") from exc
LookupError: no Order"""


def traceback() -> str:
    """Return the text of what /fail raises."""
    first = fail.__code__.co_firstlineno
    return TRACEBACK.format(file=__file__, line=first + 5, other=first + 7)


class KeptTests(AsyncServerTestCase):
    """A test that goes on after its app has failed."""

    app: Any = app

    async def asyncSetUp(self) -> None:
        raising.clear()  # clients of other tests that nobody has collected yet

    async def test_frames(self) -> None:
        """The last two that have failed have their frames; of those before, exception and text are kept."""
        responses = [await self.client.post("/fail") for _ in range(4)]
        self.assertEqual(Order.alive(), [False, False, True, True])
        exchanges = [response.extensions["exchange"] for response in responses]
        self.assertEqual([without_carets(exchange.app_traceback) for exchange in exchanges], [traceback()] * 4)
        self.assertEqual([repr(exchange.exception) for exchange in exchanges], ["LookupError('no Order')"] * 4)
        self.assertEqual([exchange.is_error for exchange in exchanges], [True] * 4)

    async def test_expected(self) -> None:
        """What is expected is found where it has lost its frames."""
        with self.assertServerRaises(LookupError, "no Order") as raised:
            for _ in range(4):
                await self.client.post("/fail")
        self.assertEqual(repr(raised.exception), "LookupError('no Order')")
        self.assertEqual(Order.alive(), [False, False, True, True])

    async def test_logs(self) -> None:
        """Of records, the text is kept, and that of the exceptions in them."""
        responses = [await self.client.get("/log") for _ in range(3)]
        self.assertEqual(Order.alive(), [False, True, True])
        (record,) = responses[0].extensions["exchange"].log_records
        self.assertEqual((record.getMessage(), record.exc_info), ("no Order for ada", None))
        with self.assertRaises(AssertionError) as caught:
            self.assertStatus(responses[0], 404)
        line = log.__code__.co_firstlineno + 5
        shown = f"""\
the app logged:
  ERROR tests.kept: no Order for ada
    Traceback (most recent call last):
      File "{__file__}", line {line}, in log
        int("x")
    ValueError: invalid literal for int() with base 10: 'x'"""
        self.assertTrue(without_carets(str(caught.exception)).endswith(shown), caught.exception)

    async def test_many_bytes(self) -> None:
        """Of more than 1 MB, the oldest keep a line, which says how much is cut."""
        responses = [await self.client.get("/params") for _ in range(6)]
        oldest, *_, last = (response.extensions["exchange"] for response in responses)
        self.assertEqual((oldest.exception, oldest.is_error, last.is_error), (None, True, True))
        note = r"\(\d+ characters cut: the app has raised and logged too much since\)"
        self.assertRegex(oldest.app_traceback, rf"\A{note} …ValueError: \('no stock', 'x{{174}}\Z")
        self.assertEqual(len(last.exception.args[1]), 400_000)

    async def test_many_bytes_expected(self) -> None:
        """What is expected is found before that."""
        with self.assertServerRaises(ValueError, "no stock") as raised:
            for _ in range(6):
                await self.client.get("/params")
        self.assertIsInstance(raised.exception, ValueError)

    async def test_many_logs(self) -> None:
        """So do those that have logged that much."""
        responses = [await self.client.get("/logs") for _ in range(110)]
        oldest, last = (responses[number].extensions["exchange"].log_records for number in (0, -1))
        note = "(2 log records of 10037 characters cut: the app has raised and logged too much since)"
        self.assertEqual([record.getMessage() for record in oldest], [note])
        self.assertEqual(
            [record.getMessage() for record in last], ["x" * 10_000 + "… (40000 of 50000 characters cut)", "done"]
        )

    async def test_without_text(self) -> None:
        """One whose text cannot be written is kept without it, and does not match a pattern."""
        unmatched = "expected the app to raise Untold matching 'any', it raised:"
        with self.assertRaisesRegex(AssertionError, unmatched), self.assertServerRaises(Untold, "any"):
            for _ in range(5):
                await self.client.get("/untold")

    async def test_let_go_too_early(self) -> None:
        """What is in flight is not let go of, and a task that goes on is told of at its end."""
        app.state.asked, app.state.answering, app.state.failing = asyncio.Event(), asyncio.Event(), asyncio.Event()
        request = asyncio.create_task(self.client.get("/later"))
        await app.state.asked.wait()
        self.server.recorder.let_go()
        app.state.answering.set()
        exchange = (await request).extensions["exchange"]
        self.assertEqual((exchange.status, exchange.started), (200, [app.state.left]))
        self.server.recorder.let_go()
        async with self.assertServerRaises(LookupError, "later"):
            app.state.failing.set()

    async def test_many_tasks(self) -> None:
        """Of many tasks that the app holds itself, none is let go of."""
        app.state.kept = []
        with self.assertServerRaises(LookupError, "no Order"):
            for _ in range(103):
                await self.client.get("/task?keep=1")
        self.assertEqual(Order.alive(), [True] * 103)
        del app.state.kept

    async def test_beside_a_client_that_raises(self) -> None:
        """Where a client raises what the app has raised, the last hundred that it may not have taken have theirs."""
        settling = Settling(raise_server_exceptions=True)
        for _ in range(103):
            await self.client.post("/fail")
        self.assertEqual(Order.alive(), [False] * 3 + [True] * 100)
        self.assertTrue(settling.raise_server_exceptions)

    async def test_tasks(self) -> None:
        """So it is for tasks that fail, where nobody has the task any more."""
        app.state.kept = []
        with self.assertServerRaises(LookupError, "no Order"):
            for keep in ("1", "0", "0", "0"):
                await self.client.get("/task", params={"keep": keep})
        self.assertEqual(Order.alive(), [True, False, True, True])
        del app.state.kept

    async def test_forgotten_task(self) -> None:
        """Of the failure of a task for which there is no more room, the last line is kept."""
        with self.assertServerRaises(LookupError, "no Order"):
            await self.client.get("/task")
            (failure,) = self.server.recorder.failed
            self.assertGreater(failure.app_traceback.count("\n"), 2)
        failure.condense()
        failure.forget()
        self.assertEqual(Order.alive(), [False])
        self.assertIsNone(failure.error)
        cut = r"^\(\d+ characters cut: the app has raised and logged too much since\) …LookupError: no Order$"
        self.assertRegex(failure.app_traceback, cut)


class UnseenCase(AsyncServerTestCase):
    """Tests that are run within tests."""

    app: Any = app
    blocked_after = 0


def troubles(test: Callable[[Any], Awaitable[None]], base: type = UnseenCase, **attributes: Any) -> list[str]:
    """Run a test; return its failures and errors, without what asserts."""
    result = run_classes(type("Case", (base,), {"test": test, **attributes}))
    return [without_exchanges(text) for _, text in (*result.failures, *result.errors)]


def lines_of(error: BaseException) -> list[str]:
    """Return the functions that an exception came through."""
    return [frame.f_code.co_name for frame, _ in walk_tb(error.__traceback__)]


class UnseenTests(unittest.TestCase):
    """What nobody has seen is told nevertheless."""

    maxDiff = None

    def test_frames(self) -> None:
        """Each is told with its text."""

        async def test(case: AsyncServerTestCase) -> None:
            for _ in range(4):
                await case.client.get("/unseen")

        (text,) = troubles(test)
        self.assertEqual(text.count("LookupError: in the background"), 4)

    def test_tasks(self) -> None:
        """So are tasks."""

        async def test(case: AsyncServerTestCase) -> None:
            for _ in range(4):
                await case.client.get("/task")

        (text,) = troubles(test)
        self.assertEqual(text.count("LookupError: no Order"), 4)
        self.assertEqual(text.count("the app raised, for a task that GET /task started, in task.<locals>.work:"), 4)

    def test_too_many(self) -> None:
        """Of more than 500, the others are counted."""

        async def test(case: AsyncServerTestCase) -> None:
            for _ in range(502):
                await case.client.get("/unseen")

        (text,) = troubles(test)
        self.assertIn("AssertionError: the app raised what no response could show before that, 2 times; ", text)
        self.assertEqual(text.count("LookupError: in the background"), 500)

    def test_too_many_expected(self) -> None:
        """None is where all are expected."""

        async def test(case: AsyncServerTestCase) -> None:
            with case.assertServerRaises(LookupError, "in the background"):
                for _ in range(502):
                    await case.client.get("/unseen")

        self.assertEqual(troubles(test), [])


class RaisingTests(unittest.TestCase):
    """With raise_server_exceptions, the test has the exception itself."""

    def test_raised(self) -> None:
        """An exception that the test has got is left as it is, and kept by nobody else."""

        async def test(case: AsyncServerTestCase) -> None:
            errors: list[LookupError] = []
            for _ in range(4):
                try:
                    await case.client.post("/fail")
                except LookupError as exc:
                    errors.append(exc)
            case.assertEqual([lines_of(error)[-1] for error in errors], ["fail"] * 4)
            exchanges = [exchange for exchange in case.server.exchanges if exchange.exception is None]
            case.assertEqual(len(exchanges), 2)
            case.assertTrue(all(each.app_traceback.endswith("\nLookupError: no Order") for each in exchanges))

        self.assertEqual(troubles(test, raise_server_exceptions=True), [])

    def test_at_once(self) -> None:
        """Many that fail at once are each raised with the lines of the app."""

        async def test(case: AsyncServerTestCase) -> None:
            asked = [case.client.post("/fail") for _ in range(50)]
            for error in await asyncio.gather(*asked, return_exceptions=True):
                assert isinstance(error, LookupError)
                case.assertEqual(lines_of(error)[-1], "fail")

        self.assertEqual(troubles(test, raise_server_exceptions=True), [])
