"""The names that the app of a server has in the world: which URLs are of them, and what may be said for one."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import httpx

__all__ = ["OwnOrigins", "origin_of", "parse_url", "read_base_url", "read_hosts"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(\*\.)?({_LABEL}\.)*{_LABEL}").fullmatch
_SCHEMES = ("http", "https")


class OwnOrigins:
    """
    The origins (RFC 6454) that one server answers for: its own on the loopback, and those of the app's names.

    A name is of http and of https, at the port of its scheme or the one that ``base_url`` says; where the server speaks
    TLS, of https only.

    Args:
        base_url: What paths are joined to: a URL of the server's own origin, or of the app's name.
        server_url: Where the server listens; None where that is what ``base_url`` says.
        hosts: Further names of the app; ``*.shop.example`` is any name before the first dot.
        library: Whose URLs these are.

    Attributes:
        base: The base URL.
        server: Where the connections lead to.

    Raises:
        TypeError: If one of them is no text.
        ValueError: If one cannot be what it is.
    """

    def __init__(
        self, base_url: str, server_url: str | None = None, hosts: Sequence[str] = (), library: Any = httpx
    ) -> None:
        self.base: httpx.URL = parse_url(base_url, library)
        self.server: httpx.URL = self.base if server_url is None else parse_url(server_url, library)
        self._own = origin_of(self.server)
        self._names: tuple[str, ...] = ()
        tls = self.server.scheme == "https"
        self._schemes = _SCHEMES[1:] if tls else _SCHEMES
        if server_url is None:
            if hosts:
                raise ValueError("hosts are names of a server elsewhere: say server_url too")
        else:
            is_name = not self.is_server(self.base)
            base_names = (host_of(read_base_url(base_url, tls=tls)),) if is_name else ()
            self._names = (*base_names, *read_hosts(hosts))

    def is_server(self, url: httpx.URL) -> bool:
        """Tell whether a URL is of the address on which the server listens."""
        return origin_of(url) == self._own

    def is_named(self, url: httpx.URL) -> bool:
        """Tell whether a URL is of a name of the app."""
        if not self._names or url.scheme not in self._schemes:
            return False
        is_port = url.port is None or (url.scheme, url.port) == (self.base.scheme, self.base.port)
        host = host_of(url)
        return is_port and (host in self._names or f"*.{host.partition('.')[2]}" in self._names)

    def forwarded_headers(self, url: httpx.URL, headers: httpx.Headers) -> dict[str, str]:
        """
        Return the headers that a proxy adds which ends the TLS of a URL.

        Args:
            url: The URL.
            headers: What the request has by itself; what it says of the same stays.
        """
        if (url.scheme, self.server.scheme) != ("https", "http"):
            return {}
        added = {"X-Forwarded-Proto": "https", "X-Forwarded-For": self.server.host}  # a client is where the server is
        return {name: value for name, value in added.items() if name not in headers}

    def describe_name(self, url: httpx.URL) -> str:
        """Say how a URL becomes one of the app's own."""
        host = host_of(url)
        if self._names:
            return f"if {host} is a name of the app, too, say hosts = [{host!r}] in the class"
        return f"if {host} is the name of the app, say base_url = '{url.scheme}://{host}' in the class"


@lru_cache(maxsize=64)
def parse_url(url: str, library: Any = httpx) -> httpx.URL:
    """
    Have a library parse a URL: half of what it takes to make a client, and clients of one server have the same.

    Raises:
        httpx.InvalidURL: If it is none.
    """
    parsed: httpx.URL = library.URL(url)
    return parsed


def origin_of(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return the origin (RFC 6454 §4); httpx leaves out a port that is the scheme's own."""
    return url.scheme, url.host, url.port


def host_of(url: httpx.URL) -> str:
    """Return the host of a URL as it is sent: in ASCII (RFC 5891), and in lower case."""
    return url.raw_host.decode("ascii").lower()


def read_base_url(base_url: Any, *, tls: bool) -> httpx.URL:
    """
    Return what is said to be the URL of the app.

    Args:
        base_url: The URL.
        tls: Whether the server speaks TLS.

    Raises:
        TypeError: If it is no text.
        ValueError: If it is no URL of HTTP with a name, has what no such URL has, or is of http where there is TLS.
    """
    if not isinstance(base_url, str):
        raise TypeError(f"base_url must be a str such as 'https://shop.example', got {base_url!r}")
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as exc:
        raise ValueError(f"base_url must be a URL such as 'https://shop.example', got {base_url!r}: {exc}") from None
    if url.scheme not in _SCHEMES or not url.host:
        raise ValueError(f"base_url must begin with http:// or https:// and a name, got {base_url!r}")
    if url.userinfo or url.query or url.fragment or "?" in base_url or "#" in base_url:
        raise ValueError(
            f"base_url must be a scheme, a name, and a port and a path if need be, got {base_url!r}: "
            f"say what a client sends besides by auth= or params="
        )
    if url.host.endswith("."):
        raise ValueError(f"base_url must have a name without a dot at its end, got {base_url!r}")
    if "*" in url.host:
        raise ValueError(f"base_url must be one name, got {base_url!r}: those with * go into hosts")
    if tls and url.scheme == "http":
        raise ValueError(f"base_url must begin with https:// where the server speaks TLS, got {base_url!r}")
    return url


def read_hosts(hosts: Any) -> tuple[str, ...]:
    """
    Return what are said to be names of the app, as they are sent.

    Raises:
        TypeError: If they are no sequence of texts.
        ValueError: If one is no name.
    """
    if isinstance(hosts, str) or not isinstance(hosts, Sequence) or not all(isinstance(each, str) for each in hosts):
        raise TypeError(f"hosts must be a sequence of names, such as ['www.shop.example'], got {hosts!r}")
    return tuple(map(_read_host, hosts))


def _read_host(host: str) -> str:
    wildcard = "*." if host.startswith("*.") else ""
    try:
        name = wildcard + host_of(httpx.URL(scheme="http", host=host.removeprefix("*.")))
    except httpx.InvalidURL:
        name = ""
    if not _HOST(name):
        raise ValueError(
            f"each of hosts must be a name alone, such as 'www.shop.example' or '*.shop.example', got {host!r}"
        )
    return name
