"""A client of the user's own making in the place of a test's: whether it can be that, and who closes it."""
# ruff: noqa: SLF001 - of the cases of this room

import inspect
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

import httpx

from fastapi_testing.client.websocket.handshake import HandshakeOptions
from fastapi_testing.client.wrappers.names import OwnOrigins, origin_of
from fastapi_testing.client.wrappers.settling import Settling
from fastapi_testing.server.tls.endpoint import TLSEndpoint

__all__ = ["GivenClient", "check_client", "http_of", "take_client", "websocket_options"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_ADVICE = (
    "leave the line out, as {0}.client is there already, or write {0}.client = {0}.new_client(headers=..., cookies=...)"
)

_LOCAL = ("localhost", "127.0.0.1")
"""A name for an address that a server on this machine has."""


class GivenClient:
    """
    A client that a test has given itself: it settles, and is closed at the end of the test, as those made here are.

    Args:
        client: The client.
        hooks: What each of its responses comes by first, until the test ends.
        make_ws: Makes what opens WebSockets as it does.
        is_held: Whether somebody else than the test has it too, who closes it.
    """

    def __init__(
        self, client: Any, hooks: Sequence[Callable[..., Any]], make_ws: Callable[[Any], Any], *, is_held: bool
    ) -> None:
        self.client = client
        self._http = http_of(client)
        self._hooks = hooks
        self._make_ws = make_ws
        self._is_held = is_held
        self._ws: Any = None
        self._http.event_hooks["response"][:0] = hooks

    @property
    def ws(self) -> Any:
        """Opens WebSocket connections with the client's headers and cookies."""
        if self._ws is None:
            self._ws = getattr(self._http, "ws", None) or self._make_ws(self._http)
        return self._ws

    async def aclose(self) -> None:
        """Close what the test has opened by it."""
        self._leave()
        if self._ws is not None:
            await self._ws.aclose()
        if not self._is_held:
            await self.client.aclose()

    def close(self) -> None:
        """Close what the test has opened by it."""
        self._leave()
        if self._ws is not None:
            self._ws.close()
        if not self._is_held:
            self.client.close()

    def _leave(self) -> None:
        others = [hook for hook in self._http.event_hooks["response"] if hook not in self._hooks]
        self._http.event_hooks["response"][:] = others


def take_client(case: Any, client: Any) -> None:
    """Take what a test gives itself for its client, or say why it cannot be that."""
    kind, server = type(case), case.server
    if any(client in (each, getattr(each, "client", None)) for each in case._framework_clients):
        check_origin(client, server.url, kind)
        return
    check_client(client, server.url, kind)
    settling = case._settling(raises=case.raise_server_exceptions)
    hooks = [case._settling_hook(settling, http_of(client))]
    if case.check_openapi:
        hooks.append(case._openapi_hook(server.app, waits=case._framework_waits))
    make_ws = partial(case._make_ws, settling)
    case._framework_given = GivenClient(client, hooks, make_ws, is_held=_is_held(client, kind))
    case._framework_clients.append(case._framework_given)


def http_of(client: Any) -> Any:
    """Return the client of HTTP, which an AsyncTestClient wraps."""
    return getattr(client, "http", client)


def check_client(client: Any, url: str, case: Any, who: str = "self") -> None:
    """
    Check that what is to be the client of a test, or of a class, can ask its server.

    Args:
        client: The client.
        url: Where the server is.
        case: The class.
        who: What its client is an attribute of: ``"self"`` or ``"cls"``.

    Raises:
        TypeError: If it is no client of HTTP, or one of the other kind.
        ValueError: If it asks somebody else, or cannot ask any more.
    """
    http: Any = http_of(client)
    is_waiting = isinstance(http, _types("Client"))
    if not is_waiting and not isinstance(http, _types("AsyncClient")):
        _refuse(client, case, who)
    name = f"{who}.client ({type(http).__module__}.{type(http).__qualname__})"
    server = f"the server of {case.__qualname__}"
    if hasattr(getattr(http, "_transport", None), "app"):  # of httpx's ASGITransport, and Starlette's TestClient
        raise ValueError(f"{name} calls an app itself, past {server}: {_ADVICE.format(who)}")
    if is_waiting and not case._framework_waits:
        raise TypeError(
            f"{name} would block the event loop on which {server} answers: make it an "
            f"{case.http_library}.AsyncClient(base_url={who}.server.url), or {_ADVICE.format(who)}"
        )
    if case._framework_waits and not is_waiting:
        raise TypeError(
            f"{name} would have to be awaited, which the tests of {case.__qualname__} do not: make it an "
            f"{case.http_library}.Client(base_url={who}.server.url), or {_ADVICE.format(who)}"
        )
    if http.is_closed:
        raise ValueError(f"{who}.client is closed, and cannot ask {server}: make it for each test")
    check_origin(client, url, case, who)


def check_origin(client: Any, url: str, case: type, who: str = "self") -> None:
    """
    Check that a client leads to a server, as far as it tells.

    Args:
        client: The client.
        url: Where the server is.
        case: The class.
        who: What its client is an attribute of.

    Raises:
        ValueError: If it leads to another, or nowhere.
    """
    http = http_of(client)
    base = str(getattr(http, "base_url", url))
    origins: OwnOrigins | None = getattr(http, "_origins", None)
    if origins is not None and origins.is_server(httpx.URL(url)) and origins.is_named(http.base_url):
        return
    if not _leads_to(base, httpx.URL(url)):
        where = f"leads to {base}, and not" if base else "has no base_url, and does not lead"
        server = f"the server of {case.__qualname__} at {url}"
        raise ValueError(f"{who}.client {where} to {server}: {_ADVICE.format(who)}")


def _is_held(client: Any, case: type) -> bool:
    """Tell whether a class, or its module, has a client, too: it is there for longer than a test."""
    module = sys.modules.get(case.__module__)
    return any(
        held is client for space in (*case.__mro__, module) for held in [*getattr(space, "__dict__", {}).values()]
    )


def websocket_options(http: Any, server: TLSEndpoint, settling: Settling) -> HandshakeOptions:
    """Return what the WebSockets of a client take after it, and after its server."""
    return HandshakeOptions(
        timeout=5.0 if http.timeout.read is None else http.timeout.read,
        ssl=server.client_ssl_context() if server.tls else None,
        settling=settling,
    )


def _refuse(client: Any, case: type, who: str) -> NoReturn:
    advice = "give what else is called so another name"
    if inspect.iscoroutine(client):
        client.close()  # it will never be awaited, and Python need not warn of that as well
        advice = "was an `await` forgotten?"
    wanted = f"a client of httpx that leads to the server of {case.__qualname__}"
    raise TypeError(f"{who}.client must be {wanted}, got {client!r}: {advice}")


def _types(*names: str) -> tuple[type, ...]:
    """Return classes of httpx by their names, and those of httpx2 where that is imported."""
    modules = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
    return tuple(getattr(module, name) for module in modules for name in names)


def _leads_to(base: str, server: httpx.URL) -> bool:
    url = httpx.URL(base)
    if (url.host, server.host) == _LOCAL:
        url = url.copy_with(host=server.host)
    return origin_of(url) == origin_of(server)
