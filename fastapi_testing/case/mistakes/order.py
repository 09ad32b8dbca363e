"""Hooks of a mixin that nobody calls, as it stands behind the test case among the bases of a class."""

from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import Any

from fastapi_testing.case.mistakes.bodies import UNITTESTS, body_of, function_of, is_ours, owners_of, unwrapped

__all__ = ["describe_skipped_hooks"]


def describe_skipped_hooks(case: type, hooks: Sequence[str]) -> Iterator[str]:
    """
    Yield what is wrong with hooks that no ``super()`` reaches, since one of the framework's before them calls none.

    Args:
        case: The class whose hooks are called.
        hooks: The names of those that there are.
    """
    mro = case.__mro__
    first = next((number for number, base in enumerate(mro) if is_ours(base)), 0)
    behind = {*mro[first:]}.intersection(owners_of(case))
    for owner in [each for each in mro if each in behind]:
        for name in [name for name in hooks if name in body_of(owner)]:
            before = mro[: mro.index(owner)]
            end = next((base for base in before if _is_frameworks(base) and _ends(base, name)), None)
            if end is not None and _is_reached(end, name, mro) and not _is_called(owner, name, before):
                yield f"{owner.__qualname__}.{name} {_describe(owner, end, mro)}"


def _is_frameworks(base: type) -> bool:
    return is_ours(base) or base in UNITTESTS


def _ends(base: type, name: str) -> bool:
    """Tell whether a class has a hook that calls none of those behind it."""
    return name in vars(base) and "super" not in _names_in(vars(base)[name])


def _is_reached(end: type, name: str, mro: Sequence[type]) -> bool:
    """Tell whether every hook before it calls the next one: whoever leaves ``super()`` out overrides on purpose."""
    return not any(_ends(base, name) for base in mro[: mro.index(end)])


def _is_called(owner: type, name: str, before: Sequence[type]) -> bool:
    """Tell whether a method of another class calls a hook by the name of its class."""
    methods = (value for base in before if not _is_frameworks(base) for value in [*vars(base).values()])
    return any({owner.__name__, name} <= {*_names_in(value)} for value in methods)


def _names_in(value: Any) -> tuple[str, ...]:
    function = unwrapped(function_of(value))  # this package has wrapped some itself
    return function.__code__.co_names if isinstance(function, FunctionType) else ()


def _describe(owner: type, end: type, mro: Sequence[type]) -> str:
    """Return what to write: the bases of the class that has them the wrong way round, in the right order."""
    case = [base for base in mro if issubclass(base, owner) and issubclass(base, end)][-1]
    bases = sorted(case.__bases__, key=lambda base: not issubclass(base, owner))
    first = next(base for base in case.__bases__ if issubclass(base, end))
    names = ", ".join(base.__name__ for base in bases)
    return (
        f"is never called, as {first.__name__} stands before it among the bases, and calls none behind it: write "
        f"`class {case.__name__}({names})`, and call super() in the hook"
    )
