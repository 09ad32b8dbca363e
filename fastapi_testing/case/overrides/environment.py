"""Environment variables that a test, or its class, replaces, and that are back at its end."""

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastapi_testing.case.overrides.holders import ClassOrTestMethod, add_cleanup
from fastapi_testing.case.overrides.unused import name_of

__all__ = ["EnvironmentOverrides"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class EnvironmentOverrides:
    """The half of a test case that replaces environment variables."""

    @ClassOrTestMethod
    def override_env(
        holder: Any,  # noqa: N805 - a test, or a class
        /,
        *,
        clear_caches: Iterable[Callable[..., Any]] = (),
        **variables: str | None,
    ) -> None:
        """
        Set environment variables until the end of the test, or of the class when called on the class.

        Args:
            clear_caches: Functions behind ``functools.lru_cache`` that read the environment, such as
                ``get_settings``; their caches are cleared now, and again when the variables are back.
            **variables: Names and values; None for a variable that is not to be set.

        Raises:
            TypeError: If a value is no string, or a function has no cache; nothing is changed then.
        """
        caches = tuple(clear_caches)
        _check_environment(variables, caches)
        before = {name: os.environ.get(name) for name in variables}
        add_cleanup(holder, functools.partial(_set_environment, before, caches))
        _set_environment(variables, caches)


def _check_environment(variables: Mapping[str, Any], caches: Iterable[Any]) -> None:
    for name, value in variables.items():
        if value is not None and not isinstance(value, str):
            raise TypeError(f"environment variables are strings: give {name}={str(value)!r}, not {name}={value!r}")
    for cached in caches:
        if not hasattr(cached, "cache_clear"):
            raise TypeError(f"clear_caches takes functions behind functools.lru_cache; {name_of(cached)} has no cache")


def _set_environment(variables: Mapping[str, str | None], caches: Iterable[Any]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    for cached in caches:
        cached.cache_clear()
