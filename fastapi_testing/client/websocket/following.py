"""Where handshakes lead: to a session, which is kept to be closed, or to another handshake."""

import ssl as ssl_module
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import httpx
from websockets.exceptions import InvalidStatus
from websockets.protocol import State

from fastapi_testing.client.library import library_of
from fastapi_testing.client.websocket.handshake import Handshakes, answer_of, unanswered
from fastapi_testing.client.websocket.messages import drop_frames
from fastapi_testing.client.websocket.session import WebSocketSession
from fastapi_testing.client.wrappers.settling import Settling

__all__ = ["AwaitedHandshakes"]


class AwaitedHandshakes(Handshakes):
    """
    The half of a client that has sessions; the other half opens and closes connections of websockets.

    Its arguments are those of :class:`~fastapi_testing.WebSocketClient`.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        timeout: float = 5.0,
        ssl: ssl_module.SSLContext | None = None,
        settling: Settling | None = None,
    ) -> None:
        self.timeout = timeout
        self._client: httpx.AsyncClient = client
        self._ssl = ssl
        self._settling = settling
        self._sessions: WeakSet[WebSocketSession] = WeakSet()

    if TYPE_CHECKING:

        async def _reach(self, request: httpx.Request, options: Any, seconds: float) -> WebSocketSession: ...

        async def _close_all(self, sessions: list[WebSocketSession]) -> None: ...

    async def aclose(self) -> None:
        """
        Close every session that is still open, all at once, with code 1001 (RFC 6455 §7.4.1), and wait for no app.

        Each has its ``close_timeout`` to do so; then its connection is cut.
        """
        if still_open := [session for session in self._sessions if session.state is not State.CLOSED]:
            await self._close_all(still_open)
        for session in self._sessions:
            drop_frames(session)

    async def _open(
        self, request: httpx.Request, options: Any, timeout: float, open_timeout: float, *, settle: bool | None
    ) -> WebSocketSession:
        try:
            session = await self._reach(request, options, open_timeout)
        except TimeoutError:
            raise unanswered(request, open_timeout) from None
        session.timeout = timeout
        if settle is not None:
            session.settle = settle
        self._sessions.add(session)
        return session

    async def _authenticate(
        self, request: httpx.Request, shake_hands: Callable[[httpx.Request], Awaitable[WebSocketSession]]
    ) -> WebSocketSession:
        """Shake hands as the client's ``auth`` has it, which may ask again for an answer, and others besides."""
        if self._client.auth is None:
            return await self._follow(request, shake_hands)
        flow = self._client.auth.async_auth_flow(request)
        try:
            asked = await flow.__anext__()
            while asked.url != request.url:  # such as for a token
                asked = await flow.asend(await self._client.send(asked, auth=None))
            while True:
                try:
                    return await self._follow(asked, shake_hands)
                except InvalidStatus as exc:
                    rejected = exc
                try:
                    asked = await flow.asend(answer_of(rejected.response, request))
                except StopAsyncIteration:
                    raise rejected from None
        finally:
            await flow.aclose()

    async def _follow(
        self, request: httpx.Request, shake_hands: Callable[[httpx.Request], Awaitable[WebSocketSession]]
    ) -> WebSocketSession:
        """Shake hands where the request leads, by the rules of the httpx client."""
        for _ in range(self._client.max_redirects + 1):
            try:
                session = await shake_hands(request)
            except InvalidStatus as exc:
                request = self._after(exc, request)
            else:
                self._accepted(session.response, request)
                return session
        raise library_of(request).TooManyRedirects("Exceeded maximum allowed redirects.", request=request)
