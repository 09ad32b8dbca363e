# Generated from lean.py by `python -m tests.sync_files --write`: change that file, not this one.
"""A client that is not slower than it has to be, for tests that are no coroutines."""

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from fastapi_testing.client.http.remembering import Remembering, explaining, its_own, same_for
from fastapi_testing.client.transport.body import WholeBody
from fastapi_testing.client.wrappers.origin import ANSWER

__all__ = ["LeanSyncClient", "lean_sync_client"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


def lean_sync_client(library: Any) -> Any:
    """Return the class of clients of a library that are not slower than they have to be."""
    # What others put something of theirs in the place of, be it before this is imported.
    own_send = its_own(library, library.Client.send)
    own_send_single_request = its_own(library, library.Client._send_single_request)  # noqa: SLF001

    @explaining
    class LeanSyncClient(Remembering, library.Client):  # type: ignore[misc]  # one of a module that is known later
        """
        An :class:`httpx.Client` that remembers.

        A request that needs nothing of httpx but to be handed on, and whose response has come whole and leads nowhere
        else, is handed on; all others are httpx's.
        """

        _library = library
        _same = same_for(library)

        def send(
            self,
            request: httpx.Request,
            *,
            stream: bool = False,
            auth: Any = library.USE_CLIENT_DEFAULT,
            follow_redirects: Any = library.USE_CLIENT_DEFAULT,
        ) -> Any:
            if (
                stream
                or auth is not library.USE_CLIENT_DEFAULT
                or not isinstance(request.stream, library.SyncByteStream)
                or not self._is_plain(request)
                or self._transport is not self._way
                or "handle_request" in vars(self._way)
                or library.Client.send is not own_send
                or getattr(self._send_single_request, "__func__", None) is not own_send_single_request
            ):
                self._has_sent = True
                return super().send(request, stream=stream, auth=auth, follow_redirects=follow_redirects)
            start = self._now()
            try:
                response = self._way.handle_request(request)
            except library.RequestError as exc:
                exc.request = request
                raise
            try:
                if isinstance(response, WholeBody) and not response.has_redirect_location:
                    self._receive(request, response, start)
                    response.read()
                    return response
                waited = self._now() - start
                request.extensions[ANSWER] = response
                ended = super().send(request, follow_redirects=follow_redirects)
            except BaseException:
                response.close()
                raise
            with suppress(RuntimeError):  # of a mock's answer, which had its content from the start
                response.elapsed += timedelta(seconds=waited)
            return ended

    return LeanSyncClient


if TYPE_CHECKING:
    LeanSyncClient = httpx.Client
else:
    LeanSyncClient = lean_sync_client(httpx)
