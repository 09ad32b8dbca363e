"""Libraries that only some assertions need: imported when used; one that is missing is named with its extra."""

from importlib import import_module
from typing import Any

__all__ = ["import_extra"]


def import_extra(module: str, extra: str, assertion: str) -> Any:
    """
    Import a module of a library that an extra installs.

    Args:
        module: The module's name.
        extra: The extra of this package.
        assertion: The assertion that needs it.

    Raises:
        ModuleNotFoundError: If the library is not installed; it says how to install it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as exc:
        if exc.name != module.partition(".")[0]:
            raise
        raise ModuleNotFoundError(
            f"{assertion} needs the module {exc.name}: pip install 'fastapi-unittest[{extra}]'", name=exc.name
        ) from None
