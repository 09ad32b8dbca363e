"""The base of all test cases: it tells of mistakes by which a test would check nothing."""

import contextlib
import contextvars
import inspect
import unittest
from collections.abc import Callable, Iterator
from types import CoroutineType
from typing import Any, ClassVar

from fastapi_testing.case.mistakes.hooks import refuse_at_set_up, warn_of_misspelled_hooks
from fastapi_testing.case.mistakes.unawaited import Unawaited, UnawaitedWatch

__all__ = ["CheckedCase"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_OF_A_TEST = {
    "app",
    "_framework_client",
    "_framework_clients",
    "_framework_context",
    "_framework_given",
    "_framework_guard",
    "_framework_server",
    "_framework_tasks_before",
    "_framework_transport",
}
"""The attributes that the test cases of this package give a test while it runs."""

_NAMES = ("_testMethodName", "_testMethodDoc", "_type_equality_funcs")
"""What unittest gives a case that says which test it is, and does not change while it runs."""


class CheckedCase(unittest.TestCase):
    """A test case that refuses hooks nobody would run, and fails for coroutines nobody awaits."""

    unawaited: ClassVar[Unawaited] = "fail"
    """
    What to do about coroutines that a test, or the app for it, drops without awaiting them: ``"fail"``, ``"warn"``, or
    ``"ignore"``, which leaves them to Python's own warning.
    """

    _unawaited: ClassVar[UnawaitedWatch] = UnawaitedWatch(unittest.TestCase, "ignore")  # until it is set up
    _framework_ends_with_run: ClassVar[bool] = False  # whether it uses what ends with the run
    _notes_origins: ClassVar[bool] = True
    _body: ClassVar[frozenset[str]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # First: unittest, and this package, give it more. The copy of a class, as parameterized makes it, has that.
        copied = vars(cls).get("_body", frozenset())
        cls._body = copied | {name for name in vars(cls) if not (copied and name.startswith("_"))}
        super().__init_subclass__(**kwargs)
        refuse_at_set_up(cls)

    def __getstate__(self) -> dict[str, Any]:
        # A context cannot be pickled, and the standard library's async case holds one that is not used here;
        # unittest-parallel sends cases to its workers.
        state = {name: value for name, value in vars(self).items() if not isinstance(value, contextvars.Context)}
        if state.get("_outcome") is None:
            return state
        # One that runs holds clients, tasks and more. Django's parallel runner sends its parts that failed.
        nothing = dict.fromkeys(name for name in state if name.startswith("_"))
        return nothing | {"_cleanups": []} | {name: state[name] for name in _NAMES}

    def _let_go(self) -> None:
        """
        Let go of what this package has given to the test, once it is over.

        The results of unittest keep each test that has failed until the run ends, to say what it is called.
        """
        own = vars(self)
        for name in own.keys() & _OF_A_TEST:
            del own[name]

    def _drop_held(self) -> None:
        """
        Drop the coroutines that the test holds and nobody has awaited, to be called at its very end.

        unittest keeps a test, and what its attributes hold, until nothing runs any more that could fail for it.
        """
        own = vars(self)
        if CoroutineType not in map(type, own.values()):  # as nearly always, and quick
            return
        function = getattr(self, self._testMethodName)  # noqa: F841 - where it is looked for what has made them
        for name in [name for name, value in own.items() if type(value) is CoroutineType]:
            if inspect.getcoroutinestate(own[name]) == inspect.CORO_CREATED:
                del own[name]

    @classmethod
    def _begin_checks(cls) -> None:
        """Begin, before anything else of the class; to be called once it is set up."""
        if cls.unawaited not in ("fail", "warn", "ignore"):
            raise ValueError(f"unawaited must be 'fail', 'warn' or 'ignore', got {cls.unawaited!r}")
        warn_of_misspelled_hooks(cls)
        cls._unawaited = UnawaitedWatch(cls, cls.unawaited, origins=cls._notes_origins)
        cls._unawaited.open()
        cls.addClassCleanup(cls._end_checks)

    @classmethod
    def _end_checks(cls) -> None:
        cls._unawaited.close()
        cls._unawaited.tell_late(cls.failureException)

    @classmethod
    def _check_hook(cls) -> None:
        """Fail for what a hook of the class has dropped, at its end."""
        if cls._unawaited.dropped:
            cls._unawaited.tell(cls.failureException)

    def _check_call(self, function: Callable[..., Any], exception: BaseException | None = None) -> None:
        """
        Tell what was dropped in a call of the test, at its end; to be called where there is something to tell.

        Args:
            function: What was called.
            exception: What it raised; what was dropped is added to it.
        """
        # The failure that is expected must not be this one: what is called next tells it.
        expects = self._expects_failure(function)
        if exception is not None:
            if not expects:
                self._unawaited.note(exception)
            self._unawaited.fail()
        elif not expects:
            self._unawaited.tell(self.failureException)

    @contextlib.contextmanager
    def _checking_part(self) -> Iterator[None]:
        """Do the same for a subTest: tell what is dropped in it, and nothing before."""
        before = len(self._unawaited.dropped)
        try:
            yield
        except Exception as exc:
            self._unawaited.note(exc, before)
            raise
        if len(self._unawaited.dropped) > before:
            self._unawaited.tell(self.failureException, before)

    def _expects_failure(self, function: Callable[..., Any]) -> bool:
        is_test = getattr(function, "__name__", "") == self._testMethodName
        holders = (function, type(self))
        return is_test and any(getattr(each, "__unittest_expecting_failure__", False) for each in holders)
