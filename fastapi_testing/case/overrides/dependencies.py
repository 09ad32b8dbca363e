"""
What a test replaces, and gets back at its end: dependencies of the app, and environment variables.

Theory of operation
-------------------

An override has a holder that ends it: a class, a test, or a block (``override_dependencies`` around code or a
function). The holders lie within each other, and each puts a layer (``layers.py``) that its end takes away; a class
and a test do so by a cleanup, which runs whether or not they fail. The order in which they are put:

#. Those that the class declares: of ``dependency_overrides`` the nearest one of its bases', then the decorators, its
   bases' first. This is once for a class; for each test where each has a server of its own, whose app may be a new
   one.
#. Those of ``asyncSetUpClass`` or ``setUpClass``, then those of the test, then those of blocks. The last one is in
   effect.

Whose app is meant, where none is named, is the running holder's. It is in a context variable, which is set in the
class's context and then in each test's, so tasks and threads that a test starts have it, and other tests do not.

A block may be in use several times at once, by tasks that run at once, and is left by the one that entered it last, of
those of the task or thread that leaves it; where that one has entered none (hooks of a test may run in tasks of their
own), by whoever entered it last of all.

What is never so: a part of a block is in effect (where one of its overrides is refused, those before it are taken
back); a value is called, or an override that takes anything (``*args, **kwargs``) is given parameters that FastAPI
would ask of the query; an environment variable is changed when another one of the same call is refused.
"""

import asyncio
import contextlib
import functools
import inspect
import threading
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Annotated, Any, ClassVar, Self, TypeVar, cast, get_args, get_origin

from fastapi.params import Depends

from fastapi_testing.case.overrides.environment import EnvironmentOverrides
from fastapi_testing.case.overrides.holders import ClassOrTestMethod, add_cleanup
from fastapi_testing.case.overrides.layers import put_layer
from fastapi_testing.case.overrides.substitutes import returning, takes_anything, without_arguments
from fastapi_testing.case.overrides.unused import look_again, name_of, short_name, suspect
from fastapi_testing.case.where import ClassLine, Where, caller
from fastapi_testing.server.application import describe_app
from fastapi_testing.server.routing.within import outermost_apps

__all__ = [
    "DependencyOverrides",
    "UnusedOverrideWarning",
    "check_dependency",
    "override_dependencies",
    "override_for",
]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_D = TypeVar("_D", bound=Callable[..., Any])

_MISSING: Any = object()

_holder: ContextVar[Any] = ContextVar("fastapi_testing.overrides.holder", default=None)
"""The running test, or the class that is being set up."""


class UnusedOverrideWarning(UserWarning):
    """A dependency was overridden that no route of the app depends on, so that the override changes nothing."""


class DependencyOverrides(EnvironmentOverrides):
    """
    Lets a test case with a server override what the app depends on; see :class:`~fastapi_testing.AsyncServerTestCase`.

    What is overridden on ``self`` is undone at the end of the test; on ``cls``, in ``asyncSetUpClass``, at the end of
    the class.
    """

    dependency_overrides: ClassVar[Mapping[Callable[..., Any], Callable[..., Any]]] = {}
    """Dependencies of the app, and what is called instead of them in all tests of the class."""

    _declared_overrides: ClassVar[tuple["override_dependencies", ...]] = ()

    @ClassOrTestMethod
    def override_dependency(
        holder: Any,  # noqa: N805 - a test, or a class
        /,
        dependency: Callable[..., Any],
        override: Callable[..., Any] = _MISSING,
        *,
        value: Any = _MISSING,
        app: Any = None,
    ) -> None:
        """
        Override a dependency of the app until the end of the test, or of the class when called on the class.

        Args:
            dependency: The callable that routes depend on: what they have in ``Depends(...)``.
            override: What FastAPI calls instead: a function with dependencies of its own, a generator, a class. One
                that takes only ``*args`` and ``**kwargs``, as a mock does, is called without arguments.
            value: What the routes get, as it is: a ready object, or a mock.
            app: The app whose dependency it is, such as a mounted one; None for the app that is served, or the only
                FastAPI app that it is wrapped around.

        Raises:
            ServerNotRunningError: If ``app`` is None and the server does not run yet.
            TypeError: If not exactly one of ``override`` and ``value`` is given, or there is no FastAPI app in what is
                served, or more than one.
        """
        if (override is _MISSING) == (value is _MISSING):
            raise TypeError("override_dependency() takes either an override, which is called, or value=")
        if override is _MISSING:
            override = returning(value)
        override_for(holder, dependency, override, app=app, where=caller())

    @classmethod
    def _begin_class_overrides(cls) -> None:
        """Put the declared overrides into effect for the class; to be called in its context, once the server runs."""
        _hold(cls)
        _override_declared(cls)

    @staticmethod
    def _end_class_overrides() -> None:
        """Let no class be meant any more; for a class whose context is everybody's."""
        _holder.set(None)

    def _begin_test_overrides(self, *, declared: bool) -> None:
        """Make the test the one whose app is meant; to be called in its context."""
        _hold(self)
        if declared:
            _override_declared(self)


