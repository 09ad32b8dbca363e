"""What to say of a class that names no app, and may have meant to."""

import inspect
from collections.abc import Iterator
from difflib import get_close_matches

__all__ = ["describe_unnamed"]

_CUTOFF = 0.8
"""How like one of the framework's names an attribute has to be, between 0 and 1, to be taken for it."""

_OTHERS = {"application": "app", "get_app": "create_app", "get_application": "create_app", "make_app": "create_app"}
"""What other frameworks, and other people, call the attributes by which a class names its app."""


def describe_unnamed(case: type, served: type) -> str:
    """
    Say that a class names no app, and which of its attributes may be meant as one of the framework's.

    Args:
        case: The class.
        served: The class of the framework whose module tells which classes are the framework's.
    """
    package = served.__module__.partition(".")[0]
    own = [owner for owner in case.__mro__ if owner.__module__.partition(".")[0] == package]
    ours = {name for owner in own for name in _attributes(owner)}
    written = [name for owner in case.__mro__ if owner not in own and issubclass(owner, served) for name in vars(owner)]
    meant = {name: attribute for name in written if (attribute := _meant_as(name, ours)) is not None}
    told = f"{case.__qualname__} names no app, so that an empty FastAPI is served"
    if not meant:
        return told
    return f"{told}: is {', '.join(f'its {name} meant as {attribute}' for name, attribute in meant.items())}?"


def _attributes(owner: type) -> Iterator[str]:
    """Yield the attributes of a class of the framework by which other classes say what they want."""
    for name, value in vars(owner).items():
        if not name.startswith("_") and (name == "create_app" or not (inspect.isroutine(value) or _computed(value))):
            yield name


def _computed(value: object) -> bool:
    return hasattr(type(value), "__get__")


def _meant_as(name: str, ours: set[str]) -> str | None:
    if name.startswith("_") or name in ours:
        return None
    plain = {each.replace("_", ""): each for each in sorted(ours)}
    (found, *_) = [*get_close_matches(name.casefold().replace("_", ""), plain, 1, _CUTOFF), None]
    return _OTHERS.get(name) or (plain[found] if found is not None else None)
