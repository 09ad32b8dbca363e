"""What may be served: an ASGI 3 application, or the import string of one."""

import functools
import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeGuard

from uvicorn.importer import ImportFromStringError, import_from_string

from fastapi_testing.errors import ServerStartupError

__all__ = ["ASGIApp", "AppFactory", "Message", "Receive", "Scope", "Send", "describe_app", "load_app"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
AppFactory = Callable[[], ASGIApp]


def load_app(app: ASGIApp | AppFactory | str, *, factory: bool = False) -> ASGIApp:
    """
    Return the application itself.

    Args:
        app: An ASGI 3 application, or an import string such as ``"shop.main:app"``. It may be a class whose objects are
            awaited, as Starlette's endpoints are.
        factory: Whether it is what returns one, when it is called without arguments.

    Raises:
        ServerStartupError: If an import string leads to nothing, or the factory calls :func:`sys.exit`.
        TypeError: If it is not callable as ASGI 3: ``app(scope, receive, send)``; or as a factory.
    """
    loaded: Any = _import_app(app) if isinstance(app, str) else app
    if factory:
        loaded = _make_app(loaded)
    _check_app(loaded)
    checked: ASGIApp = loaded
    return checked


def describe_app(app: object) -> str:
    """Return the name by which messages speak of an app."""
    if isinstance(app, str):
        return app
    if _is_partial(app):
        return describe_app(app.func)
    # Whatever has a __get__ is a routine, of which not each has a name.
    if inspect.isclass(app) or (inspect.isroutine(app) and hasattr(app, "__qualname__")):
        return f"{app.__module__}.{app.__qualname__}"
    title = getattr(app, "title", None)
    name = type(app).__name__
    return f"{name} {title!r}" if isinstance(title, str) else name


def _import_app(name: str) -> ASGIApp:
    try:
        app: ASGIApp = import_from_string(name)
    except (ImportFromStringError, ModuleNotFoundError) as exc:
        # A module that is missing further down is the app's own trouble, and raised as it is.
        if isinstance(exc, ModuleNotFoundError) and not name.startswith(f"{exc.name}."):
            raise
        raise ServerStartupError(f"cannot import the app {name!r}: {exc}") from exc
    except SystemExit as exc:  # it would end the run, without a word of what has failed before
        raise ServerStartupError(f"cannot import the app {name!r}: it calls sys.exit({exc.code!r})") from exc
    return app


def _make_app(factory: Any) -> ASGIApp:
    wanted = "with factory=True, app must be called without arguments to make the app"
    if not callable(factory):
        raise TypeError(f"{wanted}; got {factory!r}")
    if not _takes_nothing(signature := inspect.signature(factory)):
        is_object = not (inspect.isroutine(factory) or inspect.isclass(factory) or _is_partial(factory))
        if is_object or list(signature.parameters) == ["scope", "receive", "send"]:
            raise TypeError(f"{wanted}; got {describe_app(factory)}, which is an app: leave factory out")
        advice = "return what it makes from create_app()"
        raise TypeError(f"{wanted}; got {describe_app(factory)}{signature}: {advice}")
    try:
        app: ASGIApp = factory()
    except SystemExit as exc:
        raise ServerStartupError(f"{describe_app(factory)}() has called sys.exit({exc.code!r})") from exc
    if inspect.iscoroutine(app):
        app.close()
        raise TypeError(f"{wanted}; got {describe_app(factory)}, which is asynchronous: return it from create_app()")
    return app


def _check_app(app: object) -> None:
    wanted = "app must be an ASGI 3 application, called as app(scope, receive, send)"
    if inspect.isclass(app) and not hasattr(app, "__await__"):  # Starlette's endpoints are made, and awaited
        raise TypeError(f"{wanted}; got the class {app.__name__}: give an instance of it")
    if not callable(app):
        raise TypeError(f"{wanted}, or an import string such as 'shop.main:app'; got {app!r}")
    try:
        signature = inspect.signature(app)
    except ValueError:  # a callable written in C may have none to show
        return
    try:
        signature.bind({}, None, None)
    except TypeError:
        made = "call it first, return the app from create_app(), or say factory=True"
        advice = made if _takes_nothing(signature) else "wrap it"
        raise TypeError(f"{wanted}; got {describe_app(app)}{signature}: {advice}") from None


def _is_partial(value: object) -> TypeGuard["functools.partial[Any]"]:
    return isinstance(value, functools.partial)  # a routine to inspect from Python 3.14 on, and an object before


def _takes_nothing(signature: inspect.Signature) -> bool:
    try:
        signature.bind()
    except TypeError:
        return False
    return True
