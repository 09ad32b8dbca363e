"""A client of httpx that is not slower than it has to be, for requests that are awaited."""

from datetime import timedelta
from typing import Any

import httpx

from fastapi_testing.client.http.remembering import Remembering, explaining, httpxs_own
from fastapi_testing.client.transport.body import WholeResponse
from fastapi_testing.client.wrappers.origin import ANSWER

__all__ = ["LeanClient"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

# What others put something of theirs in the place of, be it before this is imported.
_SEND = httpxs_own(httpx.AsyncClient.send)
_SEND_SINGLE_REQUEST = httpxs_own(httpx.AsyncClient._send_single_request)  # noqa: SLF001


@explaining
class LeanClient(Remembering, httpx.AsyncClient):
    """
    An :class:`httpx.AsyncClient` that remembers.

    A request that needs nothing of httpx but to be handed on, and whose response has come whole and leads nowhere else,
    is handed on; all others are httpx's.
    """

    async def send(
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
            or not isinstance(request.stream, httpx.AsyncByteStream)
            or not self._is_plain(request)
            or self._transport is not self._way
            or "handle_async_request" in vars(self._way)
            or httpx.AsyncClient.send is not _SEND
            or getattr(self._send_single_request, "__func__", None) is not _SEND_SINGLE_REQUEST
        ):
            self._has_sent = True
            return await super().send(request, stream=stream, auth=auth, follow_redirects=follow_redirects)
        start = self._now()
        try:
            response = await self._way.handle_async_request(request)
        except httpx.RequestError as exc:
            exc.request = request
            raise
        try:
            if isinstance(response, WholeResponse) and not response.has_redirect_location:
                self._receive(request, response, start)
                await response.aread()
                return response
            waited = self._now() - start
            request.extensions[ANSWER] = response
            ended = await super().send(request, follow_redirects=follow_redirects)
        except BaseException:
            await response.aclose()
            raise
        response.elapsed += timedelta(seconds=waited)
        return ended
