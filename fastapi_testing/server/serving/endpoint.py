"""What clients and tests see of a server, whichever thread it is on."""

from typing import TYPE_CHECKING, Any

from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.tls.endpoint import TLSEndpoint

if TYPE_CHECKING:
    from fastapi_testing.server.recording.recorder import Recorder

__all__ = ["Endpoint"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class Endpoint(TLSEndpoint):
    """Where a server is, what its app's lifespan made, and what it was asked."""

    if TYPE_CHECKING:

        @property
        def recorder(self) -> "Recorder": ...

        @property
        def _address(self) -> tuple[str, int]: ...

        @property
        def _lifespan_state(self) -> dict[str, Any]: ...

    @property
    def port(self) -> int:
        """
        The port that the server listens on.

        Raises:
            ServerNotRunningError: If the server is not running.
        """
        return self._address[1]

    @property
    def url(self) -> str:
        """
        The origin that the server answers for, such as ``http://127.0.0.1:43210``; no slash at its end.

        Raises:
            ServerNotRunningError: If the server is not running.
        """
        return self._origin("http", *self._address)

    @property
    def ws_url(self) -> str:
        """
        The same for WebSockets, such as ``ws://127.0.0.1:43210``.

        Raises:
            ServerNotRunningError: If the server is not running.
        """
        return self._origin("ws", *self._address)

    @property
    def state(self) -> dict[str, Any]:
        """
        The state that the app's lifespan made, which every request gets a copy of.

        Raises:
            ServerNotRunningError: If the server is not running.
        """
        return self._lifespan_state

    @property
    def exchanges(self) -> list[Exchange]:
        """
        What the app was asked since the current test began, HTTP requests and WebSockets, oldest first; the last 500.

        Where no test case with a server runs, it keeps them from its start on.
        """
        return list(self.recorder.exchanges)
