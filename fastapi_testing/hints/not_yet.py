"""What stands on a class in the place of what only its tests have, or has it only while it runs."""

from typing import Any, NoReturn

__all__ = ["NotYet"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class NotYet:
    """
    Raises an error where it is used, and nothing where it is only looked at.

    Runners and mocks look at all attributes of a class, before it runs. nose2 needs a value for each: it loads no
    module that has a class without.

    Args:
        error: What its use raises; who asks for an attribute can take it for an AttributeError, too.
    """

    _error: Exception

    def __init__(self, error: Exception) -> None:
        vars(self)["_error"] = error

    def __repr__(self) -> str:
        return f"<{self._error}>"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # what Python itself looks for
            raise AttributeError(name)
        kind: Any = type(self._error)
        given = {"__module__": kind.__module__, "__reduce__": lambda error: (kind, error.args)}
        bases = (kind,) if issubclass(kind, AttributeError) else (kind, AttributeError)
        missing = type(kind.__name__, bases, given)
        missing.__qualname__ = kind.__qualname__
        raise missing(str(self._error))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise self._error

    def __getitem__(self, key: object) -> NoReturn:
        raise self._error

    def __await__(self) -> NoReturn:
        raise self._error

    def __call__(self, *_: object, **__: object) -> NoReturn:
        raise self._error

    def __bool__(self) -> NoReturn:
        raise self._error

    def __iter__(self) -> NoReturn:
        raise self._error

    def __enter__(self) -> NoReturn:
        raise self._error

    def __exit__(self, *_: object) -> None: ...

    async def __aenter__(self) -> NoReturn:
        raise self._error

    async def __aexit__(self, *_: object) -> None: ...
