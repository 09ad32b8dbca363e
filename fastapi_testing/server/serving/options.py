"""
How an app is served: which of uvicorn's settings a server of tests takes, and why it does not take the others.

Each option has a rule here, and so has each setting of :class:`uvicorn.Config` that is none: a test compares the two
with what uvicorn takes.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple, TypedDict

__all__ = [
    "HTTPImplementation",
    "LifespanMode",
    "ServerOptions",
    "WebSocketImplementation",
    "check_options",
    "refuse_options",
    "uvicorn_settings",
]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

LifespanMode = Literal["auto", "on", "off"]
HTTPImplementation = Literal["auto", "httptools", "h11"]
WebSocketImplementation = Literal["auto", "none", "websockets", "websockets-sansio", "wsproto"]

_KEEP_ALIVE = 24 * 60 * 60
"""Seconds that an idle connection stays open: longer than a class runs, so that no request meets a closing one."""


class ServerOptions(TypedDict, total=False):
    """
    The keyword arguments of :class:`Server` that say how an app is served: most are uvicorn's, by uvicorn's names.

    What is not said here is as with uvicorn. ``server_options`` of a class takes them, and so does
    :class:`ServerThread`.

    Attributes:
        host: The IP address to listen on, such as ``127.0.0.1``, which is the default, or ``::1``. With ``0.0.0.0`` or
            ``::``, which others than this machine reach, the first start in a process warns of that.
        port: The port to listen on; 0, the default, for a free one.
        lifespan: Whether the app's lifespan is run: ``"on"``, ``"off"``, or ``"auto"`` for where the app supports it.
        factory: Whether the app is a function, or the import string of one, that is called without arguments and
            returns the app.
        root_path: The path under which a proxy shows the app to the world, such as ``/api`` (ASGI). The requests of
            tests are what the proxy hands on, without it.
        proxy_headers: Whether ``X-Forwarded-Proto`` and ``X-Forwarded-For`` say who the client is; True by default.
        forwarded_allow_ips: The addresses whose word is taken for that: a list, or a str with commas; ``"*"`` for all.
            By default it is what the environment variable ``FORWARDED_ALLOW_IPS`` says, or else the loopback, from
            which the requests of tests come.
        http: uvicorn's HTTP/1.1 implementation; ``"auto"`` is httptools.
        h11_max_incomplete_event_size: Bytes of a request's head that are kept until the rest of it comes; with
            ``http="h11"`` only.
        ws: uvicorn's implementation of WebSockets; ``"none"`` for none, ``"auto"`` is websockets.
        ws_max_size: Bytes that a message to the app may have; the WebSocket is closed with 1009 for one with more.
        ws_ping_interval: Seconds between the pings that the server sends; None for no pings.
        ws_ping_timeout: Seconds that the answer to one may take; None for any time.
        ws_per_message_deflate: Whether messages may be compressed (RFC 7692).
        headers: Headers that every response has, as pairs.
        server_header: Whether responses say ``Server: uvicorn``.
        date_header: Whether responses have a ``Date``.
        limit_concurrency: From how many connections or calls of the app on a request is answered 503, that of the
            request and those that are idle included; None for no limit.
        timeout_keep_alive: Seconds that an idle connection stays open. By default it is a day. With a few seconds, a
            request may meet a connection that is just being closed, as in production.
        backlog: Connections that may wait to be accepted.
    """

    host: str
    port: int
    lifespan: LifespanMode
    factory: bool
    root_path: str
    proxy_headers: bool
    forwarded_allow_ips: list[str] | str | None
    http: HTTPImplementation
    h11_max_incomplete_event_size: int | None
    ws: WebSocketImplementation
    ws_max_size: int
    ws_ping_interval: float | None
    ws_ping_timeout: float | None
    ws_per_message_deflate: bool
    headers: list[tuple[str, str]]
    server_header: bool
    date_header: bool
    limit_concurrency: int | None
    timeout_keep_alive: float
    backlog: int


class _Rule(NamedTuple):
    """What an option may be, and how an error says so."""

    takes: Callable[[Any], bool]
    described: str


def _one_of(*choices: str) -> _Rule:
    return _Rule(lambda value: value in choices, f"one of {', '.join(map(repr, choices))}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_seconds(value: Any) -> bool:
    return value is None or (_is_number(value) and value > 0)


def _is_root(value: Any) -> bool:
    if not isinstance(value, str) or not value.isascii():
        return False
    return not value or (value.startswith("/") and not value.endswith("/"))


def _is_pairs(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_header, value))


def _is_header(pair: Any) -> bool:
    if not isinstance(pair, list | tuple) or len(pair) != 2:  # noqa: PLR2004 - a name and a value
        return False
    return all(isinstance(text, str) and _is_field_text(text) for text in pair) and bool(pair[0])


def _is_field_text(text: str) -> bool:
    """Tell whether a text can stand in a header: Latin-1, as uvicorn sends it, on a line (RFC 9110 §5.5)."""
    return all(character <= "\xff" and character not in "\r\n\0" for character in text)


def _is_addresses(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    return value is None or isinstance(value, str)


_BOOL = _Rule(lambda value: isinstance(value, bool), "True or False")
_COUNT = _Rule(_is_count, "a whole number above 0")
_COUNT_OR_NONE = _Rule(lambda value: value is None or _is_count(value), "a whole number above 0, or None")
_SECONDS = _Rule(_is_seconds, "a number of seconds above 0, or None")

_RULES: Mapping[str, _Rule] = {
    "host": _Rule(lambda value: isinstance(value, str), "an IP address such as '127.0.0.1' or '::1'"),
    "port": _Rule(lambda _: True, "what a socket can be bound to, which says so itself"),
    "lifespan": _one_of("auto", "on", "off"),
    "factory": _BOOL,
    "root_path": _Rule(_is_root, "a path in ASCII that begins with a slash and does not end with one, such as '/api'"),
    "proxy_headers": _BOOL,
    "forwarded_allow_ips": _Rule(_is_addresses, "a list of addresses, a str of them with commas, or '*'"),
    "http": _one_of("auto", "httptools", "h11"),
    "h11_max_incomplete_event_size": _COUNT_OR_NONE,
    "ws": _one_of("auto", "none", "websockets", "websockets-sansio", "wsproto"),
    "ws_max_size": _COUNT,
    "ws_ping_interval": _SECONDS,
    "ws_ping_timeout": _SECONDS,
    "ws_per_message_deflate": _BOOL,
    "headers": _Rule(_is_pairs, "a list of pairs such as [('X-Served-By', 'tests')], each a line of Latin-1"),
    "server_header": _BOOL,
    "date_header": _BOOL,
    "limit_concurrency": _COUNT_OR_NONE,
    "timeout_keep_alive": _Rule(lambda value: _is_number(value) and value > 0, "a number of seconds above 0"),
    "backlog": _COUNT,
}

_PROCESSES = "the app is served in this process, where tests see inside it: start another Server, or uvicorn by itself"
_RELOAD = "the app stays as it is while its tests run: leave it out, and run them again"
_LOGGING = "logging is as your program has set it up: do so with the logging module, as in setUpModule()"
_TLS = "a server of tests makes its own certificates: use tls=, or the class attribute `tls`, with TLSOptions(...)"
_ADDRESS = "the clients of tests connect to a host and a port: leave it out, or give a bound socket to Server(sock=...)"
_STAYS = "the server runs until its class, or what has started it, is done: leave it out"
_TICKS = "it has no clock that it would be called by: leave it out"
_TIMES = "it is an argument of its own: Server({0}=...), or the class attribute `{0}`"

_REFUSED: Mapping[str, str] = {
    "app": "it is the first argument: Server(app), or the class attribute `app`",
    "startup_timeout": _TIMES.format("startup_timeout"),
    "shutdown_timeout": _TIMES.format("shutdown_timeout"),
    "tls": _TIMES.format("tls"),
    "sock": "a class has a socket of its own: say host and port, or enter a Server(app, sock=...) in a test",
    "uds": _ADDRESS,
    "fd": _ADDRESS,
    "loop": "the server is on the event loop that is there: set `loop_factory` in the class, or of a ServerThread",
    "http2": "the clients of tests speak HTTP/1.1: leave it out",
    "ws_max_queue": "uvicorn's own choice of WebSockets makes no use of it: leave it out",
    "env_file": "the environment is as your program has it: use self.override_env(...)",
    "log_config": _LOGGING,
    "log_level": _LOGGING,
    "access_log": _LOGGING,
    "use_colors": _LOGGING,
    "interface": "an app of tests is ASGI 3: wrap another one, such as in a2wsgi.WSGIMiddleware(app)",
    "reload": _RELOAD,
    "reload_dirs": _RELOAD,
    "reload_delay": _RELOAD,
    "reload_includes": _RELOAD,
    "reload_excludes": _RELOAD,
    "workers": _PROCESSES,
    "timeout_worker_healthcheck": _PROCESSES,
    "limit_max_requests": _STAYS,
    "limit_max_requests_jitter": _STAYS,
    "timeout_notify": _TICKS,
    "callback_notify": _TICKS,
    "timeout_graceful_shutdown": "use shutdown_timeout=, or the class attribute `shutdown_timeout`",
    "ssl_keyfile": _TLS,
    "ssl_certfile": _TLS,
    "ssl_keyfile_password": _TLS,
    "ssl_version": _TLS,
    "ssl_cert_reqs": _TLS,
    "ssl_ca_certs": _TLS,
    "ssl_ciphers": _TLS,
    "ssl_context_factory": _TLS,
    "reset_contextvars": "the tasks of the app are known by a context variable, which it would take away: leave it out",
}
"""What uvicorn or a class takes, and no server of tests: why that is, and what to do."""


def check_options(options: object) -> None:
    """
    Refuse what cannot be an option of a server, before anything is started.

    Raises:
        TypeError: If it is no mapping, or has a name that is none of an option.
        ValueError: If an option cannot be what it is.
    """
    if not isinstance(options, Mapping):
        raise TypeError(f"the options are a mapping, such as {{'root_path': '/api'}}, got {options!r}")
    for name, value in options.items():
        if name in _RULES:
            if not _RULES[name].takes(value):
                raise ValueError(f"{name} must be {_RULES[name].described}, got {value!r}")
        elif name in _REFUSED:
            raise TypeError(f"{name} is no option of a server in tests: {_REFUSED[name]}")
        else:
            raise TypeError(_describe_unknown(name))
    _check_together(options)


def refuse_options(options: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Refuse some of the options, for a server that has others of its own for them; names come with what to do."""
    for name in options.keys() & names.keys():
        raise TypeError(f"{name} is no option of this server: {names[name]}")


