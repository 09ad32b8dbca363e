"""What the clients of one server share, those that are awaited and those that wait."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypedDict, TypeVar, Unpack

import httpx

from fastapi_testing.client.events.reader import EventStreamOptions
from fastapi_testing.client.library import (
    Auth,
    Cookies,
    Headers,
    HTTPLibrary,
    Limits,
    QueryParams,
    Timeout,
    choose_library,
    copied_cookies,
)
from fastapi_testing.client.transport.loopback import LIMITS, LoopbackTransport
from fastapi_testing.client.websocket.handshake import HandshakeOptions
from fastapi_testing.client.wrappers.names import OwnOrigins
from fastapi_testing.client.wrappers.origin import OneOriginTransport
from fastapi_testing.client.wrappers.settling import Settling, SettlingTransport

if TYPE_CHECKING:
    from httpx._client import BaseClient

    from fastapi_testing.client.transport.home import HomeLoop
else:
    BaseClient = object

__all__ = ["ClientOptions", "OneServerClient"]

_Primitive = str | int | float | bool | None

_Stream_co = TypeVar("_Stream_co", covariant=True)


class ClientOptions(TypedDict, total=False):
    """
    The keyword arguments of :class:`httpx.AsyncClient` that make sense for a client of the test server, and two more.

    Attributes:
        http_library: ``"httpx2"`` for a client of httpx2, whose arguments, responses and exceptions are those of that
            library, too; ``"httpx"``, or what the class says, unless given.
        raise_server_exceptions: Whether an exception of the app is raised where the request was made, or the WebSocket
            is used or left, as Starlette's TestClient does; unless given, it is as ``settling`` or the class says.
    """

    auth: Auth | tuple[str, str] | Callable[[Any], Any] | None
    cookies: Cookies | dict[str, str] | list[tuple[str, str]] | None
    default_encoding: str | Callable[[bytes], str]
    event_hooks: Mapping[str, list[Callable[..., Any]]] | None
    follow_redirects: bool
    http_library: HTTPLibrary
    headers: Headers | Mapping[str, str] | Sequence[tuple[str, str]] | None
    limits: Limits
    max_redirects: int
    params: QueryParams | Mapping[str, _Primitive | Sequence[_Primitive]] | str | None
    raise_server_exceptions: bool
    timeout: float | Timeout | None
    verify: ssl.SSLContext


class OneServerClient(Generic[_Stream_co], BaseClient):  # noqa: PYI059 - BaseClient is object when it runs
    """
    What is the same for both: the way to the server, and how its events and WebSockets are asked for.

    Attributes:
        origin: A URL of the only server that it speaks to, whatever becomes of ``base_url``: by the name
            of the app where it was given one, else by its address.
    """

    _library: ClassVar[Any]  # httpx or httpx2
    _kind: ClassVar[str]  # what it is called in both

    if TYPE_CHECKING:

        def _make_stream(self, path: str | httpx.URL, **options: Any) -> _Stream_co: ...

    def _become(self, options: ClientOptions) -> None:
        """Become a client of the library that the options name, where it is another one."""
        name = options.pop("http_library", None)
        if name is None or (library := choose_library(name)) is self._library:
            return
        own: type = type(self)
        if "_twin" not in vars(own):
            home = "fastapi_testing" if library is httpx else "fastapi_testing.httpx2"
            raise TypeError(
                f"{own.__qualname__} is a client of {self._library.__name__}, and not of {name}: derive it from "
                f"{home}.{self._kind}"
            )
        self.__class__ = vars(own)["_twin"]()

    def _wire(
        self,
        base_url: str,
        transport: httpx.AsyncBaseTransport | None,
        settling: Settling | None,
        options: ClientOptions,
        *names: Any,
    ) -> OneOriginTransport:
        """Return what requests go through, over the connections that were given or those of the client itself."""
        verify = options.pop("verify", None)
        limits = options.pop("limits", LIMITS)
        self._ssl_context: ssl.SSLContext | None = getattr(transport, "ssl_context", None) if verify is None else verify
        chosen = transport or LoopbackTransport(ssl_context=verify, limits=limits)
        self._home: HomeLoop | None = getattr(chosen, "home", None)
        self._settling = settling or Settling()
        timeout: Any = options.get("timeout")
        if hasattr(timeout, "as_dict") and not isinstance(timeout, self._library.Timeout):
            options["timeout"] = self._library.Timeout(**timeout.as_dict())  # of the other library
        cookies: Any = options.get("cookies")
        if hasattr(cookies, "jar") and not isinstance(cookies, self._library.Cookies):
            options["cookies"] = copied_cookies(self._library, cookies)
        raises = options.pop("raise_server_exceptions", None)
        if raises is not None:
            self._settling = Settling(self._settling.settle, self._settling.timeout, raises)
        self._origins: OwnOrigins = OwnOrigins(base_url, *names)
        self.origin: httpx.URL = self._origins.base
        return OneOriginTransport(SettlingTransport(chosen, self._settling), self._origins, owned=transport is None)

    def _handshake_options(self) -> HandshakeOptions:
        """Return what WebSockets take after the client."""
        return HandshakeOptions(
            timeout=5.0 if self.timeout.read is None else self.timeout.read,
            ssl=self._ssl_context if self._origins.server.scheme == "https" else None,
            settling=self._settling,
        )

    def sse(
        self,
        path: str | httpx.URL,
        *,
        method: str = "GET",
        timeout: float | None = None,
        last_event_id: str = "",
        **options: Unpack[EventStreamOptions],
    ) -> _Stream_co:
        """
        Open a stream of Server-Sent Events (HTML Standard §9.2).

        ::

            async with self.client.sse("/prices") as events: ...  # in plain tests: with

        Args:
            path: The path, or a URL on the test server.
            method: The method of the request.
            timeout: Seconds that the response, and then each event, may take; the client's own unless given.
            last_event_id: The ``Last-Event-ID`` to begin with, as a browser sends it that connects again.
            **options: As for :meth:`httpx.AsyncClient.request`.

        Returns:
            What is entered for the open stream, which in plain tests is a :class:`~fastapi_testing.SyncEventStream`.
            Doing so raises what follows.

        Raises:
            httpx_sse.SSEError: If the answer is no stream of events.
            TimeoutError: If there is no answer in time.
        """
        return self._make_stream(path, method=method, timeout=timeout, last_event_id=last_event_id, **options)
