"""Where settings come from: the environment, and files of several formats."""

import configparser
import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi_testing.errors import ConfigurationError

__all__ = ["read_environment", "read_file"]

_TABLE = "a table [tool.fastapi_testing]"

_NO_SETTINGS = frozenset({"TEST_TIMEOUT", "TIME_FACTOR", "TIMINGS"})
"""What else is said by environment variables whose names begin with FASTAPI_TESTING_."""


def read_environment(prefix: str) -> dict[str, Any]:
    """
    Return the settings in environment variables, by the names of the settings.

    Args:
        prefix: How the names of the variables begin.
    """
    names = [name for name in os.environ if name.startswith(prefix)]
    settings = {name.removeprefix(prefix): _parse_number(os.environ[name]) for name in names}
    return {key: value for key, value in settings.items() if key not in _NO_SETTINGS}


def read_file(path: Path) -> dict[str, Any]:
    """
    Return the settings in a file, by their keys in it.

    Raises:
        OSError: If the file cannot be read.
        ConfigurationError: If it is of no format that is known or not well-formed, or has no section of settings.
    """
    suffix = path.suffix.lower()
    parse = _PARSERS.get(suffix)
    if parse is None:
        raise ConfigurationError(str(path), f"a file that ends with {', '.join(_PARSERS)}")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ConfigurationError(str(path), f"a file in UTF-8: {exc}") from None
    is_pyproject = path.name.lower() == "pyproject.toml"
    try:
        settings, place = _parse_pyproject(text) if is_pyproject else parse(text)
    except (ValueError, configparser.Error) as exc:
        raise ConfigurationError(str(path), f"a well-formed {suffix} file: {exc}") from None
    if not isinstance(settings, dict):
        raise ConfigurationError(str(path), place)
    return settings


def _parse_toml(text: str) -> tuple[Any, str]:
    document = tomllib.loads(text)
    return (_find_table(document) if "tool" in document else document), _TABLE


def _parse_pyproject(text: str) -> tuple[Any, str]:
    return _find_table(tomllib.loads(text)), _TABLE


def _find_table(document: dict[str, Any]) -> Any:
    tools = document.get("tool")
    return tools.get("fastapi_testing") if isinstance(tools, dict) else None


def _parse_json(text: str) -> tuple[Any, str]:
    return json.loads(text), "an object that holds the settings"


def _parse_ini(text: str) -> tuple[Any, str]:
    parser = configparser.RawConfigParser(default_section="")  # no section can be named so: [DEFAULT] is one like any
    parser.read_string(text)
    found = parser.has_section("fastapi_testing")
    settings = {key: _parse_number(value) for key, value in parser.items("fastapi_testing")} if found else None
    return settings, "a section [fastapi_testing]"


def _parse_number(text: str) -> int | float | str:
    """Return the number that a text stands for, or the text itself, which no setting will take."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


_PARSERS: dict[str, Callable[[str], tuple[Any, str]]] = {
    ".toml": _parse_toml,
    ".json": _parse_json,
    ".cfg": _parse_ini,
    ".ini": _parse_ini,
}
"""By the end of a file's name: what returns the settings, and says what was expected where they are not there."""