def uvicorn_settings(options: ServerOptions) -> dict[str, Any]:
    """Return the arguments of :class:`uvicorn.Config` for a server, but for its app, which a function returns."""
    http = options.get("http", "auto")
    return {
        "host": "127.0.0.1",
        "port": 0,
        "timeout_keep_alive": _KEEP_ALIVE,
        **options,
        # By its name: the import of this package takes 1% less without it.
        "http": http if http == "h11" else "fastapi_testing.server.serving.joining:JoiningProtocol",
        "factory": True,
        "interface": "asgi3",
        "log_config": None,
        "workers": 1,
    }


def _check_together(options: Mapping[str, Any]) -> None:
    if options.get("h11_max_incomplete_event_size") is not None and options.get("http") != "h11":
        raise ValueError("h11_max_incomplete_event_size is for the h11 implementation only: say http='h11' too")
    if options.get("ws") == "wsproto" and find_spec("wsproto") is None:
        raise ValueError("ws='wsproto' needs the package wsproto, which is not installed: pip install wsproto")


def _describe_unknown(name: object) -> str:
    """Say that there is no such option, and which is meant."""
    (near, *_) = [*get_close_matches(str(name), [*_RULES, *_REFUSED], 1), None]
    if near is None:
        return f"there is no option {name!r}; there are {', '.join(sorted(_RULES))}"
    return f"there is no option {name!r}: is {near} meant?"
