"""What is set for all servers and clients of the standalone front end."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

from fastapi_testing.errors import ConfigurationError
from fastapi_testing.server.serving.ports import FIRST_PORT, LAST_PORT, PortGenerator
from fastapi_testing.standalone.settings import read_environment, read_file

__all__ = ["Config", "ConfigSettings", "global_config"]


class ConfigSettings(TypedDict, total=False):
    """The keyword arguments of :class:`~fastapi_testing.Config`."""

    ws_max_message_size: int
    ws_max_queue_size: int
    http_max_keepalive: int
    http_max_connections: int
    ws_retry_attempts: int
    ws_retry_delay: float
    port_range_start: int
    port_range_end: int


@dataclass(frozen=True)
class _Kind:
    """What values a setting takes."""

    described: str
    types: tuple[type[int], type[float]] | type[int]
    least: float
    most: float = sys.float_info.max

    def takes(self, value: Any) -> bool:
        return isinstance(value, self.types) and not isinstance(value, bool) and self.least <= value <= self.most


_AT_LEAST_ONE = _Kind("an int of 1 or more", int, 1)
_PORT = _Kind("a port, which is an int from 1 to 65535", int, 1, 65535)

_KINDS = {
    "WS_MAX_MESSAGE_SIZE": _AT_LEAST_ONE,
    "WS_MAX_QUEUE_SIZE": _AT_LEAST_ONE,
    "HTTP_MAX_KEEPALIVE": _Kind("an int of 0 or more", int, 0),
    "HTTP_MAX_CONNECTIONS": _AT_LEAST_ONE,
    "WS_RETRY_ATTEMPTS": _AT_LEAST_ONE,
    "WS_RETRY_DELAY": _Kind("a number of seconds, 0 or more", (int, float), 0),
    "PORT_RANGE_START": _PORT,
    "PORT_RANGE_END": _PORT,
}


class Config:
    """
    The settings of servers and clients that are made with it, or after it was changed.

    A port range that is set makes servers listen on the first free port of it. Where none is, they listen on any port
    that is free, which is what every suite wants that has not to open a firewall.

    Args:
        **settings: The attributes below, in lower case.

    Raises:
        ConfigurationError: If there is no such setting, its value is of the wrong type or out of bounds, or the port
            range is reversed. Setting an attribute raises it too; the range is looked at when a server is made.
    """

    WS_MAX_MESSAGE_SIZE: int = 2**20
    """Bytes that a message of a WebSocket may have."""

    WS_MAX_QUEUE_SIZE: int = 32
    """Messages of a WebSocket that may wait to be received before the server's sends are held back."""

    HTTP_MAX_KEEPALIVE: int = 20
    """Idle connections that a client keeps."""

    HTTP_MAX_CONNECTIONS: int = 100
    """Connections that a client has at once; requests beyond it take turns."""

    WS_RETRY_ATTEMPTS: int = 3
    """How often a WebSocket tries to connect where connections are refused."""

    WS_RETRY_DELAY: float = 1.0
    """Seconds between two of these."""

    PORT_RANGE_START: int = FIRST_PORT
    """The first port that servers listen on, if a range is set."""

    PORT_RANGE_END: int = LAST_PORT
    """The last one."""

    def __init__(self, **settings: Unpack[ConfigSettings]) -> None:
        self._take("Config()", settings)

    @classmethod
    def from_env(cls, prefix: str = "FASTAPI_TESTING_") -> Self:
        """
        Make one of environment variables such as ``FASTAPI_TESTING_WS_RETRY_DELAY``.

        Args:
            prefix: How the names of the variables begin.

        Raises:
            ConfigurationError: If one is none of the settings, or has a value that its setting does not take.
            ValueError: If the prefix is empty, by which every variable would have to be a setting.
        """
        if not prefix:
            raise ValueError("prefix must not be empty: every environment variable would have to be a setting")
        config = cls()
        config._take("environment", read_environment(prefix), prefix)
        return config

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """
        Make one of a file.

        Args:
            path: A TOML file of its own, or one with a table ``[tool.fastapi_testing]`` such as pyproject.toml; a
                JSON file; or setup.cfg or another ``.cfg`` or ``.ini`` file with a section ``[fastapi_testing]``. The
                keys are the names of the settings, in upper or lower case.

        Raises:
            OSError: If the file cannot be read.
            ConfigurationError: If it is malformed, has no settings, or has a key or a value that is none.
        """
        config = cls()
        config._take(str(path), read_file(Path(path)))
        return config

    def update(self, other: "Config") -> None:
        """Take over what another one sets, such as ``global_config.update(Config.from_env())``."""
        self._take("Config", vars(other))

    def make_port_generator(self) -> PortGenerator | None:
        """
        Return what hands out the ports of the range; None where no range is set.

        Raises:
            ConfigurationError: If the range is reversed.
        """
        if not {"PORT_RANGE_START", "PORT_RANGE_END"} & vars(self).keys():
            return None
        _check_range("Config", self.PORT_RANGE_START, self.PORT_RANGE_END, {name: name for name in _KINDS})
        return PortGenerator(self.PORT_RANGE_START, self.PORT_RANGE_END)

    def __setattr__(self, name: str, value: object) -> None:
        vars(self)[name] = _check("Config", name, name, value)

    def __repr__(self) -> str:
        return f"Config({', '.join(f'{name.lower()}={value!r}' for name, value in sorted(vars(self).items()))})"

    def _take(self, source: str, settings: Mapping[str, Any], prefix: str = "") -> None:
        taken = {key.upper(): _check(source, f"{prefix}{key}", key.upper(), value) for key, value in settings.items()}
        keys = {key.upper(): f"{prefix}{key}" for key in settings}
        _check_range(
            source,
            taken.get("PORT_RANGE_START", self.PORT_RANGE_START),
            taken.get("PORT_RANGE_END", self.PORT_RANGE_END),
            keys,
        )
        vars(self).update(taken)


def _check(source: str, key: str, name: str, value: Any) -> Any:
    """Return the value if the setting takes it."""
    kind = _KINDS.get(name)
    if kind is None:
        raise ConfigurationError(source, f"one of {', '.join(_KINDS)}", key, value)
    if not kind.takes(value):
        raise ConfigurationError(source, kind.described, key, value)
    return value


def _check_range(source: str, start: int, end: int, keys: Mapping[str, str]) -> None:
    """Check that the range is not reversed; blame that end of it which is among the keys."""
    if start <= end:
        return
    if "PORT_RANGE_START" in keys:
        expected = f"a port that is not above the end of the range, {end}"
        raise ConfigurationError(source, expected, keys["PORT_RANGE_START"], start)
    expected = f"a port that is not below the start of the range, {start}"
    raise ConfigurationError(source, expected, keys["PORT_RANGE_END"], end)


global_config: Config = Config()
"""The settings of every server and client that is not given others; changes hold for those made after them."""
