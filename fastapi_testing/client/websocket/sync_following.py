# Generated from following.py by `python -m tests.sync_files --write`: change that file, not this one.
"""Where handshakes lead in plain tests: to a session, which is kept to be closed, or to another handshake."""

import ssl as ssl_module
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import httpx
from websockets.exceptions import InvalidStatus
from websockets.protocol import State

from fastapi_testing.client.library import library_of
from fastapi_testing.client.websocket.handshake import Handshakes, answer_of, unanswered
from fastapi_testing.client.websocket.messages import drop_frames
from fastapi_testing.client.websocket.sync_session import SyncWebSocketSession
from fastapi_testing.client.wrappers.settling import Settling

__all__ = ["WaitingHandshakes"]


class WaitingHandshakes(Handshakes):
    """
    The half of a client that has sessions; the other half opens and closes connections of websockets.

    Its arguments are those of :class:`~fastapi_testing.WebSocketClient`.
    """

    def __init__(
        self,
        client: httpx.Client,
        *,
        timeout: float = 5.0,
        ssl: ssl_module.SSLContext | None = None,
        settling: Settling | None = None,
    ) -> None:
        self.timeout = timeout
        self._client: httpx.Client = client
        self._ssl = ssl
        self._settling = settling
        self._sessions: WeakSet[SyncWebSocketSession] = WeakSet()

    if TYPE_CHECKING:

        def _reach(self, request: httpx.Request, options: Any, seconds: float) -> SyncWebSocketSession: ...

        def _close_all(self, sessions: list[SyncWebSocketSession]) -> None: ...

    def close(self) -> None:
        """
        Close every session that is still open, all at once, with code 1001 (RFC 6455 §7.4.1), and wait for no app.

        Each has its ``close_timeout`` to do so; then its connection is cut.
        """
        if still_open := [session for session in self._sessions if session.state is not State.CLOSED]:
            self._close_all(still_open)
        for session in self._sessions:
            drop_frames(session)

    def _open(
        self, request: httpx.Request, options: Any, timeout: float, open_timeout: float, *, settle: bool | None
    ) -> SyncWebSocketSession:
        try:
            session = self._reach(request, options, open_timeout)
        except TimeoutError:
            raise unanswered(request, open_timeout) from None
        session.timeout = timeout
        if settle is not None:
            session.settle = settle
        self._sessions.add(session)
        return session

    def _authenticate(
        self, request: httpx.Request, shake_hands: Callable[[httpx.Request], SyncWebSocketSession]
    ) -> SyncWebSocketSession:
        """Shake hands as the client's ``auth`` has it, which may ask again for an answer, and others besides."""
        if self._client.auth is None:
            return self._follow(request, shake_hands)
        flow = self._client.auth.sync_auth_flow(request)
        try:
            asked = flow.__next__()
            while asked.url != request.url:  # such as for a token
                asked = flow.send(self._client.send(asked, auth=None))
            while True:
                try:
                    return self._follow(asked, shake_hands)
                except InvalidStatus as exc:
                    rejected = exc
                try:
                    asked = flow.send(answer_of(rejected.response, request))
                except StopIteration:
                    raise rejected from None
        finally:
            flow.close()

    def _follow(
        self, request: httpx.Request, shake_hands: Callable[[httpx.Request], SyncWebSocketSession]
    ) -> SyncWebSocketSession:
        """Shake hands where the request leads, by the rules of the httpx client."""
        for _ in range(self._client.max_redirects + 1):
            try:
                session = shake_hands(request)
            except InvalidStatus as exc:
                request = self._after(exc, request)
            else:
                self._accepted(session.response, request)
                return session
        raise library_of(request).TooManyRedirects("Exceeded maximum allowed redirects.", request=request)
