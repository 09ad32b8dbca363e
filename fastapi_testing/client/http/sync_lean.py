# Generated from lean.py by `python -m tests.sync_files --write`: change that file, not this one.
"""A client of httpx that is not slower than it has to be, for tests that are no coroutines."""

from datetime import timedelta
from typing import Any

import httpx

from fastapi_testing.client.http.remembering import Remembering, explaining, httpxs_own
from fastapi_testing.client.transport.body import WholeResponse
from fastapi_testing.client.wrappers.origin import ANSWER

__all__ = ["LeanSyncClient"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

# What others put something of theirs in the place of, be it before this is imported.
_SEND = httpxs_own(httpx.Client.send)
_SEND_SINGLE_REQUEST = httpxs_own(httpx.Client._send_single_request)  # noqa: SLF001


@explaining
class LeanSyncClient(Remembering, httpx.Client):
    """
    An :class:`httpx.Client` that remembers.

    A request that needs nothing of httpx but to be handed on, and whose response has come whole and leads nowhere else,
    is handed on; all others are httpx's.
    """

    def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: Any = httpx.USE_CLIENT_DEFAULT,
        follow_redirects: Any = httpx.USE_CLIENT_DEFAULT,
    ) -> httpx.Response:
        if (
            stream
            or auth is not httpx.USE_CLIENT_DEFAULT
            or not isinstance(request.stream, httpx.SyncByteStream)
            or not self._is_plain(request)
            or self._transport is not self._way
            or "handle_request" in vars(self._way)
            or httpx.Client.send is not _SEND
            or getattr(self._send_single_request, "__func__", None) is not _SEND_SINGLE_REQUEST
        ):
            self._has_sent = True
            return super().send(request, stream=stream, auth=auth, follow_redirects=follow_redirects)
        start = self._now()
        try:
            response = self._way.handle_request(request)
        except httpx.RequestError as exc:
            exc.request = request
            raise
        try:
            if isinstance(response, WholeResponse) and not response.has_redirect_location:
                self._receive(request, response, start)
                response.read()
                return response
            waited = self._now() - start
            request.extensions[ANSWER] = response
            ended = super().send(request, follow_redirects=follow_redirects)
        except BaseException:
            response.close()
            raise
        response.elapsed += timedelta(seconds=waited)
        return ended