class override_dependencies:  # noqa: N801 - it is used as a decorator, as unittest.mock.patch is
    """
    Override dependencies of the app: for a test, for a class, or for a block.

    ::

        @override_dependencies({get_user: fake_user})
        async def test_profile(self):
            with override_dependencies({get_clock: lambda: NOON}):
                ...

    What was overridden before is so again afterwards, also where the body fails. On a class it is the same as its
    attribute ``dependency_overrides``, and comes after it.

    Args:
        overrides: Dependencies and what is called instead; as for ``self.override_dependency``.
        app: The app whose dependencies they are; None for the app that the running test's server serves.

    Raises:
        RuntimeError: If ``app`` is None where no test runs.
        TypeError: If a dependency or an override is not callable, or the app is not FastAPI's.
    """

    def __init__(self, overrides: Mapping[Callable[..., Any], Callable[..., Any]], *, app: Any = None) -> None:
        self._overrides = dict(overrides)
        self._app = app
        self._where: Where | ClassLine = caller()
        self._entered: list[tuple[object, contextlib.ExitStack]] = []  # by whom, and how to leave it

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for undo in self._replace(self._app or _running_app()):
                stack.callback(undo)
            self._entered.append((_who(), stack.pop_all()))
        return self

    def __exit__(self, *_: object) -> None:
        # Tasks that run at once may be in the same block, and each leaves it when it is done. Who has entered it in
        # one hook of a test and leaves it in another is no longer the same task.
        who = _who()
        own = [index for index, (entered_by, _) in enumerate(self._entered) if entered_by == who]
        self._entered.pop(max(own, default=-1))[1].close()

    def __call__(self, decorated: _D) -> _D:
        """Decorate a test case class, or a function that is called in a test."""
        if isinstance(decorated, type):
            if not issubclass(decorated, DependencyOverrides):
                raise TypeError(f"@override_dependencies is for test cases with a server; {decorated!r} is none")
            own = vars(decorated).get("_declared_overrides", ())
            decorated._declared_overrides = (*own, self)  # noqa: SLF001
            return cast("_D", decorated)
        return cast(
            "_D", self._wrap_async(decorated) if inspect.iscoroutinefunction(decorated) else self._wrap(decorated)
        )

    def _wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapper

    def _wrap_async(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        return wrapper

    def _replace(self, app: Any) -> Iterator[Callable[[], None]]:
        fastapi_app = _fastapi_app(app)
        for dependency, override in self._overrides.items():
            yield _replace(fastapi_app, dependency, override, self._where)

    def _declared_by(self, cls: type) -> Self:
        self._where = ClassLine(cls)
        return self

    def _declare(self, holder: Any) -> None:
        for undo in self._replace(self._app or holder.server.app):
            add_cleanup(holder, undo)


def _hold(holder: Any) -> None:
    """Make it the one whose app is meant; where its context is not its own, until its end."""
    before = _holder.get(None)
    _holder.set(holder)

    def let_go() -> None:
        _holder.set(before)

    add_cleanup(holder, let_go)


def _override_declared(holder: Any) -> None:
    for overrides in _declared(holder if isinstance(holder, type) else type(holder)):
        if overrides._overrides:  # noqa: SLF001 - an app without any may be anything
            overrides._declare(holder)  # noqa: SLF001


def _declared(case: type) -> Iterator[override_dependencies]:
    """Yield what a class and its bases declare, the class last; of their attributes, the nearest one counts."""
    nearest = next(cls for cls in case.__mro__ if "dependency_overrides" in vars(cls))
    for cls in reversed(case.__mro__):
        if cls is nearest:
            yield override_dependencies(vars(cls)["dependency_overrides"])._declared_by(cls)  # noqa: SLF001
        yield from vars(cls).get("_declared_overrides", ())


def override_for(
    holder: Any,
    dependency: Callable[..., Any],
    override: Callable[..., Any],
    *,
    app: Any = None,
    where: Where | ClassLine,
) -> None:
    """
    Override a dependency until the end of a test or of a class.

    Args:
        holder: The test or the class.
        dependency: The callable that routes depend on.
        override: What is called instead.
        app: The app whose dependency it is; None for the one that is served.
        where: The line that a warning about it points to.
    """
    app = _fastapi_app(holder.server.app if app is None else app)
    add_cleanup(holder, _replace(app, dependency, override, where))


def _who() -> object:
    """Return what tells apart those who run at the same time."""
    with contextlib.suppress(RuntimeError):
        return asyncio.current_task()
    return threading.get_ident()


def _running_app() -> Any:
    holder = _holder.get()
    if holder is None:
        raise RuntimeError("override_dependencies() finds no running test: give it app=")
    return holder.server.app


def _fastapi_app(app: Any) -> Any:
    """Return the FastAPI app itself where others are wrapped around it."""
    found = outermost_apps(app)
    if not found:
        raise TypeError(
            f"{describe_app(app)} has no dependencies to override: it is no FastAPI app, and none is to be seen in it; "
            f"name one, as in self.override_dependency(..., app=...), give it others in create_app(), "
            f"or patch what it uses with unittest.mock"
        )
    if len(found) > 1:
        names = ", ".join(map(describe_app, found))
        raise TypeError(
            f"there are {len(found)} apps in {describe_app(app)} whose dependencies can be overridden, {names}: "
            f"name one, as in self.override_dependency(..., app=...)"
        )
    return found[0]


def _replace(
    app: Any, dependency: Callable[..., Any], override: Callable[..., Any], where: Where | ClassLine
) -> Callable[[], None]:
    """Override one dependency; return the function that takes back just this."""
    check_dependency(dependency)
    if not callable(override):
        raise TypeError(
            f"the override of {name_of(dependency)} is called in its place, and {override!r} cannot be called: "
            f"use self.override_dependency({short_name(dependency)}, value=...)"
        )
    override = without_arguments(override) if takes_anything(override) else override
    suspicion = suspect(app, dependency, override)
    take_away = put_layer(app, dependency, override)

    def undo() -> None:
        look_again(app)
        unused = None if suspicion is None else suspicion.lift()
        take_away()
        if unused is not None:
            where.warn(unused, UnusedOverrideWarning)

    return undo


def check_dependency(dependency: Any) -> None:
    """Raise :exc:`TypeError` if it is nothing that routes depend on, such as what wraps one."""
    marked = next((each for each in get_args(dependency) if isinstance(each, Depends)), None)
    if isinstance(dependency, Depends) or (get_origin(dependency) is Annotated and marked is not None):
        inner = (marked or dependency).dependency
        raise TypeError(f"override the dependency itself, {name_of(inner)}, not what wraps it: {dependency!r}")
    if not callable(dependency):
        raise TypeError(f"a dependency is a callable, got {dependency!r}")
